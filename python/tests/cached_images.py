"""Shared by the tests of the cache of decoded images."""

from pathlib import Path

import numpy as np
from PIL import Image
from support import photo_folder

import swiftalexnet as sa
from swiftalexnet.data import cache_update
from swiftalexnet.images.geometry import Geometry

SQUARE = Geometry(20, 3, "area")


def odd_folder(root: Path) -> Path:
    """Write 24 images of 31 × 31 pixels, two of them made longer."""
    photo_folder(root)
    for name, size in (("dark/1.png", (47, 31)), ("low/2.png", (31, 60))):
        noise = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
        Image.fromarray(noise).save(root / name)
    return root


def cached(folder: Path, file: Path, **options) -> tuple[sa.ImageFolder, cache_update.CacheChanges]:
    data = sa.ImageFolder(folder, **options)
    return data, data.cache_to(file, side=20)


def all_pixels(data: sa.ImageFolder, geometry=SQUARE) -> list[np.ndarray]:
    return [data.image(index, geometry) for index in range(len(data))]


def same(left: list, right: list) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def rewrite(image: Path, color: int = 9) -> None:
    Image.new("RGB", (31, 31), (color,) * 3).save(image)
