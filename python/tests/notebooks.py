"""The notebooks in examples: run one, and what its committed outputs must be like.

    python python/tests/notebooks.py examples/train_on_digits.ipynb

runs notebooks and replaces their outputs: the way to commit one. Look at the result before you do.
"""

import ast
import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SECONDS = 600  # a bound for a busy machine; a notebook takes well under a minute
LARGEST = 2_000_000  # bytes of a committed notebook

# Where files lie on somebody's machine, and an interpreter's own files; a path of the web is none.
MACHINE_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|root|work|tmp|usr|opt|var|mnt|data|Users|private|content)/[\w.~-]|site-packages|[A-Z]:\\\\?Users"
)
WIDGET = "application/vnd.jupyter.widget-view+json"


def read(path: Path) -> Any:
    import nbformat

    return nbformat.read(path, as_version=4)


def run(notebook: Any, folder: Path) -> None:
    """Execute every cell in a new kernel that starts in `folder` and imports this package from its sources.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell has raised something.
    """
    import nbclient

    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT / "python"), before)))
    try:
        options = {"record_timing": False, "resources": {"metadata": {"path": str(folder)}}}
        nbclient.NotebookClient(notebook, timeout=SECONDS, **options).execute()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def code_cells(notebook: Any) -> list[Any]:
    """Return the cells of code that are not empty."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def shown(cells: list[Any], kind: str) -> list[Any]:
    """Return the cells' outputs of one kind, such as "image/png"."""
    return [output.data[kind] for cell in cells for output in cell.outputs if kind in output.get("data", {})]


def stderr(cells: list[Any]) -> str:
    """Return what the cells have written to standard error."""
    return "".join(output.text for cell in cells for output in cell.outputs if output.get("name") == "stderr")


def missing_modules(notebook: Any) -> list[str]:
    """Return the packages that a notebook imports and that are not installed."""
    names = {name for cell in code_cells(notebook) for name in _imports(cell.source)}
    found = {name: importlib.util.find_spec(name) for name in names - {"swiftalexnet"}}
    # A folder of tests may have a package's name; it has no file that it comes from.
    return sorted(name for name, spec in found.items() if spec is None or spec.origin is None)


def faults(notebook: Any, size: int) -> list[str]:
    """Return what is wrong with a notebook as it is committed; nothing if it may be.

    Parameters
    ----------
    notebook : NotebookNode
    size : int
        Bytes of its file.
    """
    cells = code_cells(notebook)
    found = []
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        found.append("its cells were not run once each, from the first to the last")
    if not shown(cells, "image/png") and not shown(cells, "text/html"):
        found.append("it shows no figure and no table")
    if any(output.output_type == "error" for cell in cells for output in cell.outputs):
        found.append("a cell has failed")
    if complaints := re.findall(r"Traceback.*|\w*Warning: .*", stderr(cells)):
        found.append(f"standard error has {complaints[:3]}")
    if size > LARGEST:
        found.append(f"it has {size:,} bytes, expected at most {LARGEST:,}: show fewer or smaller figures")
    paths = sorted({path for text in _texts(notebook) for path in _machine_paths(text)})
    if paths:
        found.append(f"it shows paths of the machine it was run on: {paths[:3]}")
    return found


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]


def _texts(notebook: Any) -> Iterator[str]:
    """Return the metadata, the sources and all outputs that are text; base64 of a figure is none."""
    yield json.dumps(notebook.metadata)
    for cell in notebook.cells:
        yield cell.source
        for output in cell.get("outputs", ()):
            yield str(output.get("text", ""))
            for kind, value in output.get("data", {}).items():
                if not kind.startswith("image/") or kind == "image/svg+xml":
                    yield re.sub(r"data:[\w/+.-]+;base64,[\w+/=\s]+", "", str(value))


def _machine_paths(text: str) -> list[str]:
    return [text[max(0, found.start() - 10) : found.end() + 40] for found in MACHINE_PATH.finditer(text)]


def main(paths: list[str]) -> None:
    import nbformat

    for path in map(Path, paths):
        notebook = read(path)
        with tempfile.TemporaryDirectory() as folder:
            run(notebook, Path(folder))
        nbformat.write(notebook, path)
        print(path, *(faults(notebook, path.stat().st_size) or ["is fit to be committed"]), sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1:])
