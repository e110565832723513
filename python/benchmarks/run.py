"""swiftalexnet beside PyTorch, TensorFlow, ONNX Runtime, OpenVINO and OpenCV, in one run, answers checked.

    python run.py --threads 2                        # every row, into benchmarks.json and benchmarks.md
    python run.py --rows training vgg16              # only rows whose titles have these words; the others stay
    python run.py --quick --rows "paper, batch 1"    # a round each: does it run?
    python run.py --isa avx2 --precisions float32 --out avx2.json    # without AVX-512, where engines can be told so

Engines that are not installed are left out, and named.
"""

import argparse
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import comparison_table
from engines import CONTENDERS, OURS, PACKAGES, Contender, UnavailableError
from everyday import ROWS
from goals import BEST
from jobs import JOBS
from machine import cpu_name, package_version
from measure import race
from results import Results

# What holds each engine to an instruction set. ONNX Runtime's kernels look at the processor alone.
INSTRUCTIONS = {
    "avx2": {
        "SWIFTALEXNET_ISA": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",  # PyTorch, TensorFlow, OpenVINO
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "FBGEMM_ENABLE_INSTRUCTIONS": "AVX2",  # PyTorch in int8
        "OPENCV_CPU_DISABLE": "AVX512-SKX",
    }
}
UNBOUND = {"avx2": ("onnxruntime",)}


def main() -> None:
    """Measure the rows that were asked for, and show the table of all that the file has."""
    arguments = _arguments()
    _prepare_environment(arguments.isa)
    contenders, versions = _installed(arguments.engines, arguments.isa)
    machine = {"cpu": cpu_name(), "threads": arguments.threads, "instructions": arguments.isa or "all"}
    results = Results(arguments.out, machine)
    facts = {"versions": versions, "when": datetime.now(UTC).isoformat(timespec="seconds"), "quick": arguments.quick}
    for job in JOBS:
        if _wanted(job.title, arguments.rows) and set(job.precisions) & set(arguments.precisions):
            job = job._replace(rounds=1, repeats=1) if arguments.quick else job
            row = race(job, job.taking_part(contenders, arguments.precisions), arguments.threads)
            results.add(job.title, row | facts)
            _show(job.title, {name: engine["median"] for name, engine in row["engines"].items()})
    for check in ROWS if OURS in versions else ():
        if _wanted(check.title, arguments.rows):
            results.add(check.title, _measured(check, arguments) | facts)
            _show(check.title, results.rows[check.title]["figures"])
    table = comparison_table.markdown(results)
    arguments.out.with_suffix(".md").write_text(table)
    print(f"\n{table}")


def _measured(check, arguments: argparse.Namespace) -> dict:
    try:
        return {"figures": check.measure(arguments.threads, 1 if arguments.quick else 3), "left_out": {}}
    except UnavailableError as error:
        return {"figures": {}, "left_out": {OURS: str(error)}}


def _prepare_environment(isa: str | None) -> None:
    """Set what the engines inherit: no forced OpenBLAS kernels, no log lines in the table, the instruction set."""
    os.environ.pop("OPENBLAS_CORETYPE", None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ |= INSTRUCTIONS.get(isa, {})


def _installed(modules: list[str], isa: str | None) -> tuple[dict[str, Contender], dict[str, str]]:
    """Keep the contenders that can take part, and the versions of their packages; say which cannot."""
    versions = {}
    for module in modules:
        found = [package_version(package) for package in PACKAGES[module]]
        if module in UNBOUND.get(isa, ()):
            print(f"{module}: cannot be held to {isa}, left out")
        elif None in found:
            print(f"{module}: not installed here, left out")
        else:
            versions[module] = found[0]
    return {name: each for name, each in CONTENDERS.items() if each.module in versions}, versions


def _wanted(title: str, words: list[str] | None) -> bool:
    return words is None or any(re.search(rf"\b{re.escape(word)}\b", title) for word in words)


def _show(title: str, values: dict[str, float]) -> None:
    print(title, {name: round(value, 3) for name, value in values.items()}, sep=": ", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one round of each row: does it run?")
    parser.add_argument("--rows", nargs="+", metavar="WORDS", help="rows whose titles have one of them as whole words")
    parser.add_argument("--engines", nargs="+", choices=PACKAGES, default=list(PACKAGES), metavar="NAME")
    parser.add_argument("--precisions", nargs="+", choices=BEST, default=list(BEST), metavar="NAME")
    parser.add_argument("--isa", choices=INSTRUCTIONS, help="hold engines to an instruction set below the best")
    parser.add_argument("--out", type=Path, default=Path("benchmarks.json"), help="rows are added or replaced here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
