"""Inference by transforms that are not exact: close to the exact pass, and only when asked for."""

import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet import _native

SPEC = """network fast
data channels=3 height=18 width=18
convolution conv1 outputs=32 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu1
convolution conv2 outputs=40 kernel=3 stride=1 pad=1,1,1,1 groups=2
relu relu2
max_pool pool2 kernel=2 stride=2 pad=0,0,0,0 ceil=0
dense fc3 outputs=7
softmax prob
"""
BOUND = 2e-5  # relative to the largest value, see docs/evaluation.md


@pytest.fixture
def model():
    """Build a network whose second convolution can be computed by Winograd's method."""
    return sa.Model.from_spec(SPEC, "torchvision", seed=1)


@pytest.fixture
def x():
    """Draw a batch of tensors."""
    return np.random.default_rng(0).standard_normal((2, 3, 18, 18), np.float32)


def is_close(fast, exact):
    """Say whether the largest error is within the stated bound."""
    return np.abs(fast - exact).max() <= BOUND * np.abs(exact).max()


def test_forward_is_close_and_not_the_same(model, x):
    exact = model.forward(x, keep=False)
    fast = model.forward(x, keep=False, fast_math=True)
    assert is_close(fast, exact)
    if _native.runtime_info()["gemm"] == "swift":
        assert not np.array_equal(fast, exact)
    assert np.array_equal(model.forward(x, keep=False), exact)


def test_it_follows_the_weights(model, x):
    model.forward(x, keep=False, fast_math=True)
    model.parameters()["conv2.weight"][...] *= 2
    assert is_close(model.forward(x, keep=False, fast_math=True), model.forward(x, keep=False))
    model.load_state_dict({name: value / 2 for name, value in model.state_dict().items()})
    assert is_close(model.forward(x, keep=False, fast_math=True), model.forward(x, keep=False))


def test_features_before_the_convolution_are_the_same(model):
    images = np.random.default_rng(0).integers(0, 256, (3, 18, 18, 3), dtype=np.uint8)
    layers = ["relu1", "conv2", "fc3"]
    exact, fast = (model.features(images, layers=layers, fast_math=choice) for choice in (False, True))
    assert np.array_equal(fast["relu1"], exact["relu1"])
    assert is_close(fast["conv2"], exact["conv2"])
    assert is_close(fast["fc3"], exact["fc3"])


def test_bits_do_not_depend_on_the_threads(model, x):
    before = sa.get_num_threads()
    results = []
    for threads in (1, 2, 3):
        sa.set_num_threads(threads)
        results.append(model.forward(x, keep=False, fast_math=True))
    sa.set_num_threads(before)
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
