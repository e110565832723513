"""The same recipe, seed and images train to the same bits from Swift and from Python.

Tests/SwiftAlexNetTests/SameBitsAsPythonTests.swift trains by the same files of golden/trained. A file has three parts,
a blank line between them: what is trained how, the network's specification, and a number for each parameter of the
trained network, on portable kernels. `python python/tests/test_same_bits_as_swift.py` writes the numbers anew.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from fresh_process import run

import swiftalexnet as sa
from swiftalexnet.model import Model

FILES = sorted((Path(__file__).parent / "golden" / "trained").glob("*.txt"))
# OpenBLAS would sum in an order of its own.
PORTABLE = {"SWIFTALEXNET_ISA": "portable", "SWIFTALEXNET_GEMM": "swift"}


class Case(NamedTuple):
    """A file's three parts."""

    settings: dict[str, str]
    spec: str
    expected: list[str]


def read(file: Path) -> Case:
    settings, spec, numbers = file.read_text(encoding="utf-8").split("\n\n")
    return Case(dict(line.split(" ", 1) for line in settings.splitlines()), f"{spec}\n", numbers.splitlines())


def images(count: int, side: int) -> np.ndarray:
    """Return images made of whole numbers, so that Swift makes the same."""
    image, index = np.arange(count)[:, None], np.arange(side * side * 3)[None]
    pixels = 60 * (image % 3) + (31 * image + 7 * index + index * index // 128) % 97
    return pixels.astype(np.uint8).reshape(count, side, side, 3)


def number(values: np.ndarray) -> int:
    """Return one number for the bits of all values, in whatever order they lie in memory."""
    bits = np.ascontiguousarray(values).view(np.uint32).astype(np.uint64) + np.uint64(1)
    return int((bits * bits).sum(dtype=np.uint64))


def trained(case: Case) -> list[str]:
    """Train by a file and return its third part."""
    words = case.settings
    variant = case.spec.splitlines()[0].split()[1]
    model = Model.from_spec(case.spec, words["initialization"], int(words["network_seed"]), variant=variant)
    count, side = int(words["images"]), int(words["side"])
    data = sa.ArrayDataset(images(count, side), np.arange(count) % 3)
    recipe = sa.recipe(words["recipe"], batch_size=int(words["batch_size"]))
    model.fit(data, recipe=recipe, epochs=int(words["epochs"]), seed=int(words["seed"]), progress=False)
    return [f"{name} {number(values)}" for name, values in model.parameters().items()]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_same_bits(file):
    code = "import sys, pathlib, test_same_bits_as_swift as test; test.show(pathlib.Path(sys.argv[1]))"
    assert run(code, str(file), **PORTABLE).splitlines() == read(file).expected


def show(file: Path) -> None:
    print(*trained(read(file)), sep="\n")


if __name__ == "__main__":
    assert all(os.environ.get(name) == value for name, value in PORTABLE.items()), f"set {PORTABLE}"
    for each in FILES:
        parts = each.read_text(encoding="utf-8").split("\n\n")[:2]
        each.write_text("\n\n".join([*parts, "\n".join(trained(read(each)))]) + "\n", encoding="utf-8")
