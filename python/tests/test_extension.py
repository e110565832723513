"""The extension in its host process: symbols, interface, parameters, rates; test_extension_memory tests memory."""

import ast
import copy
import gc
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_network as small
from fresh_process import LIBRARY, run

from swiftalexnet import NonFiniteError, _native

VALUE, GRADIENT, VELOCITY = _native.VALUE, _native.GRADIENT, _native.VELOCITY


@pytest.fixture
def network():
    """The test's own network instead of the shared one."""
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
    """No thread, no signal handler, nothing printed, no file left open."""
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
    assert run(code) == ""


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
    assert info["version"] == _native.VERSION
    assert set(info) == {
        "version",
        "cpu",
        "instruction_set",
        "available",
        "gemm",
        "precisions",
        "auto_precision",
        "int8_products",
    }
    assert info["instruction_set"] in info["available"].split()


def test_variants_have_specifications():
    for family in ("alexnet", "vgg", "cifar"):
        for variant in _native.variants(family):
            name, catalog_name, summary, initialization, *sizes = _native.variant(family, variant)
            assert name == variant and summary and initialization in _native.initializations() and min(sizes) >= 1
            assert f"network {catalog_name}" in _native.spec(family, variant, 0, 0, 0, "relu", "", 0)


@pytest.mark.parametrize("variable", ["SWIFTALEXNET_ISA", "SWIFTALEXNET_GEMM"])
def test_an_unknown_wish_is_unsupported(variable):
    code = """
import swiftalexnet as sa
try: sa._native.runtime_info()
except sa.UnsupportedError as error: print(error)
"""
    assert variable in run(code, **{variable: "quantum"})


def test_objects_refuse_pickling(network):
    for thing in (network, network.parameter(0, VALUE)):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=r"save\(\)"):
                attempt(thing)
    with pytest.raises(TypeError):
        _native.Parameter()


# ---- Parameters ----


def test_parameters_are_the_memory_itself(network):
    x, _ = small.batch()
    before = small.forward(network, x)
    bias = np.asarray(network.parameter(len(network.parameters()) - 1, VALUE))
    bias += 1
    np.testing.assert_allclose(small.forward(network, x), before + 1, rtol=1e-5, atol=1e-6)
    weight = np.asarray(network.parameter(0, VALUE))
    assert weight.shape == (8, 3, 5, 5) and weight.dtype == np.float32 and weight.flags.writeable


def test_parameters_outlive_their_network():
    network = small.make()
    expected = small.state(network)
    arrays = [np.asarray(network.parameter(i, VALUE)) for i in range(len(expected))]
    del network
    gc.collect()
    others = [small.make(seed) for seed in range(20)]
    assert small.same_bits(arrays, expected) and others


def test_parameters_refuse_consumers_that_need_contiguous_memory(network):
    weight, bias = network.parameter(0, VALUE), network.parameter(1, VALUE)
    assert not memoryview(weight).c_contiguous
    with pytest.raises(BufferError, match="not contiguous"):
        np.frombuffer(weight, np.float32)
    assert np.frombuffer(bias, np.float32).shape == (8,)


def test_gradients_and_velocities_keep_their_place(network):
    x, labels = small.batch()
    gradient, velocity = (np.asarray(network.parameter(0, which)) for which in (GRADIENT, VELOCITY))
    assert not gradient.any() and not velocity.any()
    network.train_step(x, labels, 0, small.OPTIONS)
    assert gradient.any() and velocity.any()


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
        told.train_step(x, labels, 0, (5.0, 0.9, 5.0, 0, 1, 2, *given, 0, None, 0.001, False, False))
    assert small.same_bits(small.state(told, VALUE, VELOCITY), small.state(lent, VALUE, VELOCITY))
    assert [told.multipliers(index) for index in range(count)] == factors


def test_rates_and_decays_may_come_alone():
    x, labels = small.batch()
    states = []
    for rates, decays in ((None, None), (0.01, None), (None, 0.0005), (0.01, 0.0005)):
        network = small.make()
        given = (value and np.full(len(network.parameters()), value, np.float32) for value in (rates, decays))
        network.train_step(x, labels, 0, (*small.OPTIONS[:6], *given, *small.OPTIONS[8:]))
        states.append(small.state(network, VALUE, VELOCITY))
    assert all(small.same_bits(state, states[0]) for state in states[1:])


# ---- Numbers that are not finite ----


def test_a_refused_step_changes_nothing(network):
    x, labels = small.batch()
    network.train_step(x, labels, 0, small.OPTIONS)
    before = small.state(network, VALUE, VELOCITY)
    x[0, 0, 0, 0] = np.nan
    with pytest.raises(NonFiniteError):
        network.train_step(x, labels, 0, small.OPTIONS)
    assert small.same_bits(small.state(network, VALUE, VELOCITY), before)
