"""What eight bits cost trained networks: top-1 lost, and the share of images whose likeliest class stays.

    python quantized_accuracy.py --out quantized.json model.safetensors other.safetensors --data photographs/clothing

The folder holds `train/<class>/*.jpg`, from which the ranges of activations are chosen, and `validation/<class>/*.jpg`
or `test/<class>/*.jpg`, or both, which are all measured. Without `--data` it is `clothing` in the folder that the
environment variable SWIFTALEXNET_DATA names. Each model, method and evaluation is one row; models are files of any
format that `swiftalexnet.load` reads, with the folder's classes.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np

import swiftalexnet as sa
from machine import cpu_name, package_version

COLUMNS = ("model", "method", "images", "top-1 % float32", "int8", "lost", "top-5 lost", "same top-1 %")
PARTS = ("validation", "test")


def main() -> None:
    """Measure every model; the file of results is complete after each."""
    arguments = _arguments()
    results = {"version": package_version("swiftalexnet"), "cpu": cpu_name(), "rows": []}
    for path in arguments.models:
        results["rows"] += measure(path, arguments.data, arguments.methods, arguments.calibration)
        if arguments.out:
            arguments.out.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results["rows"]))


def measure(path: Path, folder: Path, methods: list[str], calibration: int) -> list[dict]:
    """Compare a model with what it becomes by each method, on all images that it was not trained on."""
    model = sa.load(path)
    train = sa.ImageFolder(folder / "train", model.classes)
    every = np.linspace(0, len(train) - 1, min(calibration, len(train))).round().astype(int)
    images = [train.paths[number] for number in every]
    parts = [sa.ImageFolder(folder / part, model.classes) for part in PARTS if (folder / part).is_dir()]
    before = [model.evaluate(part) for part in parts]
    rows = []
    for method in methods:
        quantized = model.quantize(images, method)
        after = [quantized.evaluate(part) for part in parts]
        rows.append({"model": path.name, "method": quantized.quantization.method, **compared(before, after)})
    return rows


def compared(before: list[sa.Evaluation], after: list[sa.Evaluation]) -> dict:
    """Return errors over all parts together, in percent, and how many images keep their likeliest class."""
    counts = [result.count for result in before]

    def right(results: list[sa.Evaluation], name: str) -> float:
        return 100 - float(np.average([getattr(result, name) for result in results], weights=counts))

    same = [one.predicted == other.predicted for one, other in zip(before, after, strict=True)]
    exact, rounded = right(before, "top1_error"), right(after, "top1_error")
    return {
        "images": sum(counts),
        "top-1 % float32": exact,
        "int8": rounded,
        "lost": exact - rounded,
        "top-5 lost": right(before, "top5_error") - right(after, "top5_error"),
        "same top-1 %": 100 * float(np.concatenate(same).mean()),
    }


def table(rows: list[dict]) -> str:
    """Return the rows as Markdown."""
    lines = [[f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (COLUMNS, ["---"] * len(COLUMNS), *lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, help="folder with train, and validation or test")
    parser.add_argument("--methods", nargs="+", default=["percentile", "mse"])
    parser.add_argument("--calibration", type=int, default=500, help="training images for the ranges")
    parser.add_argument("--out", type=Path, help="file for the results as JSON")
    arguments = parser.parse_args()
    if arguments.data is None:
        arguments.data = Path(os.environ["SWIFTALEXNET_DATA"]) / "clothing"
    return arguments


if __name__ == "__main__":
    main()
