"""Names of precisions and other arithmetic."""

import numpy as np
import pytest
from support import dataset, labelled_images, tiny_model

import swiftalexnet as sa
from swiftalexnet._support.arithmetic import choose_arithmetic, choose_precision


def test_names_select_arithmetic():
    assert choose_precision("test", "float32") == 0
    assert choose_arithmetic("test", "float32", "int8", True) == (0, 1, 1)
    assert choose_precision("test", "auto") == (1 if "bfloat16" in sa.info()["precisions"] else 0)


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ({"precision": "bf16"}, ValueError, "unknown precision 'bf16'.*did you mean 'bfloat16'"),
        ({"precision": None}, ValueError, "unknown precision None"),
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
