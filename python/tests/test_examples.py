"""The demo reaches the results in the README; `test_notebooks.py` runs the notebooks."""

import csv
import subprocess
import sys
from pathlib import Path

from support import needs, photo_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def demo(*arguments: object) -> str:
    command = [sys.executable, str(EXAMPLES / "demo.py"), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=900).stdout


def test_demo_on_digits_errs_in_5_percent_at_most(tmp_path):
    needs("sklearn")
    needs("matplotlib")
    demo("--output", tmp_path)
    with open(tmp_path / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["validation_top1_error"]) <= 5
    assert float(rows[-1]["validation_top1_error"]) > 0 or float(rows[-1]["validation_loss"]) > 0
    figures = ("learning_curves", "conv1_kernels", "confusion", "predictions", "worst")
    for name in ("model.safetensors", *(f"{figure}.png" for figure in figures)):
        assert (tmp_path / name).stat().st_size > 10_000, name


def test_demo_on_photographs(tmp_path):
    needs("matplotlib")
    folder = photo_folder(tmp_path / "photos", count=12, side=70)
    (folder / "dark" / "0.png").write_bytes(b"broken")
    text = demo("--data", folder, "--output", tmp_path / "out", "--epochs", 1, "--size", 64)
    assert "held out, centre crop" in text
    for figure in ("confusion", "predictions", "worst"):
        assert (tmp_path / "out" / f"{figure}.png").exists()
