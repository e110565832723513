"""Samples: the members of a tar that belong to one image, in webdataset's manner.

Consecutive members whose names agree up to the first dot of the last part are one sample: `000001.jpg`, `000001.cls`.
The class is the text of `.cls`, or `label` or `cls` of the object in `.json`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..._support.shown import shown
from ..checks import as_class_names
from .tar_members import Member, Read

MOST_LABELS = 2**31 - 1
_MOST_TEXT = 1 << 20  # bytes of a member that is read for a class or names
_LABEL_KINDS, _JSON_KEYS = ("cls", "json"), ("label", "cls")
CLASSES_FILE = "classes.json"
NAMES_FILES = (CLASSES_FILE, "classes.txt")


@dataclass
class Sample:
    """One sample: `image` is None if no member has the extension of an image."""

    key: str
    image: Member | None = None
    label: int | None = None
    extensions: list[str] = field(default_factory=list)


@dataclass
class Contents:
    """What the members of a tar say beside its samples."""

    classes: tuple[str, ...] | None = None


def samples(found: Iterable[Member], read: Read, extensions: frozenset[str], contents: Contents) -> Iterator[Sample]:
    """Yield the samples of a tar, each with a class.

    Parameters
    ----------
    found : iterable of Member
    read : callable
    extensions : set of str
        Those of images, without the dot.
    contents : Contents
        Is told the names of classes, if a member has them.

    Raises
    ------
    ValueError
        A sample has no class, two images, or a class that is not a number from 0 on.
    """
    sample: Sample | None = None
    for member in found:
        if member.name in NAMES_FILES:
            contents.classes = class_names_of(read_text(member, read), member.name, contents.classes)
            continue
        key, extension = split_name(member.name)
        if not extension:  # a hidden file, or one without a dot: no part of a sample
            continue
        if sample is None or key != sample.key:
            if sample is not None:
                yield _complete(sample)
            sample = Sample(key)
        _add(sample, extension, member, read, extensions)
    if sample is not None:
        yield _complete(sample)


def split_name(name: str) -> tuple[str, str]:
    """Return the key and the extension in lower case, "" of a member that belongs to no sample."""
    folder, slash, base = name.rpartition("/")
    stem, _, extension = base.partition(".")
    return f"{folder}{slash}{stem}", extension.lower() if stem else ""


def class_names_of(text: str, name: str, known: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Return the names of classes in a text: one a line, or a list in JSON.

    Raises
    ------
    ValueError
        They are not distinct names, or not those that are already `known`.
    """
    try:
        given = json.loads(text) if name.endswith(".json") else text.rstrip("\n").split("\n")
        classes = as_class_names(given if isinstance(given, list) else None, name)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if known not in (None, classes):
        raise ValueError(f"{name} names other classes than another one before")
    return classes


def read_text(member: Member, read: Read) -> str:
    """Return a small member's text."""
    if member.size > _MOST_TEXT:
        raise ValueError(f"member {member.name!r} has {member.size:,} bytes, expected at most {_MOST_TEXT:,}")
    return read(member.offset, member.size).decode("utf-8", "replace")


def _add(sample: Sample, extension: str, member: Member, read: Read, extensions: frozenset[str]) -> None:
    if extension in sample.extensions:
        raise ValueError(f"member {member.name!r} is there twice")
    sample.extensions.append(extension)
    if extension in extensions:
        if sample.image is not None:
            raise ValueError(f"sample {sample.key!r} has two images, .{sample.extensions[0]} and .{extension}")
        sample.image = member
    elif extension in _LABEL_KINDS:
        label = _label(read_text(member, read), extension, member.name)
        if label is not None and sample.label not in (None, label):
            raise ValueError(f"sample {sample.key!r} has two classes, {sample.label} and {label}")
        sample.label = label if label is not None else sample.label


def _label(text: str, kind: str, name: str) -> int | None:
    """Return the class; None of a JSON object that has none."""
    value: Any = text.strip()
    if kind == "json":
        try:
            parts = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"member {name!r} is not JSON: {error}") from None
        given = [parts[key] for key in _JSON_KEYS if key in parts] if isinstance(parts, dict) else []
        if not given:
            return None
        value = str(given[0]) if isinstance(given[0], int) and not isinstance(given[0], bool) else ""
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 12 else -1
    if not 0 <= number < MOST_LABELS:
        raise ValueError(f"member {name!r} has the class {shown(text[:40])}, expected a number from 0 on")
    return number


def _complete(sample: Sample) -> Sample:
    if sample.label is None:
        there = ", ".join(f".{extension}" for extension in sample.extensions)
        raise ValueError(f"sample {sample.key!r} has no class: expected .cls, or .json with a label; found {there}")
    return sample
