"""swiftalexnet beside PyTorch, TensorFlow, ONNX Runtime and OpenVINO: speed and memory, in one run, answers checked.

    python run.py --threads 2 --out results.json      # also writes results.md
    python run.py --quick                             # two rounds of each row

Engines that are not installed are left out, and named. Everything is float32.
"""

import argparse
import json
import os
from pathlib import Path

from comparison_table import markdown
from engines import MODULES, PACKAGES
from machine import cpu_name, package_version
from measure import Job, speeds, summary, training_memory

JOBS = (
    Job("inference", "paper", 128, goal=1.0, rounds=5),
    Job("inference", "owt", 128, goal=0.9, rounds=5),
    Job("training", "paper", 128, goal=1.0, rounds=3),
    Job("training", "owt", 128, goal=0.9, rounds=3),
    Job("inference", "paper", 1, goal=1.0, rounds=5, repeats=10),
    Job("inference", "owt", 1, goal=0.9, rounds=5, repeats=10),
)


def main() -> None:
    """Measure every row and print the table."""
    arguments = _arguments()
    _prepare_environment()
    versions = _installed(arguments.engines)
    names = list(versions)
    results = {"cpu": cpu_name(), "threads": arguments.threads, "versions": versions, "rows": []}
    for job in JOBS:
        job = job._replace(rounds=2) if arguments.quick else job
        rounds = speeds(job, names, arguments.threads)
        engines = {name: summary(values) for name, values in rounds.items()}
        _report(results, f"{job.title}, images/s", job.goal, engines, higher_is_better=True)
    peaks = training_memory("paper", 128, names, arguments.threads)
    engines = {name: {"median": value} for name, value in peaks.items()}
    _report(results, "peak memory of training, paper, batch 128, GiB", 1.0, engines, higher_is_better=False)
    _write(results, arguments.out)


def _prepare_environment() -> None:
    """Set what the engines inherit: no forced OpenBLAS kernels, no log lines in the table."""
    os.environ.pop("OPENBLAS_CORETYPE", None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def _installed(names: list[str]) -> dict[str, str]:
    """Keep the engines whose packages are here, with their versions; say which are not."""
    found = {}
    for name in names:
        versions = [package_version(package) for package in PACKAGES[MODULES[name]]]
        if None in versions:
            print(f"{name}: not installed here, left out")
        else:
            found[name] = versions[0]
    return found


def _report(results: dict, title: str, goal: float, engines: dict, higher_is_better: bool) -> None:
    """Add a row and show it."""
    results["rows"].append({"title": title, "goal": goal, "higher_is_better": higher_is_better, "engines": engines})
    print(title, {name: round(value["median"], 2) for name, value in engines.items()}, sep=": ", flush=True)


def _write(results: dict, out: Path | None) -> None:
    table = markdown(results)
    print(f"\n{table}")
    if out:
        out.write_text(json.dumps(results, indent=1) + "\n")
        out.with_suffix(".md").write_text(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="two rounds of each row")
    parser.add_argument("--engines", nargs="+", choices=MODULES, default=list(MODULES), metavar="NAME")
    parser.add_argument("--out", type=Path, help="JSON file; a Markdown table is written beside it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
