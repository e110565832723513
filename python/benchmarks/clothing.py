"""Train AlexNet `owt` from scratch on photographs of clothes, with PyTorch or with swiftalexnet, and log every epoch.

    python clothing.py --engine torch --out torch.json photographs/clothing
    python clothing.py --engine swiftalexnet --out swiftalexnet.json photographs/clothing
    python clothing_report.py torch.json swiftalexnet.json

The folder holds `train/<class>/*.jpg` and `validation/<class>/*.jpg`; without an argument it is `clothing` in the
folder that the environment variable SWIFTALEXNET_DATA names.
"""

import argparse
import importlib
import json
import os
from dataclasses import asdict, fields
from pathlib import Path

import photographs
from clothing_recipe import Recipe
from machine import cpu_name, package_version

TUNABLE = ("epochs", "batch_size", "size", "resize", "threads", "seed")


def main() -> None:
    """Run one engine; the file of results is complete after every epoch that it reports."""
    arguments = _arguments()
    recipe = Recipe(**{name: getattr(arguments, name) for name in TUNABLE})
    os.environ.pop("OPENBLAS_CORETYPE", None)  # some machines force slow kernels with it
    engine = importlib.import_module(f"clothing_{arguments.engine}")
    sets = [photographs.load(arguments.folder / part, recipe.resize) for part in ("train", "validation")]
    results = {
        "engine": arguments.engine,
        "version": package_version(arguments.engine),
        "cpu": cpu_name(),
        "recipe": asdict(recipe),
        "epochs": [],
    }

    def report(epoch: dict) -> None:
        print(*(f"{name} {value:.4g}" for name, value in epoch.items()), sep="  ", flush=True)
        results["epochs"].append(epoch)
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")

    results.update(engine.train(*sets, recipe, report))
    arguments.out.write_text(json.dumps(results, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("SWIFTALEXNET_DATA", "."))
    parser.add_argument("folder", type=Path, nargs="?", default=data / "clothing")
    parser.add_argument("--engine", choices=("torch", "swiftalexnet"), required=True)
    parser.add_argument("--out", type=Path, default=Path("results.json"))
    for field in fields(Recipe):
        if field.name in TUNABLE:
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, default=field.default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
