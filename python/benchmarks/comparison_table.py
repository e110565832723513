"""The results of `run.py` as one Markdown table."""

from engines import MODULES

OURS = "swiftalexnet"


def markdown(results: dict) -> str:
    """Write a row for each measurement, a column for each engine, and our ratio to the best of the others."""
    names = [name for name in MODULES if name in results["versions"]]
    titles = ["float32", *names, "swiftalexnet ÷ best", "goal"]
    rows = [_cells(row, names) for row in results["rows"]]
    rule = ["---", *("--:" for _ in titles[1:])]
    return "\n".join([*_preamble(results), "", *map(_line, [titles, rule, *rows])]) + "\n"


def _preamble(results: dict) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return [
        f"{results['cpu']}, {results['threads']} threads; {versions}.",
        "Medians of alternating rounds in one run; the input lies in the order a peer likes before the clock starts.",
    ]


def _cells(row: dict, names: list[str]) -> list[str]:
    medians = {name: measured["median"] for name, measured in row["engines"].items()}
    comparison = "≥" if row["higher_is_better"] else "≤"
    values = [_number(medians.get(name)) for name in names]
    return [row["title"], *values, _number(_ratio(medians, row["higher_is_better"])), f"{comparison} {row['goal']}"]


def _ratio(medians: dict[str, float], higher_is_better: bool) -> float | None:
    """Divide ours by the best of the others; None where either is missing."""
    others = [value for name, value in medians.items() if name != OURS]
    if OURS not in medians or not others:
        return None
    return medians[OURS] / (max if higher_is_better else min)(others)


def _number(value: float | None) -> str:
    """Three digits, or a dash where there is nothing."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
