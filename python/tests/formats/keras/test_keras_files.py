"""Files that Keras 2 and 3 wrote give Keras's own answers."""

from pathlib import Path

import numpy as np
import pytest
from support import needs

import swiftalexnet as sa
from swiftalexnet._support.arithmetic import choose_arithmetic

needs("h5py")

FILES = Path(__file__).parents[1] / "files"
ANSWERS = np.load(FILES / "keras_answers.npz")
VGG_MEAN = np.array([103.939, 116.779, 123.68], np.float32)


def images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Return the pixels that the script drew."""
    return np.random.default_rng(seed).integers(0, 256, (2, *shape)).astype(np.float32)


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Compare to 1e-5 of the largest value."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("name", ["keras2_vgg.h5", "keras3_vgg.weights.h5"])
def test_weights_of_vgg(name):
    model = sa.load(FILES / name)
    assert model.variant == "vgg-D" and model.num_classes == 5
    blue_first = (images((224, 224, 3), 0) - VGG_MEAN) / 100
    close(model.forward(blue_first[..., ::-1], layout="NHWC"), ANSWERS[name])
    assert model.preprocessing.mean.tolist() == pytest.approx(VGG_MEAN[::-1].tolist())
    assert (model.preprocessing.resize, model.preprocessing.warp) == (224, True)
    assert any("blue, green, red" in note for note in model.source.notes)


@pytest.mark.parametrize("name", ["keras2_vgg_notop.h5", "keras3_vgg_notop.weights.h5"])
def test_convolutions_of_vgg(name):
    model = sa.load(FILES / name)
    assert model.spec.splitlines()[-1].startswith("max_pool pool5")
    blue_first = (images((224, 224, 3), 0) - VGG_MEAN) / 100
    assert model.network.nodes()[-1][4] == (4, 7, 7)
    found = np.empty_like(ANSWERS[name])
    arithmetic = choose_arithmetic("test", "float32", "float", False)
    model.network.capture(np.ascontiguousarray(blue_first[..., ::-1]), 1, ["pool5"], arithmetic, [found])
    close(found, ANSWERS[name])


@pytest.mark.parametrize(
    "name", ["keras2_alexnet.h5", "keras2_alexnet.keras", "keras3_alexnet.h5", "keras3_alexnet.keras"]
)
def test_every_layer_with_rules_of_its_own(name):
    model = sa.load(FILES / name)
    preprocessing = model.preprocessing
    pixels = (images((37, 37, 3), 3) - preprocessing.mean) * preprocessing.scale
    assert preprocessing.mean == pytest.approx([127.5] * 3) and preprocessing.scale == pytest.approx([1 / 127.5] * 3)
    close(model.forward(pixels, layout="NHWC"), ANSWERS[name])
    assert any("RandomFlip" in note for note in model.source.notes)


@pytest.mark.parametrize(
    "name", ["keras2_transferred.h5", "keras2_transferred.keras", "keras3_transferred.h5", "keras3_transferred.keras"]
)
def test_a_model_in_a_model(name):
    model = sa.load(FILES / name)
    close(model.forward(images((20, 20, 3), 5)[..., ::-1], layout="NHWC"), ANSWERS[name])
