"""What it costs to have swiftalexnet: milliseconds to import it after numpy, and the size of its wheel.

python import_time.py [wheel]
"""

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

TIMED_IMPORT = """
import time, numpy
start = time.perf_counter()
import swiftalexnet
print(time.perf_counter() - start)
"""


def import_milliseconds(processes: int = 10) -> float:
    """Median over fresh processes."""
    command = [sys.executable, "-c", TIMED_IMPORT]
    times = [float(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(processes)]
    return 1000 * statistics.median(times)


def main() -> None:
    """Print both figures beside their goals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, nargs="?")
    wheel = parser.parse_args().wheel
    print(f"import swiftalexnet after numpy: {import_milliseconds():.1f} ms (goal: at most 20)")
    if wheel:
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB (goal: at most 15)")


if __name__ == "__main__":
    main()
