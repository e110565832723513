"""The effects of importing the package."""

import os
import subprocess
import sys

import pytest

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.runtime import fma_limits


def run(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    env = os.environ | environment
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout.strip()


def test_exports_exist():
    assert all(hasattr(sa, name) for name in sa.__all__)
    assert sa.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="resnet"):
        sa.resnet  # noqa: B018


def test_import_loads_nothing_that_is_not_needed():
    heavy = ["PIL", "tqdm", "safetensors", "matplotlib", "pandas", "sklearn", "ray", "pyarrow"]
    heavy.append("concurrent.futures.thread")
    code = f"import sys, swiftalexnet; print([name for name in {heavy} if name in sys.modules])"
    assert run(code) == "[]"


def test_import_leaves_signals_and_threads_alone():
    code = """
import numpy, threading
def state():
    lines = open("/proc/self/status").read().splitlines()
    return [line for line in lines if line.startswith(("SigCgt", "SigIgn", "SigBlk"))]
before = state()
import swiftalexnet
print(before == state() and threading.active_count() == 1)
"""
    assert run(code) == "True"


def test_a_users_backtrace_setting_stands():
    code = "import os, swiftalexnet; print(os.environ['SWIFT_BACKTRACE'])"
    assert run(code, SWIFT_BACKTRACE="enable=yes") == "enable=yes"


def test_threads():
    before = sa.get_num_threads()
    sa.set_num_threads(3)
    assert sa.get_num_threads() == 3 and sa.info()["threads"] == "3"
    sa.set_num_threads(before)
    for count in (0, 257, -1):
        with pytest.raises(ValueError, match="count"):
            sa.set_num_threads(count)
    with pytest.raises(TypeError, match="count"):
        sa.set_num_threads(1.5)


def test_the_limits_of_arithmetic():
    limits = fma_limits()
    assert limits["float32"] > 0.1
    assert set(limits) <= {"float32", "bfloat16", "int8"}
    assert limits.get("bfloat16", 1) > 0.1


def test_tiles_of_the_instruction_set_are_measured():
    rates = _native.tile_rates()
    assert len(rates) == 3
    assert all(rate > 0 for row in rates for rate in row)
    # One vector and two have as many rows; three leave registers for fewer.
    assert len(rates[0]) == len(rates[1]) >= len(rates[2]) > 0


def test_info_prints_as_a_table():
    assert "instruction set" in str(sa.info())
