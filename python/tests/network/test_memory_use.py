"""The memory that `memory` predicts is what the engine and the process use."""

import subprocess
import sys

import numpy as np
import pytest
from fresh_process import run
from small_network import SPEC
from support import quantized_model, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet._support.arithmetic import DIFFERENTIABLE

# Prints the peak of the process above what it was before the model, and what was foretold.
MEASURE = """
import sys
import numpy as np
import swiftalexnet as sa
from swiftalexnet import _native

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:")) << 10

batch, training = int(sys.argv[1]), sys.argv[2] == "training"
x = np.ones((batch, 3, 227, 227), np.float32)
labels = np.zeros(batch, np.int64)
_native.softmax(np.ones((64, 64), np.float32), np.empty((64, 64), np.float32))
before = peak()
model = sa.alexnet("paper", num_classes=10, image_size=227, initialization="zeros")
if training:
    model.train_step(x, labels)
else:
    model.forward(x, keep=False)
print(peak() - before, model.memory(batch, training).total)
"""


@pytest.mark.parametrize(("batch", "work"), [(32, "training"), (96, "inference")])
def test_the_process_uses_the_predicted_memory_within_5_percent(batch, work):
    command = [sys.executable, "-c", MEASURE, str(batch), work]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured, foretold = map(int, answer.split())
    assert measured == pytest.approx(foretold, rel=0.05)


PRECISIONS = [{"precision": each} for each in sa.info()["precisions"].split() if each in DIFFERENTIABLE]
ARITHMETICS = [
    *((True, words) for words in PRECISIONS),
    *((False, words | weights) for words in PRECISIONS for weights in ({}, {"weights": "int8"})),
    *((training, {"fast_math": True}) for training in (False, True)),
]


@pytest.mark.parametrize(("training", "arithmetic"), ARITHMETICS, ids=str)
@pytest.mark.parametrize("batch", [1, 7, 100])
def test_the_engine_uses_exactly_the_predicted_bytes(batch, training, arithmetic):
    x, labels = np.ones((batch, 3, 20, 20), np.float32), np.zeros(batch, np.int64)
    _native.reset_peak_bytes()
    before, _ = _native.tensor_bytes()
    model = tiny_model()
    if training:
        model.train_step(x, labels, **arithmetic)
    else:
        model.forward(x, keep=False, **arithmetic)
    assert _native.tensor_bytes()[1] - before == model.memory(batch, training, **arithmetic).total


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_the_engine_uses_exactly_the_predicted_bytes_in_int8(batch):
    model, x = quantized_model(), np.ones((batch, 3, 20, 20), np.float32)
    model.release_memory()
    _native.reset_peak_bytes()
    before, _ = _native.tensor_bytes()
    model.forward(x)
    predicted = model.memory(batch)
    assert _native.tensor_bytes()[1] - before == predicted.total - predicted.weights


def test_a_specification_is_enough():
    assert sa.memory(SPEC, 4).total == sa.Model.from_spec(SPEC).memory(4).total
    giant = SPEC.replace("outputs=16", "outputs=100000000")
    allocations = _native.allocation_count()
    assert sa.memory(giant, 256, training=True).weights > 30e9
    assert _native.allocation_count() == allocations


def test_memory_prints_as_a_table():
    use = tiny_model().memory(4, training=True)
    text = str(use)
    assert text.splitlines()[0].endswith("a training step on 4 images")
    assert [line.split()[0] for line in text.splitlines()[1:]] == [
        *("weights", "gradients", "velocities", "activations", "scratch", "total")
    ]
    assert use.total == use.weights + use.gradients + use.velocities + use.activations + use.scratch


@pytest.mark.parametrize("batch", [0, -1, 2**20 + 1, 2**70])
def test_a_batch_out_of_range(batch):
    with pytest.raises(ValueError, match=r"memory: batch"):
        tiny_model().memory(batch)
    with pytest.raises((ValueError, OverflowError), match="memory"):
        _native.spec_memory(SPEC, batch, True, (0, 0, 0))


@pytest.mark.parametrize("network", [None, 3, b"network", ["network"]])
def test_anything_but_a_network_is_refused(network):
    with pytest.raises(TypeError, match="memory: network is .*, expected a Model"):
        sa.memory(network, 4)


def test_a_text_that_is_not_a_specification():
    with pytest.raises(ValueError, match="line 1"):
        sa.memory("nonsense", 1)
    with pytest.raises(TypeError, match="batch"):
        sa.memory(SPEC, 1.5)
    with pytest.raises(ValueError, match="inference"):
        sa.memory(SPEC, 1, training=True, weights="int8")
    with pytest.raises(ValueError, match="precision"):
        sa.memory(SPEC, 1, precision="float16")


def test_released_memory_comes_back():
    model = tiny_model()
    x = np.ones((50, 3, 20, 20), np.float32)
    before, _ = _native.tensor_bytes()
    logits = model.forward(x, keep=False)
    assert _native.tensor_bytes()[0] > before
    model.release_memory()
    assert _native.tensor_bytes()[0] == before
    np.testing.assert_array_equal(model.forward(x, keep=False), logits)
    model.forward(x)
    model.release_memory()
    with pytest.raises(ValueError, match="forward"):
        model.backward(logits)


LIMITED = """
import resource
import swiftalexnet as sa
from swiftalexnet.network.memory_use import available
before = available()
taken = int(next(line for line in open("/proc/self/status") if line.startswith("VmSize:")).split()[1]) << 10
room = 300 << 20
resource.setrlimit(resource.RLIMIT_AS, (taken + room, taken + room))
assert before > room >= available() > room // 2, (before, available())
try:
    models = [sa.alexnet("owt") for _ in range(2)]  # 244 MB each
except MemoryError as error:
    print(type(error).__name__)
"""


def test_a_limit_on_addresses_counts():
    """What `ulimit -v` leaves is less than the machine has."""
    assert run(LIMITED) == "MemoryError"


# A container of 4 GiB whose page cache is full, as another mount of /sys/fs/cgroup says it.
CONTAINER = """
import pathlib
import numpy as np
import swiftalexnet as sa
from swiftalexnet._support.arrays import require_memory
from swiftalexnet.network.memory_use import available
require_memory((1 << 30,), 1, "op")
group = pathlib.Path("/sys/fs/cgroup")
(group / "memory.max").write_text(str(4 << 30))
(group / "memory.current").write_text(str((4 << 30) - (90 << 20)))
(group / "memory.stat").write_text(f"inactive_file {2 << 30}\\nactive_file {1 << 30}\\n")
print(available() >> 20)
require_memory((1 << 30,), 1, "op")
sa.alexnet("owt")
(group / "memory.stat").write_text("inactive_file 0\\nactive_file 0\\n")
print(available() >> 20)
for work in (lambda: require_memory((1 << 30,), 1, "op"), lambda: sa.alexnet("owt")):
    try:
        work()
    except MemoryError:
        print("MemoryError")
"""


def test_a_full_page_cache_of_a_container_is_free_memory():
    mounted = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"', "sh")
    try:
        subprocess.run([*mounted, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs the right to mount, as root has it: {error}")
    assert run(CONTAINER, prefix=mounted).split() == ["3162", "90", "MemoryError", "MemoryError"]
