"""Names of precisions and other arithmetic."""

import numpy as np
import pytest
from support import dataset, labelled_images, tiny_model

import swiftalexnet as sa
from swiftalexnet._support.arithmetic import DIFFERENTIABLE, PRECISIONS, choose_arithmetic, choose_precision


def test_names_select_arithmetic():
    assert choose_precision("test", "float32") == 0
    assert choose_arithmetic("test", "float32", "int8", True) == (0, 1, 1)


def test_auto_is_bfloat16_where_that_is_faster():
    """Intel's instructions for bfloat16 are slower than those for float32, unless they are AMX's."""
    info = sa.info()
    slow = info["instruction_set"] == "avx512_bf16" and "Intel" in info["cpu"]
    expected = "bfloat16" if "bfloat16" in info["precisions"] and not slow else "float32"
    assert info["auto_precision"] == expected
    assert choose_precision("test", "auto") == PRECISIONS.index(expected)


def test_int8_is_for_inference_and_nothing_else_beside_it():
    assert choose_arithmetic("test", "int8") == (2, 0, 0)
    for words, came in (({"fast_math": True}, "fast_math=True"), ({"weights": "int8"}, "weights='int8'")):
        with pytest.raises(ValueError, match=f"test: {came} with precision 'int8'"):
            choose_arithmetic("test", "int8", **words)
    with pytest.raises(ValueError, match="test: precision is 'int8', .* expected float32, bfloat16 or auto"):
        choose_precision("test", "int8", DIFFERENTIABLE)
    with pytest.raises(ValueError, match="test: unknown precision None"):
        choose_precision("test", None)


def test_everything_that_gives_gradients_refuses_int8():
    model, images = tiny_model(), labelled_images(2)[0]
    x = np.zeros((1, 3, 20, 20), np.float32)
    calls = {
        "fit": lambda: model.fit(dataset(), progress=False, precision="int8"),
        "train_step": lambda: model.train_step(x, [0], precision="int8"),
        "linearize": lambda: model.linearize(x, ["conv1"], precision="int8"),
        "memory": lambda: model.memory(1, training=True, precision="int8"),
        "profile": lambda: model.profile(1, training=True, precision="int8"),
        "saliency": lambda: sa.attribution.saliency(model, images, precision="int8"),
        "activation_maximization": lambda: sa.attribution.activation_maximization(model, 0, precision="int8"),
    }
    for operation, call in calls.items():
        with pytest.raises(ValueError, match=f"{operation}: precision is 'int8', which is for inference"):
            call()


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ({"precision": "bf16"}, ValueError, "unknown precision 'bf16'.*did you mean 'bfloat16'"),
        ({"precision": 16}, ValueError, "unknown precision 16"),
        ({"weights": "int4"}, ValueError, "unknown weights 'int4'.*did you mean 'int8'"),
        ({"fast_math": "yes"}, TypeError, "fast_math is 'yes', expected True or False"),
    ],
)
def test_unknown_names_are_refused_by_everything_that_computes(words, kind, message):
    model, images = tiny_model(), labelled_images(2)[0]
    calls = {
        "forward": lambda: model.forward(np.zeros((1, 3, 20, 20), np.float32), keep=False, **words),
        "predict": lambda: model.predict(images, **words),
        "features": lambda: model.features(images, ["conv1"], **words),
        "evaluate": lambda: model.evaluate(dataset(4), **words),
        "score_map": lambda: model.score_map(images[0], **words),
        "search_weights": lambda: sa.Ensemble([model]).search_weights(dataset(4), **words),
    }
    for operation, call in calls.items():
        with pytest.raises(kind, match=f"{operation}: {message}"):
            call()
