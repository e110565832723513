"""The published files of weights that are known by name, from registry.json beside this file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from ..._support.choices import choose
from ...files.digest import Digest
from ...files.download import is_secure
from ...network.catalog import catalog
from ...preprocessing.preprocessing import Preprocessing


@dataclass(frozen=True)
class Entry:
    """A published file of weights.

    Attributes
    ----------
    name : str
    variant : str or None
        The catalogue's name of the network; None if the catalogue does not have it, and the file's graph decides.
    default : bool
        Whether `pretrained=True` means this file for its variant.
    features_only : bool
        Whether it has convolutions alone.
    classes, image_size : int
    publisher : str
    licence : str or None
        As the publisher states it.
    address : str
        The publisher's.
    file : str
        Its name in this package's folder.
    bytes : int or None
        Its size, where a source gives it.
    digest : Digest or None
        As the publisher gives it: see `digest_source`.
    digest_source : str or None
    top1, top5 : float or None
        Published accuracies in percent: see `accuracy_source`.
    accuracy_source : str or None
    preprocessing : Preprocessing or None
        As the publisher gives it; None if the file itself holds it, or nobody gives it.
    preprocessing_source : str or None
    caches : mapping of str to str
        Its name in the folders of "torch", "keras" and "huggingface".
    """

    name: str
    variant: str | None
    default: bool
    features_only: bool
    classes: int
    image_size: int
    publisher: str
    licence: str | None
    address: str
    file: str
    bytes: int | None
    digest: Digest | None
    digest_source: str | None
    top1: float | None
    top5: float | None
    accuracy_source: str | None
    preprocessing: Preprocessing | None
    preprocessing_source: str | None
    caches: Mapping[str, str]

    @property
    def can_be_downloaded(self) -> bool:
        """Whether its address is safe, and what comes from there can be checked."""
        return self.digest is not None and is_secure(self.address)


@cache
def registry() -> dict[str, Entry]:
    """Return all entries by name."""
    text = (resources.files(__package__) / "registry.json").read_text(encoding="utf-8")
    content = json.loads(text)
    recipes = content["preprocessing"]
    entries = (_entry(fields, recipes) for fields in content["models"])
    return {entry.name: entry for entry in entries}


def entry_named(name: Any, operation: str) -> Entry:
    """Return an entry.

    Raises
    ------
    ValueError
        There is none of this name; the message offers the nearest.
    """
    return registry()[choose(operation, "published weights", name, registry(), even_if_far=True)]


def default_entry(variant: str, operation: str) -> Entry:
    """Return the entry that `pretrained=True` means.

    Raises
    ------
    ValueError
        There is none for the variant; the message lists the variants that have one.
    """
    for entry in registry().values():
        if entry.default and entry.variant == variant:
            return entry
    known = ", ".join(repr(entry.variant) for entry in registry().values() if entry.default)
    others = names_for(variant)
    end = f"; name one of {', '.join(others)}" if others else ""
    raise ValueError(f"{operation}: no weights are published for {variant!r}, only for {known}{end}")


def names_for(variant: str) -> list[str]:
    """Return the names of the files for a variant."""
    return [entry.name for entry in registry().values() if entry.variant == variant]


def entry_of(sha256: str, size: int) -> Entry | None:
    """Return the entry of a file by its SHA-256 and size; None if it is unknown, or known by another digest."""
    for entry in registry().values():
        if entry.digest is None or entry.digest.algorithm != "sha256" or entry.bytes not in (None, size):
            continue
        if sha256.startswith(entry.digest.digits):
            return entry
    return None


def as_markdown() -> str:
    """Return the table of docs/pretrained.md."""
    head = ("name", "network", "MB", "top-1", "top-5", "publisher", "licence", "digest")
    rows = [head, ("---",) * len(head)]
    for entry in registry().values():
        network = f"`{entry.variant}`" if entry.variant else ""
        digest = "–" if entry.digest is None else str(entry.digest).split()[0]
        rows.append(
            (f"`{entry.name}`", network, *numbers(entry), entry.publisher, entry.licence or "not stated", digest)
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def numbers(entry: Entry) -> tuple[str, str, str]:
    """Return size in MB and accuracies as text; empty if nobody gives them."""
    size = "" if entry.bytes is None else f"{entry.bytes / 1e6:.0f}"
    top1, top5 = ("" if value is None else f"{value:.1f}" for value in (entry.top1, entry.top5))
    return size, top1, top5


def _entry(fields: dict[str, Any], recipes: dict[str, dict[str, Any]]) -> Entry:
    recipe = recipes.get(fields["preprocessing"])
    if fields["variant"] is not None and fields["variant"] not in catalog():
        raise LookupError(
            f"registry.json: {fields['name']} is of {fields['variant']}, which the catalogue does not have"
        )
    digest = fields["digest"]
    found = {
        "digest": None if digest is None else Digest.parse(digest),
        "preprocessing": None if recipe is None else _preprocessing(recipe),
        "preprocessing_source": None if recipe is None else recipe["source"],
    }
    return Entry(**{**fields, **found})


def _preprocessing(recipe: dict[str, Any]) -> Preprocessing:
    """Return what a publisher gives for pixels of 0 … `range`, as factors for pixels of 0 … 255."""
    factor = 255 / recipe["range"]
    mean = np.array(recipe["mean"]) * factor
    scale = None if recipe["deviation"] is None else 1 / (np.array(recipe["deviation"]) * factor)
    return Preprocessing(
        recipe["resize"],
        recipe["crop"],
        mean.astype(np.float32),
        None if scale is None else scale.astype(np.float32),
        recipe["resample"],
        warp=recipe["warp"],
    )
