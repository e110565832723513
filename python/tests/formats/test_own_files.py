"""This package's own files, damaged at random, and with right checksums around what no program writes."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

from formats.hostile import Case, assert_survives, damaged
from fuzz.files.structure import change_json
from support import tiny_model

import swiftalexnet as sa
from swiftalexnet.files import safetensors


def use(path: Path) -> None:
    """Do what users do with a file."""
    str(sa.inspect(path))
    model = sa.load(path)
    str(model.source), str(model.summary())
    if model.preprocessing.resize < 1000:  # as much memory as such an image takes is not the file's doing
        with suppress(ValueError):  # none of the known answers is for the test image
            model.verify()


def rewritten(path: Path, count: int) -> Iterator[Case]:
    """Yield the file with changed sections, all checksums right."""
    tensors, sections = safetensors.read(path)
    for number in range(count):
        done, changed = change_json(sections, Random(f"own/{number}"))
        try:
            safetensors.write(path, tensors, changed if isinstance(changed, dict) else {"model": changed})
        except ValueError:  # what JSON cannot say is not written
            continue
        yield Case(f"{number}: {done}", path.read_bytes())


def test_hostile_files(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    tiny_model().save(path, known_answers=True)
    data = path.read_bytes()
    assert assert_survives(use, [Case("sound", data)], tmp_path) == 1
    assert_survives(sa.load, damaged(data, 2000, seed=1), tmp_path)
    assert_survives(use, rewritten(path, 1000), tmp_path)
