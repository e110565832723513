"""The results of `run.py` as one Markdown table: a line for each arithmetic of ours in each row."""

import statistics
from collections.abc import Iterable
from typing import Any, NamedTuple

from engines import CONTENDERS, OURS
from everyday import ROWS
from goals import ANY, BEST, LIMIT, Goal, compare
from jobs import JOBS, Job
from nets import macs
from results import Results

PEERS = tuple(dict.fromkeys(each.column for each in CONTENDERS.values() if each.module != OURS))
TITLES = (*PEERS, OURS, "÷ best of its precision", "÷ best", "of the limit", "goal", "met")
DASH = "–"


class Line(NamedTuple):
    """What the table says of one of our arithmetics."""

    title: str
    peers: dict[str, float]  # by column
    ours: float | None
    figures: dict[str, float]  # what goals speak of
    goals: tuple[Goal, ...]
    precision: str = "float32"

    def cells(self) -> list[str]:
        """Write the line as `TITLES` wants it."""
        share = self.figures.get(LIMIT)
        return [
            self.title,
            *(_number(self.peers.get(column)) for column in PEERS),
            _number(self.ours),
            _number(self.figures.get(BEST[self.precision])),
            _number(self.figures.get(ANY)),
            DASH if share is None else f"{share:.0%}",
            "; ".join(map(str, self.goals)) or DASH,
            _verdict(self.goals, self.figures),
        ]


def markdown(results: Results) -> str:
    """Write the table of all rows that have results, what it was measured with, and who was left out."""
    found = [line for job in JOBS if job.title in results.rows for line in _race(job, results.rows[job.title])]
    for check in ROWS:
        if check.title in results.rows:
            figures = results.rows[check.title]["figures"]
            found += [
                Line(f"{check.title}: {goal.of}", {}, figures.get(goal.of), figures, (goal,)) for goal in check.goals
            ]
    titles = ["work", *TITLES]
    rule = ["---", *("--:" for _ in TITLES)]
    table = [f"| {' | '.join(cells)} |" for cells in (titles, rule, *(line.cells() for line in found))]
    return "\n".join([*_preamble(results), "", *table, *_left_out(results)]) + "\n"


def _race(job: Job, row: dict[str, Any]) -> Iterable[Line]:
    """Write a job's lines: images/s of each of our arithmetics, then memory where the job has a goal for it."""
    medians = {name: engine["median"] for name, engine in row["engines"].items()}
    for name, goals in job.goals.items():
        if name not in medians and name not in row["left_out"]:
            continue  # not asked for
        precision = CONTENDERS[name].precision
        figures = compare(medians, name)
        if name in medians and precision in row["limits"]:
            flops = 2 * macs(job.variant, training=job.work == "training") * medians[name]
            figures[LIMIT] = flops / row["limits"][precision]
        title = f"{job.title}, {name.removeprefix(OURS).strip()}, images/s"
        yield Line(title, _columns(medians, max), medians.get(name), figures, goals, precision)
    if job.peak:
        peaks = {name: engine["peak_bytes"] / 2**30 for name, engine in row["engines"].items()}
        for name in job.goals:
            figures = compare(peaks, name, lower_is_better=True)
            title = f"peak memory of {job.title}, {name.removeprefix(OURS).strip()}, GiB"
            yield Line(title, _columns(peaks, min), peaks.get(name), figures, (job.peak,), CONTENDERS[name].precision)


def _columns(values: dict[str, float], best: Any) -> dict[str, float]:
    """Keep the best contender of each column."""
    columns: dict[str, list[float]] = {}
    for name, value in values.items():
        columns.setdefault(CONTENDERS[name].column, []).append(value)
    return {column: best(found) for column, found in columns.items()}


def _preamble(results: Results) -> list[str]:
    machine = results.machine
    versions: dict[str, str] = {}
    spreads = []
    for row in results.rows.values():
        versions |= row["versions"]
        spreads += [e["fastest"] / e["slowest"] - 1 for e in row.get("engines", {}).values()]
    lines = [
        f"{machine['cpu']}, {machine['threads']} threads, instructions: {machine['instructions']}; "
        + ", ".join(f"{name} {version}" for name, version in versions.items())
        + "."
    ]
    if spreads:
        lines.append(
            "Medians of alternating rounds; a peer's cell is the quickest of its ways to compute so. For half of the "
            f"engines the fastest round is more than {statistics.median(spreads):.1%} above the slowest."
        )
    return lines


def _left_out(results: Results) -> list[str]:
    """List who is missing in which row, and why."""
    missing = [
        f"- {title}: {name}: {reason}"
        for title, row in results.rows.items()
        for name, reason in row["left_out"].items()
    ]
    return ["", "Left out:", "", *missing] if missing else []


def _verdict(goals: tuple[Goal, ...], figures: dict[str, float]) -> str:
    """Say yes where all goals are met, no where one is missed, and nothing where a figure is missing."""
    answers = [goal.met(figures) for goal in goals]
    if False in answers:
        return "no"
    return DASH if None in answers or not answers else "yes"


def _number(value: float | None) -> str:
    """Three digits, or a dash where there is nothing."""
    if value is None:
        return DASH
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
