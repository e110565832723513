"""Memory of the extension: reference counts, no leaks, refused allocations."""

import contextlib
import gc
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import small_network as small

from swiftalexnet import _native, ops

VALUE, GRADIENT = _native.VALUE, _native.GRADIENT


@pytest.fixture
def network():
    """The test's own network instead of the shared one."""
    return small.make()


# ---- Reference counts and memory ----


def calls(network):
    """Yield (call, its arrays): successes and failures, for every exit from the extension."""
    x, labels = small.batch()
    logits, dx = np.empty((4, 5), np.float32), np.empty_like(x)
    mean, names = np.ones(3, np.float32), ["conv1", "fc4"]
    outputs = [np.empty((4, 8, 7, 7), np.float32), np.empty((4, 5), np.float32)]
    images, crops = small.labelled_images(), np.empty((4, 15, 15, 3), np.float32)
    preprocessing = (15, 15, mean, mean, 0)
    scores = np.empty((4, 2, 2, 5), np.float32)
    w, b, y = np.ones((2, 3, 3, 3), np.float32), np.ones(2, np.float32), np.empty((4, 2, 13, 13), np.float32)
    pair, sides = (1, 1), (0, 0, 0, 0)
    yield lambda: network.forward(x, 0, True, True, 1, 2, small.FLOAT32, logits), [x, logits]
    yield lambda: network.backward(logits, 0, False, dx), [logits, dx]
    yield lambda: network.forward(x, 1, False, False, 1, 2, small.FLOAT32, logits), [x, logits]
    yield lambda: network.train_step(x, labels, 0, (1e-6, *small.OPTIONS[1:])), [x, labels]
    yield lambda: network.train_step(x, labels[:2], 0, small.OPTIONS), [x, labels]
    yield lambda: network.train_step(x, labels, 0, (float("nan"), *small.OPTIONS[1:])), [x, labels]
    yield lambda: network.train_step(x, labels, 0, (0.1, "0.9", *small.OPTIONS[2:])), [x, labels]
    rates = np.full(len(network.parameters()), 1e-6, np.float32)
    told, refused = ((*small.OPTIONS[:6], rates, each, *small.OPTIONS[8:]) for each in (rates, rates[1:]))
    yield lambda: network.train_step(x, labels, 0, told), [x, labels, told, rates]
    yield lambda: network.train_step(x, labels, 0, refused), [x, labels, refused, rates]
    yield lambda: network.train_step(x, labels, 0, (*told[:3], 9, *told[4:])), [x, labels, rates]
    yield lambda: network.capture(x, 0, names, small.FLOAT32, outputs), [x, names, outputs, *outputs]
    yield lambda: network.capture(x, 0, [*names, "no"], small.FLOAT32, [*outputs, logits]), [x, *outputs, logits]
    yield (
        lambda: network.predict_images(images, preprocessing, 10, small.FLOAT32, logits),
        [images, preprocessing, mean, logits],
    )
    yield (
        lambda: network.predict_images(images, (15, 15, mean[:2], mean, 0), 1, small.FLOAT32, logits),
        [images, mean, logits],
    )
    yield (
        lambda: network.predict_dense(images, preprocessing, True, small.FLOAT32, logits),
        [images, preprocessing, mean, logits],
    )
    yield (
        lambda: network.predict_dense(images, (15, 15, mean[:2], mean, 0), True, small.FLOAT32, logits),
        [images, mean, logits],
    )
    yield (
        lambda: network.score_map(images, preprocessing, small.FLOAT32, scores),
        [images, preprocessing, mean, scores],
    )
    yield (
        lambda: network.score_map(images[:, :9].copy(), preprocessing, small.FLOAT32, scores),
        [preprocessing, mean, scores],
    )
    yield lambda: network.score_map_size(30, 40), [network]
    yield lambda: _native.augment_images(images, preprocessing, small.AUGMENTATION, 1, 2, crops), [images, mean]
    noise = small.augmentation(1.0, mean, mean)
    yield lambda: _native.augment_images(images, preprocessing, noise, 1, 2, crops), [mean, crops]
    matrix, white = np.eye(675, dtype=np.float32), np.empty_like(crops)
    yield lambda: network.set_whitening(matrix), [matrix]
    yield lambda: network.whiten(crops, white), [crops, white]
    yield lambda: network.set_whitening(mean), [mean]
    yield lambda: network.set_whitening(None), []
    yield lambda: _native.conv2d(x, w, b, pair, sides, 1, True, 0, y), [x, w, b, y, pair, sides]
    yield lambda: _native.conv2d(x, w, b, pair, sides, 2, True, 0, y), [x, w, b, y, pair, sides]
    yield lambda: _native.conv2d(x, w, y, pair, sides, 1, True, 0, y), [x, w, b, y, pair, sides]
    yield lambda: _native.relu(x, out=x), [x]
    yield lambda: _native.relu(x, y=x), [x]
    yield lambda: _native.relu(x.T, x), [x]
    yield lambda: np.asarray(network.parameter(0, VALUE)), [network]
    yield lambda: network.parameter(0, 9), [network]
    yield lambda: (network.spec(), network.nodes(), network.parameters(), network.multipliers(0)), [network]
    yield lambda: network.memory(4, True, small.FLOAT32), [network, small.FLOAT32]
    yield lambda: network.memory(0, True, small.FLOAT32), [network, small.FLOAT32]
    yield lambda: _native.spec_memory(small.SPEC, 4, False, small.FLOAT32), [small.SPEC]
    yield lambda: _native.spec_memory("nonsense", 4, False, small.FLOAT32), []
    yield lambda: _native.Network("nonsense", "paper", 0), []
    yield lambda: _native.Network(small.SPEC, "nonsense", 0), []
    yield small.make, []


def attempt(call):
    with contextlib.suppress(TypeError, ValueError):
        call()


def test_reference_counts_stay_flat(network):
    for number, (call, held) in enumerate(calls(network)):
        attempt(call)
        before = [sys.getrefcount(thing) for thing in held]
        for _ in range(50):
            attempt(call)
        assert [sys.getrefcount(thing) for thing in held] == before, f"call {number}"
        for thing in held:
            if isinstance(thing, np.ndarray) and thing.base is None:
                shape = thing.shape
                thing.resize(shape, refcheck=False)  # refused as long as a buffer is held


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_stays_flat(network):
    every = [call for call, _ in calls(network)]
    for _ in range(100):
        for call in every:
            attempt(call)
    gc.collect()
    before = resident()
    for _ in range(500):
        for call in every:
            attempt(call)
    gc.collect()
    assert resident() - before < 1 << 20


def test_a_steady_step_allocates_nothing(network):
    x, labels = small.batch()
    for _ in range(2):
        network.train_step(x, labels, 0, small.OPTIONS)
    before = _native.allocation_count()
    for _ in range(5):
        network.train_step(x, labels, 0, small.OPTIONS)
    assert _native.allocation_count() == before


def test_a_steady_step_with_rates_of_every_parameter_allocates_nothing(network):
    x, labels = small.batch()
    rates = np.full(len(network.parameters()), 0.01, np.float32)
    before = None
    for step in range(7):
        network.train_step(x, labels, 0, (0.0, 0.9, 0.0, 0, 1, step, rates, rates, 0, None, 0.001, False, False))
        before = _native.allocation_count() if step == 1 else before
    assert _native.allocation_count() == before


# ---- Allocation failure ----

FAILING = {
    "create": lambda n: small.make(),
    "forward": lambda n: small.forward(n, small.batch(6)[0]),
    "forward keeping": lambda n: small.forward(n, small.batch(6)[0], keep=True),
    "train_step": lambda n: n.train_step(*small.batch(6), 0, small.OPTIONS),
    "gradient": lambda n: n.parameter(0, GRADIENT),
    "predict": lambda n: n.predict_images(
        small.labelled_images(6), small.PREPROCESSING, 10, small.FLOAT32, np.empty((6, small.CLASSES), np.float32)
    ),
    "predict_dense": lambda n: n.predict_dense(
        small.labelled_images(6, 31), small.PREPROCESSING, True, small.FLOAT32, np.empty((6, small.CLASSES), np.float32)
    ),
    "whitening": lambda n: (
        n.set_whitening(np.eye(675, dtype=np.float32)),
        n.train_step_images(
            small.labelled_images(6), small.batch(6)[1], small.PREPROCESSING, small.augmentation(), small.OPTIONS
        ),
    ),
    "conv2d_backward": lambda n: ops.conv2d_backward(
        np.ones((1, 2, 4, 4), np.float32), np.ones((1, 2, 6, 6), np.float32), np.ones((2, 2, 3, 3), np.float32)
    ),
    "dense": lambda n: ops.dense(np.ones((3, 4), np.float32), np.ones((5, 4), np.float32)),
    "max_pool2d_backward": lambda n: ops.max_pool2d_backward(
        np.ones((1, 2, 2, 2), np.float32), np.ones((1, 2, 4, 4), np.float32), 2
    ),
}


@pytest.mark.parametrize("call", FAILING.values(), ids=FAILING)
def test_every_allocation_may_fail(call):
    """Fail the k-th allocation for every k: MemoryError, nothing changed, and the same call then works."""
    reference = small.make()
    expected = small.state(reference)
    start = _native.allocation_count()
    call(reference)
    needed = _native.allocation_count() - start
    after = small.state(reference)
    for k in range(needed + 1):
        network = small.make()
        _native.fail_allocation_after(k)
        try:
            call(network)
            assert k == needed, f"allocation {k} of {needed} failed without an error"
        except MemoryError as error:
            assert ":" in str(error)
            assert small.same_bits(small.state(network), expected)
        finally:
            _native.fail_allocation_after(-1)
        if k < needed:
            call(network)
            assert small.same_bits(small.state(network), after)
