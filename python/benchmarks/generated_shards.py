"""Synthetic photographs of 256 × 256 pixels in shards, as many as wanted: each is made of its number alone.

    python generated_shards.py OUT --images 100000      write them (3.4 GB, a few minutes on two processors)

`sa.ShardedDataset(names(count), opener=opener(count))` reads such shards without a disk: bytes are computed where
they are read. Every image takes as many bytes, the rest behind its end are zeros, so that its place follows from its
number. An image is made only where all of it is read: who reads headers ahead gets zeros in its place.
"""

import argparse
import hashlib
import io
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

import swiftalexnet as sa

SIDE, CLASSES, PER_SHARD = 256, 1000, 10_000
BYTES = 32 << 10  # of an image's file
_BLOCK = 512
_SLOT = 2 * _BLOCK + BYTES + _BLOCK  # header, image, header and text of the class
_TEXTURES, _NOISE = 64, 12


def encoded(index: int) -> bytes:
    """Return a JPEG: the colours of its class, large spots, and fine noise."""
    chance = np.random.default_rng((1, index))
    colors = np.random.default_rng((2, index % CLASSES)).integers(40, 216, 3)
    spots = np.clip(chance.normal(colors, 50, (8, 8, 3)), 0, 255).astype(np.uint8)
    large = np.asarray(Image.fromarray(spots).resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.int16)
    fine = np.roll(_textures()[chance.integers(_TEXTURES)], chance.integers(0, SIDE, 2), (0, 1))
    image = Image.fromarray(np.clip(large + fine, 0, 255).astype(np.uint8))
    for quality in (85, 60, 20):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= BYTES:
            return buffer.getvalue().ljust(BYTES, b"\0")
    raise AssertionError("an image that does not fit")


@cache
def _textures() -> np.ndarray:
    """Return noise that many images share, [count, SIDE, SIDE, 1]."""
    return np.random.default_rng(0).normal(0, _NOISE, (_TEXTURES, SIDE, SIDE, 1)).astype(np.int16)


class GeneratedImages:
    """So many of these images as a source for `write_shards`."""

    def __init__(self, count: int):
        self.classes = tuple(f"class{label:03d}" for label in range(CLASSES))
        self.labels = (np.arange(count) % CLASSES).astype(np.int32)
        self.names_digest = hashlib.sha256(f"generated {count}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, index: int) -> str:
        """Return a name."""
        return f"{index}.jpg"

    def encoded(self, index: int) -> bytes:
        """Return an image's bytes."""
        return encoded(index)


class GeneratedShard:
    """A tar file that is computed where it is read; its images are those from `first` on."""

    def __init__(self, first: int, count: int):
        self._first, self._count = first, count
        self.size = count * _SLOT + 2 * _BLOCK

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes of the file."""
        end, parts = min(offset + count, self.size), []
        while offset < end:
            slot, start = divmod(offset, _SLOT)
            part = (
                self._part(slot, start, min(end - offset, _SLOT - start)) if slot < self._count else bytes(end - offset)
            )
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _part(self, slot: int, start: int, count: int) -> bytes:
        """Return bytes of one sample."""
        index = self._first + slot
        label = str(index % CLASSES).encode()
        head = _header(f"{index:08d}.jpg", BYTES)
        tail = _header(f"{index:08d}.cls", len(label)) + label.ljust(_BLOCK, b"\0")
        whole = start <= _BLOCK and start + count >= _BLOCK + BYTES
        image = encoded(index) if whole else bytes(BYTES)
        return (head + image + tail)[start : start + count]


def _header(name: str, size: int) -> bytes:
    """Return a header; only the name and the checksum differ from those of as many bytes, which is quick."""
    block, at_zero = _template(name[8:], size)
    checksum = at_zero + sum(name[:8].encode())
    return b"%s%s%06o\0 %s" % (name[:8].encode(), block[8:148], checksum, block[156:])


@cache
def _template(extension: str, size: int) -> tuple[bytes, int]:
    """Return the header of a name of eight digits, and its checksum without them."""
    member = tarfile.TarInfo(f"00000000{extension}")
    member.size = size
    block = member.tobuf(tarfile.USTAR_FORMAT)
    return block, int(block[148:154], 8) - 8 * ord("0")


def names(count: int) -> str:
    """Return the pattern of the names of shards for so many images."""
    return f"generated://train-{{0000..{-(-count // PER_SHARD) - 1:04d}}}.tar"


def opener(count: int) -> Callable[[str], GeneratedShard]:
    """Return the opener of these shards."""

    def opened(name: str) -> GeneratedShard:
        first = int(Path(name).stem.rpartition("-")[2]) * PER_SHARD
        return GeneratedShard(first, min(PER_SHARD, count - first))

    return opened


def main() -> None:
    """Write shards."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--images", type=int, default=100_000)
    given = parser.parse_args()
    print(sa.write_shards(GeneratedImages(given.images), given.out, order="stored").pattern)


if __name__ == "__main__":
    main()
