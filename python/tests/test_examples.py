"""The notebook runs unchanged; the demo reaches the results in the README."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
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


_WIDGET = "application/vnd.jupyter.widget-view+json"


def shown(cells, kind):
    """Return the cells' outputs of one kind."""
    return [output.data[kind] for cell in cells for output in cell.outputs if kind in output.get("data", {})]


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    """Return a function that reads a notebook, which must be committed executed, and one that runs its cells again."""
    nbformat = pytest.importorskip("nbformat", reason="pip install 'swiftalexnet[notebook]' to run the notebook")
    nbclient = pytest.importorskip("nbclient", reason="pip install 'swiftalexnet[notebook]' to run the notebook")
    pytest.importorskip("ipykernel", reason="pip install 'swiftalexnet[notebook]' to run the notebook")
    paths = [str(EXAMPLES.parent / "python"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))

    def read(name):
        found = nbformat.read(EXAMPLES / name, as_version=4)
        code = [cell for cell in found.cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in code)
        return code, lambda: nbclient.NotebookClient(
            found, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
        ).execute()

    return read


def test_notebook_on_digits(notebook):
    code, execute = notebook("train_on_digits.ipynb")
    assert len(shown(code, "image/png")) >= 3 and len(shown(code, "text/html")) >= 3
    assert shown(code, _WIDGET), "no progress bar: execute it where ipywidgets is installed"
    execute()
    errors = "".join(output.text for cell in code for output in cell.outputs if output.get("name") == "stderr")
    assert shown(code, _WIDGET) or "train:" in errors, "no progress bar"


def test_notebook_of_lpips(notebook):
    for module in ("matplotlib", "pandas", "scipy", "sklearn"):
        needs(module)
    code, execute = notebook("lpips.ipynb")
    assert len(shown(code, "image/png")) == 4
    execute()
    assert len(shown(code, "image/png")) == 4
