"""Passes by transforms that are not exact: close to the exact ones, and only when asked for."""

import numpy as np
import pytest
from support import quick_recipe
from thread_ranks import on_ranks

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
GRADIENT_BOUND = 5e-5


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


def gradients(model, x, **options):
    model.forward(x, **options)
    dx = model.backward(np.random.default_rng(1).standard_normal((2, 7), np.float32))
    return {**{name: value.copy() for name, value in model.gradients().items()}, "x": dx}


def test_gradients_are_close_and_not_the_same(model, x):
    exact, fast = gradients(model, x), gradients(model, x, fast_math=True)
    for name, expected in exact.items():
        assert np.abs(fast[name] - expected).max() <= GRADIENT_BOUND * np.abs(expected).max(), name
    if _native.runtime_info()["gemm"] == "swift":
        assert not np.array_equal(fast["conv2.weight"], exact["conv2.weight"])
        assert not np.array_equal(fast["x"], exact["x"])


def test_a_training_step(x):
    labels, losses, weights = [1, 2], [], []
    for options in ({}, {"fast_math": True}):
        model = sa.Model.from_spec(SPEC, "torchvision", seed=1)
        losses.append(model.train_step(x, labels, **options))
        weights.append(model.state_dict())
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    for name, exact in weights[0].items():
        assert np.abs(weights[1][name] - exact).max() <= GRADIENT_BOUND * np.abs(exact).max(), name
    if _native.runtime_info()["gemm"] == "swift":
        assert not np.array_equal(weights[0]["conv2.weight"], weights[1]["conv2.weight"])


def images(count=24):
    random = np.random.default_rng(3)
    return sa.ArrayDataset(random.integers(0, 256, (count, 20, 20, 3), np.uint8), random.integers(0, 7, count), None)


def fitted(**options):
    model = sa.Model.from_spec(SPEC, "torchvision", seed=1)
    settings = {"epochs": 2, "batch_size": 8, "recipe": quick_recipe(shift=1), "progress": False} | options
    history = model.fit(images(), images(9), **settings)
    return history.column("train_loss"), model.state_dict()


def test_fit_with_fast_math_is_close_and_as_exactly_repeatable():
    before, results = sa.get_num_threads(), []
    for threads in (1, 2):
        sa.set_num_threads(threads)
        results.append(fitted(fast_math=True))
    sa.set_num_threads(before)
    (losses, weights), (others, same) = results
    assert losses == others
    assert all(np.array_equal(weights[name], same[name]) for name in weights)
    exact, _ = fitted()
    assert losses == pytest.approx(exact, rel=1e-3)
    if _native.runtime_info()["gemm"] == "swift":
        assert losses != exact


def test_the_same_bits_on_any_number_of_ranks():
    if _native.runtime_info()["gemm"] != "swift":
        pytest.skip("shards need the engine's own kernels")
    losses, weights = fitted(fast_math=True, shards=4)
    assert losses == pytest.approx(fitted(fast_math=True)[0], rel=1e-4)
    for ranks in (2, 4):
        for others, same in on_ranks(ranks, lambda each: fitted(fast_math=True, shards=4, communicator=each)):
            assert others == losses
            assert all(np.array_equal(weights[name], same[name]) for name in weights)


def test_a_checkpoint_is_of_one_kind(tmp_path):
    fitted(checkpoint=tmp_path, epochs=1)
    with pytest.raises(ValueError, match="fast_math"):
        fitted(checkpoint=tmp_path, epochs=1, resume=True, fast_math=True)


def test_memory_knows_what_it_takes(model):
    exact, fast = (model.memory(8, training=True, fast_math=choice) for choice in (False, True))
    assert exact.activations == fast.activations
    if _native.runtime_info()["gemm"] == "swift":
        assert exact.scratch != fast.scratch


def test_what_is_no_truth_value_is_refused(model, x):
    with pytest.raises(TypeError, match="train_step: fast_math is 'yes', expected True or False"):
        model.train_step(x, [1, 2], fast_math="yes")
    with pytest.raises(TypeError, match="fit: fast_math is 1, expected True or False"):
        fitted(fast_math=1)
