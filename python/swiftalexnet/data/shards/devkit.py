"""The development kit of ILSVRC-2012: the classes of the validation images, as they are downloaded or unpacked."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ...errors import MALFORMED
from ...files.matlab.arrays import MatArray
from ...files.matlab.reading import variables_of
from ...files.source import SourceFile, opened_source
from ...files.unpacked import unpacked
from .tar_members import members

_TRUTH, _META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"
_PIECE = 1 << 20


def read_devkit(path: Path, operation: str) -> tuple[tuple[str, ...], list[int]]:
    """Return synsets in order, and the label of each validation image, from the development kit."""
    with ExitStack() as stack:
        if path.is_dir():
            files = {
                name: stack.enter_context(opened_source(path / "data" / name, operation)) for name in (_TRUTH, _META)
            }
        else:
            files = _packed(stack.enter_context(opened_source(path, operation)), path, operation)
        try:
            synsets = _synsets(variables_of(files[_META]))
            text = files[_TRUTH].read(0, files[_TRUTH].size).decode("ascii")
            return tuple(sorted(synsets.values())), _labels(text, synsets)
        except MALFORMED as error:
            raise ValueError(f"{operation}: {path} is not the development kit of ILSVRC-2012: {error}") from error


def _labels(text: str, synsets: dict[int, str]) -> list[int]:
    place = {name: label for label, name in enumerate(sorted(synsets.values()))}
    return [place[synsets[int(line)]] for line in text.split()]


def _synsets(variables: dict[str, MatArray]) -> dict[int, str]:
    """Return the synset of each class by its number: those without children in the tree of synsets."""
    fields = variables["synsets"].fields
    numbers, children = (fields[name] for name in ("ILSVRC2012_ID", "num_children"))
    synsets = {
        int(number.numbers(0, 1)[0]): str(name.text)
        for number, name, below in zip(numbers, fields["WNID"], children, strict=True)
        if int(below.numbers(0, 1)[0]) == 0
    }
    if not synsets or len(set(synsets.values())) != len(synsets):
        raise ValueError("meta.mat has no synsets, or one of them twice")
    return synsets


def _packed(file: SourceFile, path: Path, operation: str) -> dict[str, SourceFile]:
    """Return the two files of the packed kit."""
    try:
        kit = unpacked(file, _unpacking(file))
        there = {member.name.rpartition("/")[2]: member for member in members(kit.read, kit.size)}
        return {name: unpacked(kit, [kit.read(there[name].offset, there[name].size)]) for name in (_TRUTH, _META)}
    except (EOFError, gzip.BadGzipFile, zlib.error, *MALFORMED) as error:
        raise ValueError(f"{operation}: {path} is not the development kit of ILSVRC-2012: {error}") from error


def _unpacking(file: SourceFile) -> Iterator[bytes]:
    """Yield the bytes of a gzip file."""
    with gzip.open(file.path) as packed:
        while piece := packed.read(_PIECE):
            yield piece
