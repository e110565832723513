"""The channel axis: when the shape determines it, when a layout is required, and that no entry point guesses."""

import numpy as np
import pytest
from support import dataset, labelled_images, tiny_model

import swiftalexnet as sa
from swiftalexnet.images.layouts import channel_axis, channels_last
from swiftalexnet.inference.neighbors import nearest_images


@pytest.mark.parametrize(
    ("shape", "channels", "none", "nhwc", "nchw"),
    [
        ((20, 30), 3, None, None, None),
        ((20, 30, 3), 3, -1, -1, None),
        ((20, 30, 1), 3, -1, -1, None),
        ((20, 30, 40), 3, None, None, None),
        ((3, 20, 30), 3, "refused", "refused", -3),
        ((3, 20, 30), 1, "refused", "refused", -3),
        ((1, 20, 30), 3, None, None, -3),  # one grey image, either way
        ((5, 20, 30), 5, "refused", "refused", -3),
        ((5, 20, 30), 3, None, None, None),
        ((3, 20, 3), 3, "refused", -1, -3),
        ((3, 3, 3), 1, "refused", -1, -3),
        ((1, 1, 3), 3, "refused", -1, -3),
        ((9, 20, 30, 3), 3, -1, -1, "refused"),
        ((9, 20, 30, 1), 3, -1, -1, "refused"),
        ((9, 3, 20, 30), 3, "refused", "refused", -3),
        ((9, 1, 20, 30), 1, "refused", "refused", -3),
        ((9, 3, 20, 3), 3, "refused", -1, -3),
        ((9, 3, 3, 3), 3, "refused", -1, -3),
        ((9, 1, 1, 1), 1, "refused", -1, -3),
        ((9, 1, 1, 4), 4, -1, -1, "refused"),
        ((9, 3, 20, 4), 4, -1, -1, "refused"),
        ((9, 4, 20, 4), 4, "refused", -1, -3),
        ((9, 20, 30, 5), 3, "refused", "refused", "refused"),
    ],
)
def test_the_rule(shape, channels, none, nhwc, nchw):
    for layout, expected in ((None, none), ("NHWC", nhwc), ("NCHW", nchw)):
        if expected == "refused":
            with pytest.raises(ValueError, match=r"^work: images have"):
                channel_axis(shape, layout, channels, "work")
        else:
            assert channel_axis(shape, layout, channels, "work") == expected


IMAGES, LABELS = labelled_images(3, side=23)
PLANES = np.ascontiguousarray(IMAGES[0].transpose(2, 0, 1))  # one image as torchvision reads it


@pytest.fixture(scope="module")
def model():
    model = tiny_model()
    model.classes = ("a", "b", "c", "d")
    return model


DOORS = {
    "predict": lambda model, x, **options: model.predict(x, **options)[0].probabilities,
    "probabilities": lambda model, x, **options: model.probabilities(x, **options),
    "dense": lambda model, x, **options: model.probabilities(x, dense=True, **options),
    "features": lambda model, x, **options: model.features(x, ["fc6"], **options)["fc6"],
    "score_map": lambda model, x, **options: model.score_map(x, **options),
    "ensemble": lambda model, x, **options: sa.Ensemble([model, model]).probabilities(x, **options),
    "list": lambda model, x, **options: model.probabilities([x], **options),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["uint8", "float"])
def test_one_image_with_its_channels_first_is_not_three(model, door, kind):
    call, options = DOORS[door], {} if kind == "uint8" else {"value_range": (0, 1)}
    planes, image = (x if kind == "uint8" else x / 255 for x in (PLANES, IMAGES[0]))
    with pytest.raises(ValueError, match=r"layout='NCHW' if this is one image.*\[3, height, width, 1\]"):
        call(model, planes, **options)
    np.testing.assert_array_equal(call(model, planes, layout="NCHW", **options), call(model, image, **options))


def test_three_grey_images_need_a_fourth_axis(model):
    grey = model.probabilities(PLANES[..., None])
    assert len(grey) == 3
    assert np.array_equal(grey[1:2], model.probabilities(PLANES[1]))
    assert np.array_equal(model.probabilities(PLANES[1:2]), grey[1:2]), "one grey image is the same either way"


def test_plots_and_profiles_and_queries_do_not_guess(model):
    from swiftalexnet.plots import plot_predictions

    for call in (
        lambda: plot_predictions(model, PLANES),
        lambda: model.profile(PLANES, repeats=1),
        lambda: nearest_images(model, dataset(9), PLANES, 1),
        lambda: nearest_images(model, sa.ArrayDataset(np.zeros((4, 3, 3, 3), np.uint8), [0] * 4), IMAGES, 1),
    ):
        with pytest.raises(ValueError, match="layout='NCHW'"):
            call()


BATCH = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2))


def test_array_datasets_with_their_channels_first(model):
    with pytest.raises(ValueError, match="ArrayDataset: images have shape .*layout='NCHW'"):
        sa.ArrayDataset(BATCH, LABELS)
    data = sa.ArrayDataset(BATCH, LABELS, layout="NCHW")
    assert np.array_equal(data.images, IMAGES) and data.images.flags.c_contiguous
    assert model.evaluate(data) == model.evaluate(sa.ArrayDataset(IMAGES, LABELS))
    assert sa.ArrayDataset(BATCH, LABELS, layout="NHWC").images.shape == (3, 3, 23, 23)
    with pytest.raises(ValueError, match="layout 'HWC'"):
        sa.ArrayDataset(IMAGES, LABELS, layout="HWC")


def test_a_small_batch_that_the_network_may_read_both_ways_is_refused(model):
    images = np.zeros((4, 3, 30, 3), np.uint8)
    data = sa.ArrayDataset(images, [0, 1, 2, 3])
    for call in (lambda: model.evaluate(data), lambda: model.fit(data, progress=False)):
        with pytest.raises(ValueError, match=r"images have shape \(4, 3, 30, 3\): give layout='NCHW'"):
            call()
    assert model.evaluate(sa.ArrayDataset(images, [0, 1, 2, 3], layout="NHWC")).count == 4


def test_grey_batches_and_many_channels_are_clear():
    assert channels_last(np.zeros((3, 9, 9)), None, "work").shape == (3, 9, 9)
    assert channels_last(np.zeros((4, 1, 1, 4)), None, "work").shape == (4, 1, 1, 4)
    assert channels_last(np.zeros((4, 9, 9, 7)), None, "work").shape == (4, 9, 9, 7)
    assert channels_last(np.zeros((4, 7, 9, 8)), "NCHW", "work").shape == (4, 9, 8, 7)
