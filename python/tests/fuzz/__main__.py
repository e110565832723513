"""The command `make fuzz`: run cases, and report faults with the command that repeats each of them."""

import argparse
import os
import sys
import time
from collections import Counter

from .pool import Result, run_cases

_SHOWN = 40  # faults in full


def main() -> int:
    """Run the cases given on the command line; return 1 if one has a fault."""
    options = _options()
    numbers = [options.case] if options.case is not None else range(options.cases)
    began, results, faults = time.monotonic(), Counter[str](), []
    for result in run_cases(numbers, options.seed, options.jobs, options.seconds):
        results[result.result] += 1
        if options.case is not None:
            print(f"{result.text}\n{result.result}")
        if result.fault is not None:
            faults.append(result)
            if len(faults) <= _SHOWN:
                print(_report(result, options.seed), flush=True)
    seconds = time.monotonic() - began
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in results.most_common())
    print(f"fuzz: seed {options.seed}: {results.total():,} cases in {seconds:.0f} s: {kinds}")
    print(f"fuzz: {len(faults)} faults")
    return bool(faults)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="how many (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, help="other cases (default: 0)")
    parser.add_argument("--case", type=int, help="this one only, to repeat it")
    jobs = len(os.sched_getaffinity(0))
    parser.add_argument("--jobs", type=int, default=jobs, help="workers (default: one for each processor)")
    parser.add_argument("--seconds", type=float, default=5.0, help="what a case may take (default: 5)")
    return parser.parse_args()


def _report(result: Result, seed: int) -> str:
    return f"\nFAULT in case {result.number}: {result.text}\n{result.fault}\nmake fuzz SEED={seed} CASE={result.number}"


if __name__ == "__main__":
    sys.exit(main())
