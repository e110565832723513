"""What float32 tiles of each size reach of the FMA limit, in per cent: the tables by which convolutions are cut.

python tiles.py [--rounds 5]

A row for each number of vectors of channels, a column for each number of pixels. The figures stand as `rates` in
Sources/Kernels*/Kernels*.swift. Set SWIFTALEXNET_ISA to measure another instruction set. Every round measures the limit
anew, because the clock of a shared machine drifts; the median of the rounds is printed.
"""

import argparse

import numpy as np

import swiftalexnet as sa
from machine import cpu_name
from swiftalexnet import _native


def measure() -> list[np.ndarray]:
    """Per cent of the limit in one round, an array for each number of vectors."""
    limit = _native.fma_limits()["float32"]
    return [100 * np.array(rates) / limit for rates in _native.tile_rates()]


def main() -> None:
    """Print the table of the instruction set in use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    sa.set_num_threads(1)
    print(f"{cpu_name()}, {sa.info()['instruction_set']}")
    rounds = [measure() for _ in range(options.rounds)]
    for rates in zip(*rounds, strict=True):
        print("  [" + ", ".join(f"{rate:.0f}" for rate in np.median(rates, axis=0)) + "],")


if __name__ == "__main__":
    main()
