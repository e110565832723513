"""Training with few photographs: the suggestion of `swiftalexnet.suggest`, and settings that differ from it.

The folder holds `train/<class>/*.jpg` and `validation/<class>/*.jpg`. Of each class the first 40 photographs by name
are taken (`--images 0`: all) and a fifth of them is held out, as `examples/demo.py` does. A fifth of 400 is few, so
`validation/`, which no run sees, is measured too.

    python small_data.py --threads 1
    python small_data.py --threads 1 --images 0 --settings suggested
    python small_data.py --table      # what docs/small_data.md has
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import experiment
import tables

import swiftalexnet as sa


class Setting(NamedTuple):
    """The differences from the suggestion."""

    network: dict[str, Any] = {}  # noqa: RUF012 (nobody changes it)
    preprocessing: dict[str, Any] = {}  # noqa: RUF012
    recipe: dict[str, Any] = {}  # noqa: RUF012


SHORTER = {"epochs": 100, "schedule": sa.EpochSchedule((80,))}
PLAIN = {**SHORTER, "rotation": 0.0, "shift": 0, "color_noise": 0.0}
SETTINGS = {
    "suggested": Setting(),
    "fewer epochs": Setting(recipe=SHORTER),
    "plain": Setting(recipe=PLAIN),
    "plain, decay 0.004": Setting(recipe={**PLAIN, "weight_decay": 0.004}),
    "plain, centre square": Setting(preprocessing={"warp": False}, recipe=PLAIN),
    "plain, `18pct`": Setting({"variant": "cifar-18pct"}, recipe=PLAIN),
    "plain, AlexNet": Setting({"variant": "chm145", "image_size": 64}, {"scale": None}, PLAIN),
}


def main() -> None:
    """Train every setting with every seed, or print the table."""
    options = _arguments()
    if options.table:
        print(as_markdown(tables.read(experiment.RESULTS, "small_data")), end="")
        return
    results = experiment.Results(options)
    with tempfile.TemporaryDirectory() as folder:
        train, *measured = photographs(options, Path(folder))
        images = [len(part) for part in (train, *measured)]
        for seed in range(options.seeds):
            for name in options.settings:
                suggestion = suggest(train, SETTINGS[name], options)
                network = {key: value for key, value in vars(suggestion).items() if key != "recipe"}
                chosen = {"epochs": suggestion.recipe.epochs, "recipe": suggestion.recipe.to_json()}
                settings = {"setting": name, "seed": seed, "images": images, **network, **chosen}

                def work(name: str = name, seed: int = seed, suggestion: sa.Suggestion = suggestion) -> dict[str, Any]:
                    return train_one(train, measured, suggestion, SETTINGS[name].preprocessing, seed)

                results.run(settings, work)


def photographs(options: argparse.Namespace, links: Path) -> list[sa.ImageFolder]:
    """Return the training images, those that the demo holds out of the same folder, and `validation/`."""
    everything = sa.ImageFolder(options.folder / "train")
    for name in everything.classes:
        (links / name).mkdir()
        for path in sorted((options.folder / "train" / name).iterdir())[: options.images or None]:
            (links / name / path.name).symlink_to(path.resolve())
    parts = sa.ImageFolder(links, cache=True).split(5)
    return [*parts, sa.ImageFolder(options.folder / "validation", everything.classes, cache=True)]


def suggest(train: sa.ImageFolder, setting: Setting, options: argparse.Namespace) -> sa.Suggestion:
    """Return the suggestion with the setting's changes."""
    found = sa.suggest(train)
    changes = setting.recipe | ({"epochs": 1} if options.quick else {})
    return dataclasses.replace(found, **setting.network, recipe=found.recipe.replace(**changes))


def train_one(
    train: sa.ImageFolder,
    measured: list[sa.ImageFolder],
    suggestion: sa.Suggestion,
    preprocessing: dict[str, Any],
    seed: int,
) -> dict[str, Any]:
    """Train one network; measure it with the centre crop and ten crops on the held-out images and `validation/`."""
    model = suggestion.build(len(train.classes), seed=seed)
    model.preprocessing = model.preprocessing.replace(**preprocessing)
    started = time.process_time()
    history = model.fit(train, recipe=suggestion.recipe, seed=seed, progress=False, on_epoch_end=experiment.show)
    seconds = round(time.process_time() - started, 1)
    held_out, validation = (experiment.errors(model, part, (1, 10)) for part in measured)
    last = history.rows[-1:]  # nobody draws these curves, and all of them are a megabyte
    return {"history": last, "processor_seconds": seconds, "held out": held_out, "test": validation}


def as_markdown(runs: list[tables.Run]) -> str:
    """Return the table of docs/small_data.md and how its runs were made."""
    rows = []
    for group in tables.grouped(runs, "seed"):
        settings = group[0]["settings"]
        errors = [
            tables.spread([run[part][views]["top1_error"] for run in group])
            for part in ("held out", "test")
            for views in ("1", "10")
        ]
        cost = tables.spread([run["processor_seconds"] for run in group], 0)
        rows.append(
            [settings["setting"], f"{settings['images'][0]}", f"{settings['epochs']}", cost, f"{len(group)}", *errors]
        )
    errors = ["held out", "ten crops", "`validation/`", "ten crops"]
    titles = ["setting", "images", "epochs", "processor seconds", "seeds", *errors]
    return f"{tables.table(titles, rows)}\n{tables.provenance(runs)}"


def _arguments() -> argparse.Namespace:
    parser = experiment.arguments(__doc__, seeds=3)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(experiment.DATA) / "clothing")
    parser.add_argument("--images", type=int, default=40, metavar="N", help="of each class; 0: all (default: 40)")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS), metavar="NAME")
    parser.add_argument("--table", action="store_true", help="print the table of the results and train nothing")
    options = parser.parse_args()
    if options.quick:
        options.images, options.seeds = min(options.images or 8, 8), min(options.seeds, 2)
    return options


if __name__ == "__main__":
    main()
