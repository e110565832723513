"""Keras 2 and 3 and this package: the same answers from each other's files. Runs in .venv-peers (make test-peers)."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from formats.keras.test_writing import SMALL

tf_keras = pytest.importorskip("tf_keras", reason="make test-peers installs tf_keras and runs this")
keras = pytest.importorskip("keras", reason="make test-peers installs keras and runs this")
from peers.make_keras_files import CLASSES, alexnet, images, logits, randomized, transferred, vgg  # noqa: E402

import swiftalexnet as sa  # noqa: E402
from swiftalexnet.formats.keras.writing import write  # noqa: E402

FRAMEWORKS = {"keras2": tf_keras, "keras3": keras}
ENDS = (".h5", ".keras", ".weights.h5")


def close(ours, theirs):
    """Compare to 1e-5 of the largest value."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("version", FRAMEWORKS)
@pytest.mark.parametrize("end", ENDS)
def test_vgg16_of_keras_applications(tmp_path, version, end):
    framework = FRAMEWORKS[version]
    model = framework.applications.VGG16(weights=None, classes=20)
    path = tmp_path / f"vgg16{end}"
    (model.save_weights if "weights" in end else model.save)(str(path))
    blue_first = np.random.default_rng(0).uniform(-100, 150, (2, 224, 224, 3)).astype(np.float32)
    ours = sa.load(path)
    assert ours.variant == "vgg-D"
    theirs = logits(model, blue_first)
    # Keras 2's .weights.h5 does not name the layers: nothing says that these are the weights of Caffe.
    is_named = (version, end) != ("keras2", ".weights.h5")
    assert ("blue, green, red" in ours.source.notes[0]) == is_named
    close(ours.forward(blue_first[..., ::-1] if is_named else blue_first, layout="NHWC"), theirs)


@pytest.mark.parametrize("version", FRAMEWORKS)
@pytest.mark.parametrize("end", [".h5", ".keras"])
@pytest.mark.parametrize("make", [alexnet, transferred])
def test_models_in_every_container(tmp_path, version, end, make):
    model = randomized(make(FRAMEWORKS[version]), 7)
    model.save(str(tmp_path / f"m{end}"))
    ours = sa.load(tmp_path / f"m{end}")
    pixels = images(tuple(model.input_shape[1:]), 8)
    prepared = (pixels - ours.preprocessing.mean) * ours.preprocessing.scale if make is alexnet else pixels[..., ::-1]
    close(ours.forward(prepared, layout="NHWC"), logits(model, pixels))


@pytest.mark.parametrize("version", FRAMEWORKS)
@pytest.mark.parametrize("end", [".h5", ".keras"])
def test_vgg16_within_a_functional_model(tmp_path, version, end):
    layers = FRAMEWORKS[version].layers
    base = FRAMEWORKS[version].applications.VGG16(weights=None, include_top=False, input_shape=(64, 64, 3))
    inputs = layers.Input((64, 64, 3))
    x = layers.GlobalAveragePooling2D()(base(inputs, training=False))
    x = layers.Dense(CLASSES, activation="softmax")(layers.Dropout(0.2)(x))
    model = FRAMEWORKS[version].Model(inputs, x)
    model.save(str(tmp_path / f"m{end}"))
    ours = sa.load(tmp_path / f"m{end}")
    x = images((64, 64, 3), 6) - 110
    close(ours.forward(x[..., ::-1], layout="NHWC"), logits(model, x))


@pytest.mark.parametrize(("version", "end"), [("keras2", ".h5"), ("keras3", ".h5"), ("keras3", ".keras")])
def test_functions_in_a_model_are_named(tmp_path, version, end):
    framework = FRAMEWORKS[version]
    inputs = framework.layers.Input((16, 16, 3))
    x = framework.applications.vgg16.preprocess_input(inputs)
    x = framework.layers.Dense(2)(framework.layers.Flatten()(x))
    framework.Model(inputs, x).save(str(tmp_path / f"m{end}"))
    with pytest.raises(sa.UnsupportedError, match="is no layer that the engine has|lies in another branch|inputs"):
        sa.load(tmp_path / f"m{end}")


@pytest.mark.parametrize("version", FRAMEWORKS)
def test_weights_of_vgg_in_older_files(tmp_path, version):
    model = randomized(vgg(FRAMEWORKS[version]), 9)
    path = tmp_path / ("vgg.weights.h5" if version == "keras3" else "vgg.h5")
    model.save_weights(str(path))
    x = images((224, 224, 3), 1) / 100
    close(sa.load(path).forward(x[..., ::-1], layout="NHWC"), logits(model, x))


@pytest.mark.parametrize("version", FRAMEWORKS)
@pytest.mark.parametrize(("strides", "kernel"), [(1, 2), (2, 2), (2, 3), (2, 5), (3, 2), (3, 4), (4, 3)])
@pytest.mark.parametrize("side", [11, 12, 13])
def test_padding_same(tmp_path, version, strides, kernel, side):
    layers = FRAMEWORKS[version].layers
    model = FRAMEWORKS[version].Sequential(
        [
            layers.Input((side, side, 2)),
            layers.Conv2D(3, kernel, strides=strides, padding="same"),
            layers.MaxPooling2D(kernel, strides=2, padding="same"),
            layers.AveragePooling2D(2, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dense(CLASSES),
        ]
    )
    model.save(str(tmp_path / "m.h5"))
    x = images((side, side, 2), side)
    close(sa.load(tmp_path / "m.h5").forward(x, layout="NHWC"), logits(model, x))


@pytest.mark.parametrize("version", FRAMEWORKS)
def test_our_files_in_keras(tmp_path, version):
    ours = sa.Model.from_spec(SMALL, "glorot", seed=3)
    write(ours, tmp_path / "m.h5")
    model = FRAMEWORKS[version].models.load_model(str(tmp_path / "m.h5"))
    x = images((13, 11, 3), 4) / 100
    close(ours.forward(x, layout="NHWC"), logits(model, x))


@pytest.mark.parametrize("version", FRAMEWORKS)
def test_our_vgg_in_keras_applications(tmp_path, version):
    ours = sa.vgg("D", num_classes=20)
    write(ours, tmp_path / "vgg.h5")
    model = FRAMEWORKS[version].applications.VGG16(weights=None, classes=20)
    model.load_weights(str(tmp_path / "vgg.h5"), by_name=True)
    x = np.random.default_rng(0).uniform(-100, 150, (2, 224, 224, 3)).astype(np.float32)
    close(ours.forward(x, layout="NHWC"), logits(model, x))
