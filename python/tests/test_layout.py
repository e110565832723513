"""Rooms of the package: imports go down, there are no circles, and the top stays small.

Every import counts: those in functions and those for type checkers, too.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import swiftalexnet

PACKAGE = Path(swiftalexnet.__file__).parent

# From the top down. A room may import what stands below it, and itself.
ROOMS = (
    *(
        "cli",
        "ray",
        "sklearn",
        "small_data",
        "architectures",
        "families",
        "model",
        "perceptual",
        "attribution",
        "profiling",
        "training",
        "distributed",
        "evaluation",
        "plots",
        "quantization",
        "inference",
        "formats",
    ),
    *("statistics", "recipes", "data", "network", "preprocessing", "images", "ops", "files", "runtime"),
    *("_support", "errors", "_native"),
)
MOST_AT_THE_TOP = 16


def modules() -> dict[str, Path]:
    """Return the file of every module by its name below the package: `data.loader`; a package by its folder's."""
    files = {}
    for path in sorted(PACKAGE.rglob("*.py*")):
        if path.suffix in (".py", ".pyi"):
            parts = path.relative_to(PACKAGE).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imports_of(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the package's own modules that a module imports."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import) and not name.startswith("cli"):  # which uses the package as everybody does
            assert not any(each.name.split(".")[0] == "swiftalexnet" for each in node.names), f"{name}: absolute import"
        if isinstance(node, ast.ImportFrom):
            assert node.level or node.module.split(".")[0] != "swiftalexnet", f"{name}: absolute import"
            if node.level:
                base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
                source = ".".join(filter(None, base))
                targets = (f"{source}.{each.name}".lstrip(".") for each in node.names)
                found |= {target if target in known else source for target in targets}
    return found - {name, ""}


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Every module but the two that start the package, and what it imports."""
    known = modules()
    names = [name for name in known if name not in ("", "__main__")]
    assert len(names) > 100, "the test must find the modules"
    return {name: imports_of(name, known[name], known) for name in names}


def room_of(name: str) -> str:
    return name.split(".")[0]


def test_every_room_has_its_place(graph):
    assert {room_of(name) for name in graph} == set(ROOMS)


def test_imports_go_down(graph):
    height = {room: -place for place, room in enumerate(ROOMS)}
    up = {
        f"{name} imports {other}"
        for name, others in graph.items()
        for other in others
        if height[room_of(other)] > height[room_of(name)] and not (name == "_native" and room_of(other) == "_support")
    }
    assert not up  # but for the extension's stub, which takes the names of its arguments from _support


def test_no_circle_of_files(graph):
    known = {name: others - {"_native"} for name, others in graph.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' -> '.join(error.args[1])}")


def test_few_modules_at_the_top():
    at_top = [path.name for path in PACKAGE.iterdir() if path.suffix in (".py", ".pyi")]
    assert len(at_top) <= MOST_AT_THE_TOP, sorted(at_top)
