"""Group the runs of experiments and describe them: numbers as text, tables, prose with placeholders."""

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Run = dict[str, Any]

PROSE = Path(__file__).resolve().parent / "prose"


def read(folder: Path, name: str) -> list[Run]:
    """Return the runs of an experiment; none if it was not run."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text())["runs"] if path.exists() else []


def grouped(runs: Iterable[Run], *apart: str) -> list[list[Run]]:
    """Group runs whose settings are the same except for those named, in the order of their first runs."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        key = json.dumps({name: value for name, value in run["settings"].items() if name not in apart}, sort_keys=True)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with the first column left-aligned and the others right-aligned."""
    lines = [titles, ["---", *("--:" for _ in titles[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def spread(values: Sequence[float], digits: int = 1, sign: str = "") -> str:
    """Return mean ± standard deviation, or a single value."""
    mean = f"{statistics.fmean(values):{sign}.{digits}f}".replace("-", "−")
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def fill(name: str, **values: Any) -> str:
    """Return a text of the folder `prose` with its placeholders filled in."""
    return (PROSE / f"{name}.md").read_text().format(**values)


def not_run(name: str) -> str:
    """Return the heading of a text, and that there are no results for it."""
    return (PROSE / f"{name}.md").read_text().partition("\n")[0] + "\n\nNot run.\n"


def duration(runs: Iterable[Run]) -> str:
    """Return the total duration of runs."""
    minutes = math.ceil(sum(run["seconds"] for run in runs) / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def counted(threads: int) -> str:
    """Return the number of threads in words."""
    return f"{threads} {'thread' if threads == 1 else 'threads'}"


def durations(runs: Sequence[Run]) -> str:
    """Return the total duration of runs for each number of threads."""
    parts = []
    for threads in sorted({run["machine"]["threads"] for run in runs}):
        those = [run for run in runs if run["machine"]["threads"] == threads]
        parts.append(f"{duration(those)} on {counted(threads)}")
    return " and ".join(parts)


def provenance(runs: Sequence[Run]) -> str:
    """Describe how, where and with which versions runs were made, listing each difference once."""
    commands = _once(run["command"] for run in runs)
    places = _once(
        f"{run['machine']['cpu']}, {counted(run['machine']['threads'])}, {run['machine']['instruction set']}; "
        + ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        for run in runs
    )
    listing = "\n".join(commands)
    return f"```sh\n{listing}\n```\n\n{'; '.join(places)}; {duration(runs)} in all.\n"


def top1(run: Run, views: str = "1") -> float:
    """Return the top-1 error of a run, in percent."""
    return float(run["test"][views]["top1_error"])


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
