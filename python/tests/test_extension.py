"""The extension as a guest in its host: symbols, surface, views, reference counts, refused memory."""

import ast
import contextlib
import copy
import gc
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_network as small
from fresh_process import LIBRARY, run

from swiftalexnet import NonFiniteError, _native, ops

VALUE, GRADIENT, VELOCITY = _native.VALUE, _native.GRADIENT, _native.VELOCITY


@pytest.fixture
def network():
    """A network of the test's own, in place of the shared one."""
    return small.make()


# ---- The file ----


@pytest.mark.skipif(not shutil.which("nm"), reason="binutils are not installed")
def test_one_symbol_is_exported():
    listing = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True)
    assert [line.split()[-1] for line in listing.stdout.splitlines()] == ["PyInit__native"]


@pytest.mark.skipif(not shutil.which("readelf"), reason="binutils are not installed")
def test_no_swift_library_is_needed():
    listing = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    needed = [line.split("[")[1].rstrip("]") for line in listing.splitlines() if "(NEEDED)" in line]
    assert needed and not [name for name in needed if "swift" in name.lower() or "Foundation" in name]


IMPORT_AND_COMPUTE = "import numpy as np, swiftalexnet as sa; print(sa.ops.relu(np.float32([-1, 2])).sum())"


def test_import_without_swift_on_the_path():
    assert run(IMPORT_AND_COMPUTE, PATH="/nowhere") == "2.0"


def test_import_with_the_toolchain_hidden():
    swift = shutil.which("swift")
    if not swift:
        pytest.skip("there is no Swift toolchain to hide")
    root = Path(swift).resolve().parents[2]
    if len(root.parts) < 2 or Path(sys.executable).resolve().is_relative_to(root) or LIBRARY.is_relative_to(root):
        pytest.skip(f"the toolchain is not in a folder of its own: {root}")
    hide = ("unshare", "-m", "sh", "-c", f'mount -t tmpfs none \'{root}\' && exec "$0" "$@"')
    if not shutil.which("unshare") or subprocess.run([*hide, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount")
    check = f"import os; assert not os.listdir({str(root)!r}); "
    assert run(check + IMPORT_AND_COMPUTE, prefix=hide) == "2.0"


def test_import_leaves_the_host_as_it_was():
    """No thread, no signal handler, nothing printed, no file opened for good."""
    code = """
import os, numpy
def look():
    fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
    files = len(os.listdir("/proc/self/fd"))
    return {k: fields[k].strip() for k in ("Threads", "SigCgt", "SigIgn", "SigBlk")} | {"files": files}
before = look()
import swiftalexnet
after = look()
assert before == after, (before, after)
"""
    assert run(code, OPENBLAS_NUM_THREADS="1") == ""


# ---- The surface ----


def test_surface_is_the_stub():
    stub = ast.parse(LIBRARY.with_name("_native.pyi").read_text())
    names = {n.name for n in stub.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    names |= {n.target.id for n in stub.body if isinstance(n, ast.AnnAssign)}
    assert names == {name for name in dir(_native) if not name.startswith("__")}
    network = next(n for n in stub.body if isinstance(n, ast.ClassDef) and n.name == "Network")
    methods = {n.name for n in network.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("__")}
    assert methods == {name for name in dir(_native.Network) if not name.startswith("__")}


def test_arguments_may_be_named():
    x = np.float32([-1, 2])
    out = np.empty_like(x)
    _native.relu(out=out, x=x)
    assert out.tolist() == [0, 2]
    assert (
        _native.Network(seed=0, initialization="zeros", spec=small.SPEC).spec()
        == _native.Network(small.SPEC, "zeros", 0).spec()
    )


def test_nodes_and_parameters(network):
    nodes = network.nodes()
    assert [n[0] for n in nodes][:5] == ["data", "conv1", "relu1", "norm1", "pool1"]
    name, kind, detail, source, shape, parameters, macs = nodes[1]
    assert (name, kind, source, shape) == ("conv1", "convolution", "data", (8, 7, 7))
    assert detail and parameters == 8 * 75 + 8 and macs == 8 * 75 * 49
    assert sum(n[5] for n in nodes) == sum(int(np.prod(shape)) for _, shape in network.parameters())
    assert network.parameters()[0] == ("conv1.weight", (8, 3, 5, 5))
    assert _native.Network(network.spec(), "zeros", 0).nodes() == nodes


def test_runtime_info():
    info = _native.runtime_info()
    assert set(info) == {"version", "cpu", "instruction_set", "available", "gemm", "precisions"}
    assert info["instruction_set"] in info["available"].split()


def test_variants_have_specifications():
    for family in ("alexnet", "vgg", "cifar"):
        for variant in _native.variants(family):
            name, catalog_name, summary, initialization, *sizes = _native.variant(family, variant)
            assert name == variant and summary and initialization in _native.initializations() and min(sizes) >= 1
            assert f"network {catalog_name}" in _native.spec(family, variant, 0, 0, 0, "relu", "")


@pytest.mark.parametrize("variable", ["SWIFTALEXNET_ISA", "SWIFTALEXNET_GEMM"])
def test_an_unknown_wish_is_unsupported(variable):
    code = """
import swiftalexnet as sa
try: sa._native.runtime_info()
except sa.UnsupportedError as error: print(error)
"""
    assert variable in run(code, **{variable: "quantum"})


def test_objects_refuse_pickling(network):
    for thing in (network, network.view(0, VALUE)):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=r"save\(\)"):
                attempt(thing)
    with pytest.raises(TypeError):
        _native.View()


# ---- Views ----


def test_views_are_the_memory_itself(network):
    x, _ = small.batch()
    before = small.forward(network, x)
    bias = np.asarray(network.view(len(network.parameters()) - 1, VALUE))
    bias += 1
    np.testing.assert_allclose(small.forward(network, x), before + 1, rtol=1e-5, atol=1e-6)
    weight = np.asarray(network.view(0, VALUE))
    assert weight.shape == (8, 3, 5, 5) and weight.dtype == np.float32 and weight.flags.writeable


def test_views_outlive_their_network():
    network = small.make()
    expected = small.state(network)
    arrays = [np.asarray(network.view(i, VALUE)) for i in range(len(expected))]
    del network
    gc.collect()
    others = [small.make(seed) for seed in range(20)]
    assert small.same_bits(arrays, expected) and others


def test_views_refuse_consumers_that_want_contiguous_memory(network):
    weight, bias = network.view(0, VALUE), network.view(1, VALUE)
    assert not memoryview(weight).c_contiguous
    with pytest.raises(BufferError, match="not contiguous"):
        np.frombuffer(weight, np.float32)
    assert np.frombuffer(bias, np.float32).shape == (8,)


def test_gradients_and_velocities_keep_their_place(network):
    x, labels = small.batch()
    gradient, velocity = (np.asarray(network.view(0, which)) for which in (GRADIENT, VELOCITY))
    assert not gradient.any() and not velocity.any()
    network.train_step(x, labels, 0, small.OPTIONS)
    assert gradient.any() and velocity.any()


# ---- Reference counts and memory ----


def calls(network):
    """Yield (call, arrays that it is given): successes and failures, each way out of the extension."""
    x, labels = small.batch()
    logits, dx = np.empty((4, 5), np.float32), np.empty_like(x)
    mean, names = np.ones(3, np.float32), ["conv1", "fc4"]
    outputs = [np.empty((4, 8, 7, 7), np.float32), np.empty((4, 5), np.float32)]
    pictures, crops = small.pictures(), np.empty((4, 15, 15, 3), np.float32)
    preprocessing = (15, 15, mean, mean, 0)
    scores = np.empty((4, 2, 2, 5), np.float32)
    w, b, y = np.ones((2, 3, 3, 3), np.float32), np.ones(2, np.float32), np.empty((4, 2, 13, 13), np.float32)
    pair, sides = (1, 1), (0, 0, 0, 0)
    yield lambda: network.forward(x, 0, True, True, 1, 2, small.FLOAT32, logits), [x, logits]
    yield lambda: network.backward(logits, 0, False, dx), [logits, dx]
    yield lambda: network.forward(x, 1, False, False, 1, 2, small.FLOAT32, logits), [x, logits]
    yield lambda: network.train_step(x, labels, 0, (1e-6, 0.9, 0.0, 0, 1, 2, None, None, 0)), [x, labels]
    yield lambda: network.train_step(x, labels[:2], 0, small.OPTIONS), [x, labels]
    yield lambda: network.train_step(x, labels, 0, (float("nan"), 0.9, 0.0, 0, 1, 2, None, None, 0)), [x, labels]
    yield lambda: network.train_step(x, labels, 0, (0.1, "0.9", 0.0, 0, 1, 2, None, None, 0)), [x, labels]
    rates = np.full(len(network.parameters()), 1e-6, np.float32)
    told, refused = (*small.OPTIONS[:6], rates, rates, 0), (*small.OPTIONS[:6], rates, rates[1:], 0)
    yield lambda: network.train_step(x, labels, 0, told), [x, labels, told, rates]
    yield lambda: network.train_step(x, labels, 0, refused), [x, labels, refused, rates]
    yield lambda: network.train_step(x, labels, 0, (*told[:3], 9, *told[4:])), [x, labels, rates]
    yield lambda: network.capture(x, 0, names, small.FLOAT32, outputs), [x, names, outputs, *outputs]
    yield lambda: network.capture(x, 0, [*names, "no"], small.FLOAT32, [*outputs, logits]), [x, *outputs, logits]
    yield (
        lambda: network.predict_images(pictures, preprocessing, 10, small.FLOAT32, logits),
        [pictures, preprocessing, mean, logits],
    )
    yield (
        lambda: network.predict_images(pictures, (15, 15, mean[:2], mean, 0), 1, small.FLOAT32, logits),
        [pictures, mean, logits],
    )
    yield (
        lambda: network.predict_dense(pictures, preprocessing, True, small.FLOAT32, logits),
        [pictures, preprocessing, mean, logits],
    )
    yield (
        lambda: network.predict_dense(pictures, (15, 15, mean[:2], mean, 0), True, small.FLOAT32, logits),
        [pictures, mean, logits],
    )
    yield (
        lambda: network.score_map(pictures, preprocessing, small.FLOAT32, scores),
        [pictures, preprocessing, mean, scores],
    )
    yield (
        lambda: network.score_map(pictures[:, :9].copy(), preprocessing, small.FLOAT32, scores),
        [preprocessing, mean, scores],
    )
    yield lambda: network.score_map_size(30, 40), [network]
    yield lambda: _native.augment_images(pictures, preprocessing, small.AUGMENTATION, 1, 2, crops), [pictures, mean]
    noise = small.augmentation(1.0, mean, mean)
    yield lambda: _native.augment_images(pictures, preprocessing, noise, 1, 2, crops), [mean, crops]
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
    yield lambda: np.asarray(network.view(0, VALUE)), [network]
    yield lambda: network.view(0, 9), [network]
    yield lambda: (network.spec(), network.nodes(), network.parameters(), network.multipliers(0)), [network]
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
        network.train_step(x, labels, 0, (0.0, 0.9, 0.0, 0, 1, step, rates, rates, 0))
        before = _native.allocation_count() if step == 1 else before
    assert _native.allocation_count() == before


# ---- Rates of every parameter ----


def test_rates_of_a_step_stand_in_for_factors():
    x, labels = small.batch()
    lent, told = small.make(), small.make()
    count = len(told.parameters())
    rates, decays = np.float32(0.01) * np.arange(count, dtype=np.float32), np.float32(0.0005) * np.ones(count, "f")
    for index in range(count):
        lent.set_multipliers(index, index, 1.0)
    told.set_multipliers(1, 0.0, 7.0)
    factors = [told.multipliers(index) for index in range(count)]
    for given in ((rates, decays), (memoryview(rates), memoryview(decays))):
        lent.train_step(x, labels, 0, small.OPTIONS)
        told.train_step(x, labels, 0, (5.0, 0.9, 5.0, 0, 1, 2, *given, 0))
    assert small.same_bits(small.state(told, VALUE, VELOCITY), small.state(lent, VALUE, VELOCITY))
    assert [told.multipliers(index) for index in range(count)] == factors


def test_rates_and_decays_may_come_alone():
    x, labels = small.batch()
    states = []
    for rates, decays in ((None, None), (0.01, None), (None, 0.0005), (0.01, 0.0005)):
        network = small.make()
        given = (value and np.full(len(network.parameters()), value, np.float32) for value in (rates, decays))
        network.train_step(x, labels, 0, (*small.OPTIONS[:6], *given, 0))
        states.append(small.state(network, VALUE, VELOCITY))
    assert all(small.same_bits(state, states[0]) for state in states[1:])


# ---- Allocation failure ----

FAILING = {
    "create": lambda n: small.make(),
    "forward": lambda n: small.forward(n, small.batch(6)[0]),
    "forward keeping": lambda n: small.forward(n, small.batch(6)[0], keep=True),
    "train_step": lambda n: n.train_step(*small.batch(6), 0, small.OPTIONS),
    "gradient": lambda n: n.view(0, GRADIENT),
    "predict": lambda n: n.predict_images(
        small.pictures(6), small.PREPROCESSING, 10, small.FLOAT32, np.empty((6, small.CLASSES), np.float32)
    ),
    "predict_dense": lambda n: n.predict_dense(
        small.pictures(6, 31), small.PREPROCESSING, True, small.FLOAT32, np.empty((6, small.CLASSES), np.float32)
    ),
    "whitening": lambda n: (
        n.set_whitening(np.eye(675, dtype=np.float32)),
        n.train_step_images(
            small.pictures(6), small.batch(6)[1], small.PREPROCESSING, small.augmentation(), small.OPTIONS
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


# ---- Numbers that are not finite ----


def test_a_refused_step_changes_nothing(network):
    x, labels = small.batch()
    network.train_step(x, labels, 0, small.OPTIONS)
    before = small.state(network, VALUE, VELOCITY)
    x[0, 0, 0, 0] = np.nan
    with pytest.raises(NonFiniteError):
        network.train_step(x, labels, 0, small.OPTIONS)
    assert small.same_bits(small.state(network, VALUE, VELOCITY), before)
