"""The report's section on training in bfloat16."""

import statistics
from pathlib import Path

import drawings
import tables
from tables import Run, fill, spread

LAST = 3  # epochs that make a run's end: one validation photograph more or less is 0.3 points
COLUMN = "validation_top1_error"


def precision(runs: list[Run], images: Path) -> str:
    """float32 and bfloat16 side by side, and whether their results agree."""
    groups = tables.grouped(runs, "seed", "precision")
    if not groups:
        return tables.not_run("precision")
    group = groups[-1]  # of several budgets, the last
    rows = [
        [
            name,
            str(len(found)),
            *(spread([run["history"][-1][column] for run in found], 3) for column in ("train_loss", "validation_loss")),
            spread([end(run) for run in found]),
            *(spread([tables.top1(run, views) for run in found]) for views in ("1", "10")),
        ]
        for name, found in _by_precision(group).items()
    ]
    last = f"mean of the last {LAST} epochs' errors"
    titles = ["precision", "seeds", "training loss", "validation loss", last, "one crop", "ten crops"]
    settings = group[0]["settings"]
    drawings.curves(
        {name: [run["history"] for run in found] for name, found in _by_precision(group).items()},
        COLUMN,
        "validation error",
    ).savefig(images / "precision.png")
    return fill(
        "precision",
        **{name: settings[name] for name in ("size", "resize", "epochs")},
        train=settings["data"]["train"],
        test=settings["data"]["test"],
        table=tables.table(titles, rows),
        verdict=verdict(group),
        figure="![Validation error over epochs; bands go from the best to the worst seed](images/precision.png)\n",
        provenance=tables.provenance(group),
    )


def end(run: Run) -> float:
    """Return the validation error at the end of a run, in percent."""
    return statistics.fmean(row[COLUMN] for row in run["history"][-LAST:])


def verdict(runs: list[Run]) -> str:
    """Describe whether the means of the precisions differ by no more than the seeds of float32."""
    ends = {name: [end(run) for run in found] for name, found in _by_precision(runs).items()}
    if set(ends) != {"float32", "bfloat16"} or len(ends["float32"]) < 2:
        return "Not all runs are there: nothing can be said of the precisions yet."
    difference = statistics.fmean(ends["bfloat16"]) - statistics.fmean(ends["float32"])
    apart = max(ends["float32"]) - min(ends["float32"])
    answer = "within" if abs(difference) <= apart else "outside"
    signed = f"{difference:+.2f}".replace("-", "−")
    return f"bfloat16 ends {signed} points from float32, whose seeds lie {apart:.2f} apart: {answer} their spread."


def _by_precision(runs: list[Run]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run["settings"]["precision"], []).append(run)
    return found
