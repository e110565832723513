"""Tiny CIFAR-10 files in every format, two images per class and file, with the same pixels in all of them."""

import io
import pickle
import struct
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

CLASSES = ("airplane", "automobile", "bird", "cat")
RECORDS = 8  # images in a batch file
TRAIN = 5 * RECORDS
META = {"num_cases_per_batch": RECORDS, "label_names": [name.encode() for name in CLASSES], "num_vis": 3072}


@cache
def jpegs(seed: int = 0) -> dict[str, bytes]:
    """Return JPEG files by name: train/<class>/NNNN.jpg and test/<class>/NNNN.jpg."""
    generator = np.random.default_rng(seed)
    files = {}
    for part, count in (("train", TRAIN), ("test", RECORDS)):
        for name in CLASSES:
            for number in range(count // len(CLASSES)):
                pixels = generator.integers(0, 256, (32, 32, 3), np.uint8)
                files[f"{part}/{name}/{number:04d}.jpg"] = encoded(pixels)
    return files


def encoded(pixels: np.ndarray, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


@cache
def arrays() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (images, labels) of train and test, in the order of classes and names."""
    parts = {}
    for part in ("train", "test"):
        names = sorted(name for name in jpegs() if name.startswith(part))
        images = np.stack([np.asarray(Image.open(io.BytesIO(jpegs()[name]))) for name in names])
        parts[part] = images, np.array([CLASSES.index(name.split("/")[1]) for name in names])
    return parts


@cache
def batches() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (planes [8, 3072], labels) by the name of the batch."""
    found = {}
    for part, (images, labels) in arrays().items():
        planes = images.transpose(0, 3, 1, 2).reshape(len(images), 3072)
        for number in range(len(images) // RECORDS):
            chosen = slice(number * RECORDS, (number + 1) * RECORDS)
            name = "test_batch" if part == "test" else f"data_batch_{number + 1}"
            found[name] = planes[chosen], labels[chosen]
    return found


def binary_files() -> dict[str, bytes]:
    files = {
        f"{name}.bin": np.column_stack([labels.astype(np.uint8), planes]).tobytes()
        for name, (planes, labels) in batches().items()
    }
    return {**files, "batches.meta.txt": ("\n".join(CLASSES) + "\n\n").encode()}


class _Python2Pickler(pickle._Pickler):
    """Writes text as Python 2 wrote it, which the published archive comes from."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_text(self, value) -> None:
        data = value if isinstance(value, bytes) else value.encode("latin-1")
        short = len(data) < 256
        self.write(
            pickle.SHORT_BINSTRING + bytes([len(data)]) if short else pickle.BINSTRING + struct.pack("<i", len(data))
        )
        self.write(data)
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_text


def python_2_pickle(value) -> bytes:
    """Return what Python 2 wrote in protocol 2."""
    buffer = io.BytesIO()
    _Python2Pickler(buffer, 2).dump(value)
    return buffer.getvalue()


def python_files() -> dict[str, bytes]:
    files = {
        name: {b"batch_label": b"a batch", b"labels": labels.tolist(), b"data": planes, b"filenames": [b"x.png"] * 8}
        for name, (planes, labels) in batches().items()
    }
    return {name: python_2_pickle(value) for name, value in {**files, "batches.meta": META}.items()}


def write_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in reversed(files.items()):  # the order in the archive does not matter
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: dict[str, bytes], folder: str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in reversed(files.items()):
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
