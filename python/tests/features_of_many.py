"""Print the memory of this process after a sixth of many images, and after all of them."""

import sys
from pathlib import Path

import numpy as np
from support import tiny_model

out, count = sys.argv[1], int(sys.argv[2])
memory = []


def peak() -> int:
    """Return the most memory that this process has had resident."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def images():
    """Yield noise."""
    generator = np.random.default_rng(0)
    for number in range(count):
        if number == count // 6:
            memory.append(peak())
        yield generator.integers(0, 256, (23, 23, 3), np.uint8)


tiny_model().features(images(), ["conv1"], out=out)
print(memory[0], peak())
