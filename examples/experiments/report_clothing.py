"""The report's section on photographs of clothes."""

import math
from pathlib import Path

import drawings
import tables
from tables import Run, fill, spread, top1

# Krizhevsky et al. 2012: what leaving a part out does to the top-1 error, in points, or in the paper's words.
CONDITIONS = {
    "non_overlapping": ("pooling without overlap", "+0.4 (section 3.4)"),
    "no_dropout": ("no dropout", "“substantial overfitting” (4.2)"),
    "no_augmentation": ("no crops, mirror images, colour shifts", "“substantial overfitting” (4.1)"),
    "one_tower": ("one tower, no groups", "–"),
    "tanh": ("tanh in place of ReLU", "slower (3.1)"),
    "no_lrn": ("no response normalisation", "+1.4 (3.3)"),
    "one_gpu": ("one GPU, half of the kernels", "+1.7 (3.2)"),
}
BASE = "the authors' network"


def clothing(runs: list[Run], images: Path) -> str:
    """Ablations on photographs of clothes."""
    groups = tables.grouped(runs, "seed", "condition", "recipe")
    if not groups:
        return tables.not_run("clothing")
    group = groups[-1]  # of several budgets, the last
    by_name: dict[str, dict[int, Run]] = {}
    for run in group:
        by_name.setdefault(run["settings"]["condition"], {})[run["settings"]["seed"]] = run
    base = by_name.pop("base", {})
    rows = [[BASE, "–", *_cells(base, {})]] if base else []
    rows += [[*CONDITIONS[name], *_cells(found, base)] for name, found in by_name.items()]
    rows += [
        [title, paper, "not run", "", "", ""] for name, (title, paper) in CONDITIONS.items() if name not in by_name
    ]
    settings = group[0]["settings"]
    count = settings["data"]["test"]
    titles = ["condition", "paper, without it", "one crop", "ten crops", "ten − one", f"one crop, less {BASE}'s"]
    return fill(
        "clothing",
        **{name: settings[name] for name in ("size", "resize", "epochs")},
        train=settings["data"]["train"],
        test=count,
        photograph=100 / count,
        deviation=100 * math.sqrt(0.25 * 0.75 / count),
        table=tables.table(titles, rows),
        figure=_figure({CONDITIONS[name][0]: _paired(found, base) for name, found in by_name.items()}, images),
        provenance=tables.provenance(group),
    )


def _cells(found: dict[int, Run], base: dict[int, Run]) -> list[str]:
    one, ten = ([top1(run, views) for run in found.values()] for views in ("1", "10"))
    gain = [after - before for before, after in zip(one, ten, strict=True)]
    paired = _paired(found, base)
    seeds = f" ({len(one)} seeds)" if len(one) > 1 else ""
    return [spread(one) + seeds, spread(ten), spread(gain, sign="+"), spread(paired, sign="+") if paired else "–"]


def _paired(found: dict[int, Run], base: dict[int, Run]) -> list[float]:
    """Return differences of runs with the same seed."""
    return [top1(run) - top1(base[seed]) for seed, run in found.items() if seed in base]


def _figure(rows: dict[str, list[float]], images: Path) -> str:
    rows = {title: values for title, values in rows.items() if values}
    if not rows:
        return ""
    drawings.differences(rows, "difference in validation error (points)").savefig(images / "clothing.png")
    return "![Differences by seed; the bar is their mean](images/clothing.png)\n"
