"""Images in every form, and tensors."""

import numpy as np
import pytest
from PIL import Image
from support import photo_folder, tiny_model, unpadded_model

import swiftalexnet as sa
from attribution.nets import images, near, small
from swiftalexnet.inference.inputs import network_input

saliency = sa.attribution.saliency


def test_images_in_every_form(tmp_path):
    model, folder = unpadded_model(), photo_folder(tmp_path / "photos", 2, 31)
    path = folder / "low" / "0.png"
    pixels = np.asarray(Image.open(path))
    expected = saliency(model, pixels)
    for given in (path, str(path), Image.open(path), [path], pixels[None], [pixels], pixels.astype(np.float32) / 255):
        options = {"value_range": (0, 1)} if getattr(given, "dtype", None) == np.float32 else {}
        found = saliency(model, given, **options)
        assert np.array_equal(found.values, expected.values) and np.array_equal(found.images, expected.images)


def test_what_is_shown_is_what_the_network_saw():
    model = unpadded_model()  # 24 to 20 pixels, with a mean and a scale
    found = saliency(model, images(2))
    assert found.images.dtype == np.uint8 and found.images.shape == (2, 20, 20, 3)
    x = (found.images.astype(np.float32) - model.preprocessing.mean) * model.preprocessing.scale
    again = saliency(model, np.ascontiguousarray(x.transpose(0, 3, 1, 2)), preprocessed=True)
    assert near(again.values, found.values) and again.images is None


def test_tensors_in_both_layouts():
    model, x = small()
    assert np.array_equal(
        saliency(model, np.ascontiguousarray(x.transpose(0, 2, 3, 1)), layout="NHWC", preprocessed=True).values,
        saliency(model, x, preprocessed=True).values,
    )


def test_tensors_are_the_models_own_input():
    model, squares = unpadded_model(), images(2, 24)
    x = network_input(model, squares)
    assert near(saliency(model, x, preprocessed=True).values, saliency(model, squares).values)


@pytest.mark.parametrize(
    ("given", "options", "kind", "message"),
    [
        (np.zeros((2, 3, 20, 20)), {"preprocessed": True}, TypeError, "images has dtype float64, expected float32"),
        (np.zeros((2, 4, 20, 20), np.float32), {"preprocessed": True}, ValueError, "expected 3 channels"),
        (np.zeros((3, 20, 20), np.float32), {"preprocessed": True}, ValueError, "expected 4 dimensions"),
        (np.zeros((2, 3, 8, 8), np.float32), {"preprocessed": True}, sa.UnsupportedError, "no other"),
        (np.zeros((2, 20, 20, 3), np.float32), {}, (TypeError, ValueError), "value_range"),
        (
            np.zeros((2, 20, 20, 3), np.uint8),
            {"preprocessed": 1},
            TypeError,
            "preprocessed is 1, expected True or False",
        ),
        (np.zeros((2, 20, 20, 3), np.uint8), {"batch_size": 0}, ValueError, "batch_size is 0"),
        (np.zeros((2, 20, 20, 3), np.uint8), {"batch_size": "all"}, ValueError, "expected an integer or 'auto'"),
        (np.zeros((2, 20, 20, 3), np.uint8), {"precision": "half"}, ValueError, "unknown precision"),
        (np.zeros((2, 20, 20, 3), np.uint8), {"size": 3}, TypeError, "size"),
        ([], {}, ValueError, "empty list"),
        (7, {}, TypeError, "expected images"),
        ("missing.jpg", {}, OSError, "missing.jpg"),
    ],
)
def test_what_is_no_image(given, options, kind, message):
    with pytest.raises(kind, match=message):
        saliency(tiny_model(), given, **options)


def test_unknown_options():
    for name, end in (
        ("batchsize", "did you mean 'batch_size'"),
        ("operation", "expected one of layout, value_range"),
    ):
        with pytest.raises(TypeError, match=f"^grad_cam: unknown option '{name}'.*{end}"):
            sa.attribution.grad_cam(tiny_model(), np.zeros((1, 20, 20, 3), np.uint8), **{name: 3})


def test_what_is_no_model():
    for method in ("saliency", "grad_cam", "activation_maximization"):
        with pytest.raises(TypeError, match="expected a Model"):
            getattr(sa.attribution, method)(sa.Model, images())


def test_a_weight_that_is_not_finite_is_named():
    model = tiny_model()
    model.parameters()["conv2.weight"][0, 0, 0, 0] = np.nan
    with pytest.raises(sa.NonFiniteError, match=r"values of image 0 are not finite: .*conv2"):
        saliency(model, images())
