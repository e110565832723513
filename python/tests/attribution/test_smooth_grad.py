"""SmoothGrad: the mean over noise that the seed decides."""

import numpy as np
import pytest

import swiftalexnet as sa
from attribution.nets import Reference, near, small
from swiftalexnet.attribution.smooth_grad import noise_of

smooth_grad = sa.attribution.smooth_grad


@pytest.mark.parametrize("absolute", [False, True])
def test_the_mean_over_the_seeds_noise(absolute):
    model, x = small()
    targets = Reference(model, x).values["fc4"].argmax(1)
    found = smooth_grad(model, x, samples=7, noise=0.2, seed=5, absolute=absolute, batch_size=3, preprocessed=True)
    for number, one in enumerate(x):
        spread = np.float32(0.2 * (one.max() - one.min()))
        noisy = one + spread * noise_of(5, number).standard_normal((7, *one.shape), np.float32)
        gradients = Reference(model, noisy).gradient(targets[[number] * 7])
        expected = (np.abs(gradients) if absolute else gradients).mean(axis=0)
        assert near(found.values[number], expected, 1e-5)


def test_the_deviation_can_be_given():
    model, x = small()
    plain = sa.attribution.saliency(model, x, 1, absolute=False, preprocessed=True)
    assert near(smooth_grad(model, x, 1, samples=2, deviation=0, preprocessed=True).values, plain.values)
    assert not near(smooth_grad(model, x, 1, samples=2, deviation=1, preprocessed=True).values, plain.values, 0.01)


def test_seeds():
    model, x = small()
    first, same, other = (
        smooth_grad(model, x, 1, samples=3, seed=seed, preprocessed=True).values for seed in (0, 0, 1)
    )
    assert np.array_equal(first, same) and not np.array_equal(first, other)
    assert np.array_equal(smooth_grad(model, x[:2], 1, samples=3, preprocessed=True).values, first[:2])


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"samples": 0}, ValueError),
        ({"samples": 1.5}, TypeError),
        ({"samples": 10**6}, ValueError),
        ({"noise": -1}, ValueError),
        ({"noise": "a"}, TypeError),
        ({"deviation": np.inf}, ValueError),
        ({"seed": -1}, ValueError),
    ],
)
def test_wrong_numbers(options, kind):
    model, x = small()
    with pytest.raises(kind, match=f"smooth_grad: {next(iter(options))}"):
        smooth_grad(model, x, preprocessed=True, **options)
