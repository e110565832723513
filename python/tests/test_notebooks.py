"""Every notebook in examples runs unchanged, and is committed with the outputs of such a run."""

import pytest
from notebooks import EXAMPLES, WIDGET, code_cells, faults, missing_modules, read, run, shown, stderr

nbformat = pytest.importorskip("nbformat", reason="pip install 'swiftalexnet[notebook]' to run the notebooks")
for module in ("nbclient", "ipykernel"):
    pytest.importorskip(module, reason="pip install 'swiftalexnet[notebook]' to run the notebooks")

NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_committed_as_it_was_run(name):
    assert not faults(read(EXAMPLES / name), (EXAMPLES / name).stat().st_size)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_unchanged(name, tmp_path):
    notebook = read(EXAMPLES / name)
    if missing := missing_modules(notebook):
        pytest.skip(f"{name} imports {', '.join(missing)}: pip install 'swiftalexnet[test]' to run it")
    committed = [len(cell.outputs) for cell in code_cells(notebook)]
    run(notebook, tmp_path)
    cells = code_cells(notebook)
    assert [bool(cell.outputs) for cell in cells] == [count > 0 for count in committed], "cells that show something"
    assert "Traceback" not in stderr(cells)


def test_the_digits_notebook_shows_figures_tables_and_a_bar():
    cells = code_cells(read(EXAMPLES / "train_on_digits.ipynb"))
    assert len(shown(cells, "image/png")) >= 3 and len(shown(cells, "text/html")) >= 3
    assert shown(cells, WIDGET), "no progress bar: execute it where ipywidgets is installed"


FAULTY = {
    "were not run": {"execution_count": None},
    "a cell has failed": {"outputs": [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]},
    "standard error": {"outputs": [nbformat.v4.new_output("stream", name="stderr", text="x.py:1: UserWarning: no")]},
    "paths of the machine": {"outputs": [nbformat.v4.new_output("stream", name="stdout", text="saved /home/ann/m.h5")]},
}


@pytest.mark.parametrize("expected", FAULTY)
def test_a_notebook_that_must_not_be_committed_is_told(expected):
    table = nbformat.v4.new_output("execute_result", data={"text/html": "https://example.org/data/x, a/tmp/b"})
    cell = nbformat.v4.new_code_cell("1", execution_count=1, outputs=[table])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert not faults(notebook, 1000)
    cell.update({"outputs": [*cell.outputs, *FAULTY[expected].get("outputs", [])]} | {
        name: value for name, value in FAULTY[expected].items() if name != "outputs"
    })  # fmt: skip
    assert expected in faults(notebook, 1000)[0]


def test_missing_packages_of_a_notebook_are_named():
    cell = nbformat.v4.new_code_cell("%matplotlib inline\nimport numpy\nfrom no_such_package.part import x")
    assert missing_modules(nbformat.v4.new_notebook(cells=[cell])) == ["no_such_package"]
