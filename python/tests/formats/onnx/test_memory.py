"""Reading and writing take little more memory than the weights."""

from pathlib import Path

import fresh_process
import pytest
from support import needs

onnx = needs("onnx")

PEAKS = """
import resource, sys
import swiftalexnet as sa
from swiftalexnet.formats import onnx as reader
from swiftalexnet.formats.onnx.writing import write

def status(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key + ":")) >> 10

def grown(work):
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak is what is there now
    before = status("VmHWM")
    result = work()
    return status("VmHWM") - before, result

path = sys.argv[1] + "/m.onnx"
write(sa.cifar_net("80sec"), path)
sa.load(path)
model = sa.alexnet("owt", num_classes=1000, initialization="zeros")
written, _ = grown(lambda: write(model, path))
del model
read, _ = grown(lambda: sa.load(path))
print(written, read)
"""


def test_peaks(tmp_path: Path) -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("the peak of memory cannot be reset here")
    written, read = map(int, fresh_process.run(PEAKS, str(tmp_path), timeout=300).split())
    assert written <= 64
    assert read <= 234 + 64  # MiB of weights
