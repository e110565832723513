"""Shards for tests, made by the standard library."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

import swiftalexnet as sa


def tar_bytes(files: Iterable[tuple[str, bytes]], kind: int = tarfile.USTAR_FORMAT) -> bytes:
    """Return a tar of some files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as tar:
        for name, data in files:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def members_of(folder: sa.ImageFolder, indices: Iterable[int]) -> list[tuple[str, bytes]]:
    """Return the members of the samples of a folder's images."""
    found = []
    for index in indices:
        path = folder.paths[index]
        found.append((f"{index:06d}{path.suffix}", path.read_bytes()))
        found.append((f"{index:06d}.cls", str(folder.labels[index]).encode()))
    return found


def make_shards(folder: sa.ImageFolder, out: Path, count: int = 3, classes: bool = True) -> str:
    """Write a folder's images in their order to so many shards; return their pattern."""
    out.mkdir(exist_ok=True)
    for number in range(count):
        indices = range(len(folder) * number // count, len(folder) * (number + 1) // count)
        (out / f"train-{number:03d}.tar").write_bytes(tar_bytes(members_of(folder, indices)))
    if classes:
        (out / "classes.txt").write_text("\n".join(folder.classes) + "\n")
    return str(out / f"train-{{000..{count - 1:03d}}}.tar")
