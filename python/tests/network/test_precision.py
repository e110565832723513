"""bfloat16 against float32: predictions, gradients, training, checkpoints, and processors without it."""

import os
import signal
import subprocess
import sys
import time

import fresh_process
import numpy as np
import pytest
from support import dataset, fingerprint, labelled_images, quick_recipe, shared_data, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native

needs_bfloat16 = pytest.mark.skipif(
    "bfloat16" not in _native.runtime_info()["precisions"].split(), reason="the instruction set has no bfloat16"
)


def tensors(count: int = 9) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, 3, 20, 20), np.float32)


def close(actual: np.ndarray, expected: np.ndarray, tolerance: float = 2e-2) -> bool:
    """Compare by the largest of what is expected."""
    return bool(np.abs(actual - expected).max() <= tolerance * np.abs(expected).max())


def test_training_accepts_no_int8_weights():
    with pytest.raises(ValueError, match="forward: int8 weights are for inference, not for passes that give gradients"):
        tiny_model().forward(tensors(), keep=True, weights="int8")


# ---- Without the instructions ----


@pytest.mark.parametrize("isa", ["portable", "avx2"])
def test_instruction_sets_without_bfloat16(isa):
    if isa not in _native.runtime_info()["available"].split():
        pytest.skip(f"this processor has no {isa}")
    code = """
import numpy as np, swiftalexnet as sa
from support import dataset, labelled_images, quick_recipe, tiny_model
model, x = tiny_model(), np.ones((2, 3, 20, 20), np.float32)
isa, refused = sa.info()["instruction_set"], 0
for call in (
    lambda: model.forward(x, precision="bfloat16"),
    lambda: model.train_step(x, [0, 1], precision="bfloat16"),
    lambda: model.predict(labelled_images(2)[0], precision="bfloat16"),
    lambda: model.fit(dataset(4), recipe=quick_recipe(), precision="bfloat16", progress=False),
    lambda: model.network.forward(x, 0, False, False, 0, 0, (1, 0, 0), np.empty((2, 4), np.float32)),
):
    try: call()
    except sa.UnsupportedError as error: refused += "bfloat16" in str(error) and isa in str(error)
same = np.array_equal(model.forward(x, precision="auto"), model.forward(x))
print(sa.info()["precisions"], refused, same)
"""
    assert fresh_process.run(code, SWIFTALEXNET_ISA=isa) == "float32 int8 5 True"


# ---- Tensors ----


@needs_bfloat16
def test_logits_and_gradients_are_close_to_float32():
    model, x = tiny_model(), tensors()
    slope = np.random.default_rng(1).standard_normal((len(x), 4), np.float32)
    passes = {}
    for precision in ("float32", "bfloat16"):
        logits = model.forward(x, precision=precision)
        dx = model.backward(slope)
        passes[precision] = [logits, dx, *(gradient.copy() for gradient in model.gradients().values())]
        assert np.array_equal(model.forward(x, keep=False, precision=precision), logits)
    exact, rounded = passes["float32"], passes["bfloat16"]
    assert close(rounded[0], exact[0]) and not np.array_equal(rounded[0], exact[0])
    # A rounded activation may cross zero, or another one become the largest of its window.
    for gradient, expected in zip(rounded[1:], exact[1:], strict=True):
        cosine = np.vdot(gradient, expected) / np.linalg.norm(gradient) / np.linalg.norm(expected)
        assert cosine > 0.98


@needs_bfloat16
def test_every_prediction_method_accepts_a_precision():
    model, images, data = tiny_model(), labelled_images(12)[0], dataset(12)
    ways = {
        "crops": lambda **words: model.probabilities(images, 10, **words),
        "dense": lambda **words: model.probabilities(images, dense=True, **words),
        "features": lambda **words: model.features(images, ["pool1"], **words)["pool1"],
        "score map": lambda **words: model.score_map(images[0], **words),
        "ensemble": lambda **words: sa.Ensemble([model, tiny_model(seed=1)]).probabilities(images, **words),
        "evaluation": lambda **words: np.array([model.evaluate(data, **words).loss]),
    }
    for name, way in ways.items():
        exact, rounded = way(), way(precision="bfloat16")
        assert close(rounded, exact) and not np.array_equal(rounded, exact), name


# ---- Training ----


@needs_bfloat16
def test_learns_as_in_float32():
    losses = {}
    for precision in ("float32", "bfloat16"):
        model = tiny_model()
        recipe = quick_recipe(learning_rate=0.005)
        history = model.fit(dataset(200), epochs=12, recipe=recipe, precision=precision, progress=False)
        losses[precision] = history.column("train_loss")
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"][0] == pytest.approx(losses["float32"][0], rel=0.05)
    assert losses["bfloat16"][0] > 2 * losses["bfloat16"][-1]


@needs_bfloat16
def test_resume_gives_the_bits_of_an_uninterrupted_run(tmp_path):
    words = {"recipe": quick_recipe(), "precision": "bfloat16", "progress": False}
    whole, parted = tiny_model(), tiny_model()
    expected = whole.fit(dataset(), dataset(20, 1), 3, **words)

    class Enough(Exception):
        pass

    def stop(row):
        if row["epoch"] == 1:
            raise Enough

    with pytest.raises(Enough):
        parted.fit(dataset(), dataset(20, 1), 3, checkpoint=tmp_path, on_epoch_end=stop, **words)
    again = tiny_model(seed=5)
    history = again.fit(dataset(), dataset(20, 1), 3, checkpoint=tmp_path, resume=True, **words)
    assert fingerprint(again) == fingerprint(whole)
    assert history.column("train_loss") == expected.column("train_loss")
    assert history.column("validation_loss") == expected.column("validation_loss")


@needs_bfloat16
def test_a_run_is_resumed_only_in_its_own_precision(tmp_path):
    words = {"recipe": quick_recipe(), "epochs": 1, "checkpoint": tmp_path, "progress": False}
    tiny_model().fit(dataset(), **words)
    before = fingerprint(model := tiny_model())
    with pytest.raises(ValueError, match="a run with precision float32, this run has bfloat16"):
        model.fit(dataset(), resume=True, precision="bfloat16", **words)
    assert fingerprint(model) == before
    model.fit(dataset(), resume=True, **words)


@needs_bfloat16
def test_a_run_in_bfloat16_is_not_resumed_on_other_processors(tmp_path):
    words = {"recipe": quick_recipe(), "epochs": 1, "checkpoint": tmp_path, "progress": False}
    tiny_model().fit(dataset(), precision="bfloat16", **words)
    code = """
import sys
import swiftalexnet as sa
from support import dataset, quick_recipe, tiny_model
words = {"recipe": quick_recipe(), "epochs": 2, "checkpoint": sys.argv[1], "progress": False}
try: tiny_model().fit(dataset(), precision="auto", resume=True, **words)
except sa.UnsupportedError as error: print(error)
"""
    assert "'bfloat16'" in fresh_process.run(code, str(tmp_path), SWIFTALEXNET_ISA="avx2")


@needs_bfloat16
def test_input_that_is_not_finite_updates_nothing():
    model, x = tiny_model(), tensors(4)
    model.train_step(x, [0, 1, 2, 3], precision="bfloat16")
    before = fingerprint(model)
    for poison in (np.nan, np.inf):
        poisoned = x.copy()
        poisoned[1, 0, 3, 3] = poison
        with pytest.raises(sa.NonFiniteError):
            model.train_step(poisoned, [0, 1, 2, 3], precision="bfloat16")
        assert fingerprint(model) == before


@needs_bfloat16
def test_ctrl_c_ends_a_step():
    code = """
import numpy as np, swiftalexnet as sa
model = sa.alexnet("paper", 10, image_size=131, seed=0)
x, labels = np.ones((64, 3, 131, 131), np.float32), np.zeros(64, np.int32)
print("ready", flush=True)
try:
    for step in range(10**6): model.train_step(x, labels, learning_rate=0.0, step=step, precision="bfloat16")
except KeyboardInterrupt:
    model.train_step(x[:2], labels[:2], learning_rate=0.0, precision="bfloat16")
    print("interrupted", flush=True)
"""
    path = os.pathsep.join([str(fresh_process.LIBRARY.parents[1]), str(fresh_process.TESTS)])
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"


# ---- Photographs ----


@needs_bfloat16
def test_photographs_keep_their_class():
    photographs = sa.ImageFolder(shared_data("clothing") / "validation", cache=True)
    model = sa.alexnet("owt", len(photographs.classes), image_size=63, seed=0)
    recipe = sa.recipe("torchvision", batch_size=64, schedule=sa.ConstantSchedule())
    model.fit(photographs, epochs=8, recipe=recipe, precision="bfloat16", progress=False)
    files = list(photographs.paths)
    exact, rounded = (model.probabilities(files, precision=each) for each in ("float32", "bfloat16"))
    assert len(files) > 300 and (exact.argmax(axis=1) == rounded.argmax(axis=1)).mean() >= 0.99
