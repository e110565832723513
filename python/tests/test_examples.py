"""The demo reaches the results in the README, Ray's actors write files; `test_notebooks.py` runs the notebooks."""

import csv
import subprocess
import sys
from pathlib import Path

from command_line import environment
from support import needs, photo_folder, tiny_model

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def demo(*arguments: object) -> str:
    return example("demo.py", *arguments)


def example(script: str, *arguments: object) -> str:
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=900, env=environment()).stdout


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


def test_ray_writes_a_row_for_every_image(tmp_path):
    needs("ray")
    pyarrow = needs("pyarrow.parquet")
    folder = photo_folder(tmp_path / "photos")
    (folder / "dark" / "0.png").write_bytes(b"broken")
    tiny_model().save(tmp_path / "m")
    text = example("ray_classify.py", folder, "--model", tmp_path / "m", "--out", tmp_path / "out", "--batch-size", 8)
    assert "24 rows, 1 of them images that cannot be read" in text
    table = pyarrow.read_table(tmp_path / "out")
    assert sorted(table.column("path").to_pylist()) == sorted(map(str, folder.rglob("*.png")))
    assert table.column("label").null_count == 1
