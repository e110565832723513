"""Where a published file may lie already: this package's folder, then the caches of torch, Keras and Hugging Face.

Their folders are those that these packages use, by the same environment variables.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ...files.digest import Digest
from .registry import Entry

HOME = "SWIFTALEXNET_HOME"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Place(NamedTuple):
    """A file, and the digest that it must have; without one it is not used."""

    path: Path
    digest: Digest | None


def own_path(entry: Entry) -> Path:
    """Return where this package keeps a file: in `SWIFTALEXNET_HOME`, by default ~/.cache/swiftalexnet."""
    return _folder(HOME, _cache_home() / "swiftalexnet") / entry.file


def places(entry: Entry) -> Iterator[Place]:
    """Yield the files that exist under an entry's names, this package's own first."""
    paths = [own_path(entry)]
    if name := entry.caches.get("torch"):
        paths.append(_folder("TORCH_HOME", _cache_home() / "torch") / "hub" / "checkpoints" / name)
    if name := entry.caches.get("keras"):
        paths.append(_folder("KERAS_HOME", _home() / ".keras") / "models" / name)
    found = [Place(path, entry.digest) for path in paths]
    if name := entry.caches.get("huggingface"):
        found += _on_the_hub(name, entry.digest)
    for place in found:
        with suppress(OSError):  # a folder that may not be entered
            if place.path.is_file():
                yield place


def _on_the_hub(name: str, digest: Digest | None) -> list[Place]:
    """Return the snapshots of a file "owner/repository/file"; the hub's cache names each by its SHA-256."""
    owner, repository, file = name.split("/")
    default = _folder("HF_HOME", _cache_home() / "huggingface") / "hub"
    hub = _folder("HF_HUB_CACHE", _folder("HUGGINGFACE_HUB_CACHE", default))
    found = []
    with suppress(OSError):
        for path in sorted((hub / f"models--{owner}--{repository}" / "snapshots").glob(f"*/{file}")):
            blob = path.resolve().name
            own = Digest("sha256", blob) if _SHA256.fullmatch(blob) else None
            found.append(Place(path, digest or own))
    return found


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable, "")
    return Path(os.path.expanduser(value)) if value else default


def _cache_home() -> Path:
    return _folder("XDG_CACHE_HOME", _home() / ".cache")


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # Path.home raises where there is none
