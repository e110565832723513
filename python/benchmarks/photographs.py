"""A folder of photographs as one uint8 array: decoded once, so that every engine learns from the same pixels."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image


class Photographs(NamedTuple):
    """Images and what they show."""

    images: np.ndarray  # uint8 [count, side, side, 3], RGB
    labels: np.ndarray  # int64 [count], indices into `classes`
    classes: list[str]  # folder names in alphabetical order


def load(folder: Path, side: int) -> Photographs:
    """Read `folder/<class>/*.jpg`; the shorter side is resized to `side` pixels and the centre square is kept."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    files = [(file, label) for label, name in enumerate(classes) for file in sorted((folder / name).glob("*.jpg"))]
    if not files:
        raise FileNotFoundError(f"{folder}: expected <class>/*.jpg, found no photograph")
    images = np.stack([_square(file, side) for file, _ in files])
    return Photographs(images, np.array([label for _, label in files]), classes)


def _square(file: Path, side: int) -> np.ndarray:
    """One photograph as uint8 [side, side, 3]: antialiased bilinear resize, then the centre."""
    with Image.open(file) as image:
        rgb = image.convert("RGB")
    scale = side / min(rgb.size)
    width, height = (max(side, round(length * scale)) for length in rgb.size)
    left, top = (width - side) // 2, (height - side) // 2
    resized = rgb.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized.crop((left, top, left + side, top + side)))
