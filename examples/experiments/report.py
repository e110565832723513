"""Write docs/reproduction.md and its figures from the results of the experiments.

    python report.py

Experiments without results are listed as not run.
"""

import argparse
import os
from itertools import chain
from pathlib import Path

import report_cifar
import report_clothing
import report_precision
import tables
from experiment import RESULTS


def main() -> None:
    """Write the page and the figures."""
    options = _arguments()
    options.images.mkdir(parents=True, exist_ok=True)
    experiments = {
        "figure1": report_cifar.figure1,
        "cifar_nets": report_cifar.cifar_nets,
        "response_norm": report_cifar.response_norm,
        "clothing": report_clothing.clothing,
        "precision": report_precision.precision,
    }
    runs = {name: tables.read(options.results, name) for name in experiments}
    sections = [write(runs[name], options.images) for name, write in experiments.items()]
    text = "\n".join(
        [introduction([*chain(*runs.values())]), *sections, figures(options.images), tables.fill("not_reproduced")]
    )
    images = os.path.relpath(options.images, options.output.parent)
    options.output.write_text(text.replace("](images/", f"]({images}/").rstrip() + "\n")
    print(f"written {options.output}")


def introduction(runs: list[tables.Run]) -> str:
    """Describe the origin of the numbers, if there are any, and how long the runs took."""
    results = (
        tables.fill("results", time=tables.durations(runs)).rstrip() if runs else "; no experiment has been run yet."
    )
    return tables.fill("introduction", results=results)


def figures(images: Path) -> str:
    """Figures 3 and 4 of the 2012 paper, where `swiftalexnet kernels` and `panel` have written them."""
    shown = [tables.fill(name) for name in ("kernels", "panel") if (images / f"{name}.png").exists()]
    return tables.fill("figures", shown="\n".join(shown)) if shown else tables.not_run("figures")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=RESULTS.parent / "reproduction.md", metavar="FILE")
    parser.add_argument("--images", type=Path, default=RESULTS.parent / "images", metavar="FOLDER")
    return parser.parse_args()


if __name__ == "__main__":
    main()
