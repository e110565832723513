"""Figures of attribution and of images made for units."""

import numpy as np
import pytest
from readable_figures import assert_text_is_readable
from support import labelled_images, needs, tiny_model

import swiftalexnet as sa
from swiftalexnet.plots import plot_attribution


@pytest.mark.parametrize("method", ["grad_cam", "occlusion", "guided_backpropagation"])
@pytest.mark.parametrize("count", [1, 5])
def test_attribution(trained, method, count):
    needs("matplotlib")
    model = trained[0]
    result = getattr(sa.attribution, method)(model, labelled_images(count)[0])
    figure = result.plot(columns=3)
    assert_text_is_readable(figure)
    assert len(figure.axes) == 2 * count
    for number in range(count):
        image, over = figure.axes[2 * number : 2 * number + 2]
        assert np.array_equal(image.images[0].get_array(), result.images[number])
        drawn = over.images[-1].get_array()
        if method == "guided_backpropagation":
            values = result.values[number].transpose(1, 2, 0)
            assert np.allclose(drawn, 0.5 + values / (2 * np.abs(values).max()), atol=1e-6)
        else:
            assert np.array_equal(drawn, result.maps[number])


def test_attribution_of_tensors_and_of_grey_images():
    needs("matplotlib")
    model = tiny_model(channels=1)
    grey = sa.attribution.deconvnet(model, np.zeros((2, 20, 20), np.uint8))
    assert len(grey.plot().axes) == 4
    tensors = sa.attribution.saliency(model, np.zeros((2, 1, 20, 20), np.float32), preprocessed=True)
    assert len(tensors.plot().axes) == 2
    for wrong in ({"columns": 0}, {"opacity": 1.5}, {"opacity": -1}):
        with pytest.raises(ValueError, match=f"plot_attribution: {next(iter(wrong))}"):
            grey.plot(**wrong)
    with pytest.raises(ValueError, match="no images"):
        grey[:0].plot()
    with pytest.raises(TypeError, match="expected an Attribution"):
        plot_attribution(model)


def test_maximization(trained):
    needs("matplotlib")
    made = sa.attribution.activation_maximization(trained[0], list(range(4)), steps=1)
    figure = made.plot(columns=3)
    assert_text_is_readable(figure)
    assert len(figure.axes) == 4
    assert [text.get_text() for text in figure.texts] == list(made.names)
    assert np.array_equal(figure.axes[2].images[0].get_array(), made.images[2])
