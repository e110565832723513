"""Methods of one backward pass, against gradients in float64."""

import numpy as np
import pytest
from support import tiny_model

import swiftalexnet as sa
from attribution.nets import Reference, images, near, small

METHODS = {
    "saliency": lambda gradient, x: np.abs(gradient),
    "input_x_gradient": lambda gradient, x: gradient * x,
    "guided_backpropagation": lambda gradient, x: gradient,
    "deconvnet": lambda gradient, x: gradient,
}
RULES = {"guided_backpropagation": "guided", "deconvnet": "deconvnet"}


@pytest.mark.parametrize("name", METHODS)
def test_values(name):
    model, x = small()
    reference = Reference(model, x)
    for target in (None, 2, [3, 0, 1, 1, 2]):
        found = getattr(sa.attribution, name)(model, x, target, preprocessed=True)
        targets = reference.values["fc4"].argmax(1) if target is None else np.broadcast_to(target, 5)
        assert np.array_equal(found.targets, targets)
        assert near(found.scores, reference.values["fc4"][np.arange(5), targets])
        gradient = reference.gradient(targets, rule=RULES.get(name, "standard"))
        assert near(found.values, METHODS[name](gradient, x))
        assert found.size == (12, 14) and found.images is None and found.layer is None and found.method == name


@pytest.mark.parametrize("name", METHODS)
def test_a_unit_of_a_layer_is_the_strongest_position_of_its_channel(name):
    model, x = small()
    found = getattr(sa.attribution, name)(model, x, 4, "conv2", preprocessed=True)
    activations = model.activations(x, ["conv2"])["conv2"]
    maps = activations[:, 4].reshape(5, -1)
    assert np.array_equal(found.scores, maps.max(axis=1)) and found.names == ("conv2 4",) * 5
    start = np.zeros_like(activations)
    start[:, 4].reshape(5, -1)[np.arange(5), maps.argmax(axis=1)] = 1
    gradient = model.vjp(x, {"conv2": start}, wrt=["data"], relu=RULES.get(name, "standard"))["data"]
    assert near(found.values, METHODS[name](gradient, x))
    strongest = getattr(sa.attribution, name)(model, x, layer="conv2", preprocessed=True)
    assert np.array_equal(strongest.targets, activations.reshape(5, 6, -1).max(2).argmax(1))


def test_signs_are_kept_on_request():
    model, x = small()
    signed = sa.attribution.saliency(model, x, absolute=False, preprocessed=True).values
    assert signed.min() < 0 and np.array_equal(
        np.abs(signed), sa.attribution.saliency(model, x, preprocessed=True).values
    )


@pytest.mark.parametrize("name", [*METHODS, "grad_cam", "grad_cam_pp", "guided_grad_cam", "occlusion"])
def test_results_do_not_depend_on_the_batch(name):
    model = tiny_model()
    whole, single = (getattr(sa.attribution, name)(model, images(5), batch_size=size) for size in (32, 1))
    assert near(single.values, whole.values) and np.array_equal(single.targets, whole.targets)


def test_bfloat16_is_near():
    if "bfloat16" not in sa.info()["precisions"]:
        pytest.skip("this processor has no bfloat16")
    model, x = small()
    rough, fine = (
        sa.attribution.saliency(model, x, 1, preprocessed=True, precision=precision).values
        for precision in ("bfloat16", "float32")
    )
    assert 0 < np.linalg.norm(rough - fine) < 0.2 * np.linalg.norm(fine)
