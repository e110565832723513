"""Results of `clothing.py` as a Markdown table and an image of the learning curves.

    python clothing_report.py torch.json swiftalexnet.json --out clothing

writes `clothing.md` and `clothing.png`.
"""

import argparse
import json
from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("Agg")  # a file, no window

LAST = 5  # epochs that the summary averages: one validation photograph more or less is 0.3 points


def main() -> None:
    """Read the runs, write the table and the image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("clothing"))
    arguments = parser.parse_args()
    runs = [json.loads(path.read_text()) for path in arguments.results]
    report = table(runs)
    arguments.out.with_suffix(".md").write_text(report)
    draw(runs, arguments.out.with_suffix(".png"))
    print(report)


def table(runs: list[dict]) -> str:
    """Write one row for each run: its errors on the validation photographs and its last loss."""
    titles = ["engine", "seed", "last error, %", f"mean of last {LAST}, %", "lowest, %", "train loss"]
    lines = [titles, ["---", *("--:" for _ in titles[1:])], *(_cells(run) for run in runs)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def draw(runs: list[dict], path: Path) -> None:
    """Draw validation error over epochs: one colour for each engine, one line for each seed."""
    curves = pd.concat({_name(run): _frame(run).set_index("epoch")["validation_top1_error"] for run in runs}, axis=1)
    engines = sorted({run["engine"] for run in runs})
    colours = [f"C{engines.index(run['engine'])}" for run in runs]
    axes = curves.plot(figsize=(8, 4.5), color=colours, alpha=0.8, ylabel="validation top-1 error, %", ylim=(0, None))
    axes.set_title("AlexNet owt from scratch on photographs of clothes")
    axes.grid(alpha=0.3)
    axes.figure.savefig(path, dpi=120, bbox_inches="tight")


def _cells(run: dict) -> list[str]:
    frame = _frame(run)
    errors = frame["validation_top1_error"]
    figures = [errors.iloc[-1], errors.tail(LAST).mean(), errors.min()]
    loss = frame["train_loss"].iloc[-1]
    version = f"{run['engine']} {run['version']}"
    return [version, str(run["recipe"]["seed"]), *(f"{value:.1f}" for value in figures), f"{loss:.3f}"]


def _frame(run: dict) -> pd.DataFrame:
    return pd.DataFrame(run["epochs"])


def _name(run: dict) -> str:
    return f"{run['engine']}, seed {run['recipe']['seed']}"


if __name__ == "__main__":
    main()
