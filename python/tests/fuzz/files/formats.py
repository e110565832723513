"""Valid files of all formats that the package reads, and how it reads them."""

import hashlib
import json
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cifar_files
import numpy as np
from PIL import Image
from support import dataset, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.files import safetensors
from swiftalexnet.training.checkpoint import FILE_NAME

from ..judge import fingerprint
from ..world import World
from .images import sound_images

_CACHED_SIDE = 20
_NO_NETWORKS = ("torch_lpips_legacy", "torch_module", "torch_script", "torch_small", "torch_small_legacy")


class Format(NamedTuple):
    """One kind of file.

    Attributes
    ----------
    content : callable
        Returns a sound file.
    read : callable
        Takes the world and the path of a file, and reads it; returns something to be compared, or None.
    exact : bool
        A damaged file that is read all the same must give what the sound one gives.
    """

    content: Callable[[World], bytes]
    read: Callable[[World, Path], Any]
    exact: bool = False


def _load(world: World, path: Path) -> str:
    return fingerprint(sa.load(path))


def fit_again(world: World, path: Path) -> str:
    """Resume from a checkpoint, after copying it to where it is expected."""
    folder = world.new_file()
    folder.mkdir()
    path.rename(folder / FILE_NAME)
    model = world.own = tiny_model(seed=3)
    _fit(model, dataset(10), folder, 3, resume=True)
    return fingerprint(model)


def _fit(model: sa.Model, data: sa.ArrayDataset, folder: Path, epochs: int, **options: Any) -> None:
    recipe = quick_recipe(schedule=sa.PlateauSchedule(), batch_size=4)
    model.fit(data, dataset(6, seed=2), epochs, recipe=recipe, checkpoint=folder, progress=False, **options)


class _Ending(sa.ArrayDataset):
    """Images of which the sixth cannot be read the second time."""

    asked = 0

    def image(self, index: int, geometry: Any) -> Any:
        """Return an image, or raise OSError."""
        self.asked += index == 5
        if self.asked > 2:
            raise OSError("enough")
        return super().image(index, geometry)


@cache
def _checkpoint_file(folder: Path) -> Path:
    """Write a checkpoint in the middle of an epoch."""
    run, data = folder / "run", dataset(10)
    with suppress(OSError):
        _fit(tiny_model(seed=1), _Ending(data.images, data.labels, data.classes), run, 3, checkpoint_every=1)
    return run / FILE_NAME


def checkpoint_parts(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return tensors and sections of a checkpoint."""
    return safetensors.read(_checkpoint_file(world.shared.folder))


def model_parts(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return tensors and sections of a model file."""
    return safetensors.read(world.shared.folder / "model.safetensors")


def _quantized_file(world: World) -> bytes:
    path = world.shared.folder / "quantized.safetensors"
    if not path.exists():
        world.shared.quantized.save(path)
    return path.read_bytes()


def _cached(world: World, path: Path) -> list[np.ndarray]:
    data = sa.ImageFolder(world.shared.folder / "photos", on_error=world.one_of("raise", "skip"), workers=1)
    data.cache_to(path, world.one_of(False, True), side=_CACHED_SIDE)
    geometry = sa.Preprocessing(_CACHED_SIDE, _CACHED_SIDE, np.zeros(3)).geometry
    return [data.image(index, geometry) for index in range(len(data))]


def _cache_file(world: World) -> bytes:
    path = world.shared.folder / "photos.cache"
    if not path.exists():
        sa.ImageFolder(world.shared.folder / "photos").cache_to(path, side=_CACHED_SIDE)
    return path.read_bytes()


def _shard_file(world: World) -> bytes:
    return Path(world.shared.shards.replace("{000000..000002}", "000000")).read_bytes()


def _read_shard(world: World, path: Path) -> list[np.ndarray | None]:
    """Return the images of a shard, some of which may be broken."""
    data = sa.ShardedDataset(path, on_error="skip", workers=1)
    return [data.image(index, world.geometry()) for index in range(len(data))]


def _index_file(world: World) -> bytes:
    sa.ShardedDataset(world.shared.shards)
    return next((world.shared.folder / "shards").glob("*.index")).read_bytes()


def _read_index(world: World, path: Path) -> tuple[bytes, bytes]:
    """Return the labels and the first image of the shards of an index."""
    data = sa.ShardedDataset(world.shared.shards, index=path)
    return data.labels.tobytes(), data.encoded(0)


def _features_file(world: World) -> Path:
    """Return the file of features of a run, which is made if it is not there yet."""
    folder = world.shared.folder / "kept features"
    if not folder.exists():
        _fit_with_features(folder)
    return next(folder.glob("*.features"))


def _read_features(world: World, path: Path) -> str:
    """Train from a file of features, after copying it to where it is expected."""
    folder = world.new_file()
    folder.mkdir()
    path.rename(folder / _features_file(world).name)
    return _fit_with_features(folder)


def _fit_with_features(folder: Path) -> str:
    model = tiny_model()
    model.freeze("conv")
    recipe = quick_recipe(batch_size=4, crop=False, color_noise=0.0)
    model.fit(dataset(10), epochs=1, recipe=recipe, progress=False, cache_features=folder)
    return fingerprint(model)


def rebuilt_cache(data: bytes, change: Callable[[str], str]) -> bytes:
    """Return a cache of images with a changed index and a correct checksum."""
    mark, form, place, _ = struct.unpack("<8sQQQ", data[:32])
    index = change(data[place:].decode()).encode("utf-8", "surrogatepass")
    start = struct.pack("<8sQQQ", mark, form, place, len(index))
    return start + hashlib.sha256(start + index).digest() + data[64:place] + index


def rebuilt_safetensors(data: bytes, change: Callable[[dict[str, Any]], str]) -> bytes:
    """Return a file whose header is changed and whose checksum, that of the metadata, is right.

    `change` changes the header, and returns its JSON; the checksum in it is brought up to date.
    """
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    text = change(header).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def header_text(header: dict[str, Any]) -> str:
    """Return a header as JSON, with the checksum that its metadata must have."""
    metadata = header.get("__metadata__")
    if isinstance(metadata, dict):
        rest = sorted((name, value) for name, value in metadata.items() if name != "checksum")
        metadata["checksum"] = hashlib.sha256(json.dumps(rest).encode()).hexdigest()
    return json.dumps(header)


def _cifar(files: dict[str, bytes], name: str) -> Callable[[World, Path], None]:
    """Read a folder of batches of which one is the damaged file."""

    def read(world: World, path: Path) -> None:
        folder = world.new_file()
        cifar_files.write_folder(folder, files)
        path.rename(folder / name)
        sa.cifar10(folder, progress=False)

    return read


def _cifar_archive(world: World, path: Path) -> None:
    sa.cifar10(path, progress=False)


def _cifar_cache(world: World, path: Path) -> None:
    archive = cifar_files.write_zip(world.new_file(".zip"), cifar_files.jpegs())
    sa.cifar10(archive, cache=path, progress=False)


@cache
def _archive(folder: Path, name: str) -> bytes:
    if name.endswith(".zip"):
        return cifar_files.write_zip(folder / name, cifar_files.jpegs()).read_bytes()
    files = cifar_files.binary_files() if "binary" in name else cifar_files.python_files()
    return cifar_files.write_tar(folder / name, files, "cifar").read_bytes()


@cache
def _npz(folder: Path) -> bytes:
    archive = folder / "for-cache.zip"
    cifar_files.write_zip(archive, cifar_files.jpegs())
    sa.cifar10(archive, cache=folder / "cifar.npz", progress=False)
    return (folder / "cifar.npz").read_bytes()


def read_image(world: World, path: Path) -> None:
    """Read an image through one of the entry points."""
    model = world.shared.model
    door = world.random.randrange(5)
    if door == 0:
        model.predict(path)
    elif door == 1 and (image := _opened(path)) is not None:
        with image:
            model.predict(image)
    elif door == 2:
        model.score_map(path)
    elif door == 3:
        model.predict([path, path], dense=True, scales=[24])
    else:
        _read_folder(world, path)


def _opened(path: Path) -> Image.Image | None:
    try:
        return Image.open(path)
    except Exception:  # Pillow's own answer to its own user
        return None


def _read_folder(world: World, path: Path) -> None:
    root = world.new_file()
    (root / "a").mkdir(parents=True)
    path.rename(root / "a" / "image.png")
    on_error = world.one_of("raise", "skip")
    data = sa.ImageFolder(root, on_error=on_error, draft=world.one_of(False, True), workers=1)
    data.image(0, world.geometry())
    if not data.draft:
        data.cache_to(world.new_file())


def _read_weights(world: World, path: Path) -> None:
    """Inspect and load a file of another framework, without what it may need beside it."""
    str(sa.inspect(path)) if world.one_of(False, True) else sa.load(path, strict=False)


@cache
def _weights() -> dict[str, Path]:
    """Return small files of other frameworks, which the tests of their readers have; some hold no network."""
    folder = Path(__file__).parents[2] / "formats" / "files"
    kinds = (".pth", ".pt", ".h5", ".keras", ".onnx", ".caffemodel")
    return {
        f"weights {path.name}": path
        for path in sorted(folder.iterdir())
        if path.suffix in kinds and path.stem not in _NO_NETWORKS
    }


@cache
def formats() -> dict[str, Format]:
    """Return all formats by name."""
    binary, python = cifar_files.binary_files(), cifar_files.python_files()
    model_file = lambda world: (world.shared.folder / "model.safetensors").read_bytes()  # noqa: E731
    return {
        "model": Format(model_file, _load, exact=True),
        "quantised model": Format(_quantized_file, _load, exact=True),
        "checkpoint": Format(lambda world: _checkpoint_file(world.shared.folder).read_bytes(), _load, exact=True),
        "checkpoint to resume from": Format(
            lambda world: _checkpoint_file(world.shared.folder).read_bytes(), fit_again, exact=True
        ),
        "cache of images": Format(_cache_file, _cached),
        "shard": Format(_shard_file, _read_shard),
        "index of shards": Format(_index_file, _read_index, exact=True),
        "features": Format(lambda world: _features_file(world).read_bytes(), _read_features, exact=True),
        **{
            f"CIFAR {name}": Format(lambda world, data=data: data, _cifar(files, name))
            for files in (binary, python)
            for name, data in files.items()
            if name.startswith(("test", "batches"))
        },
        **{
            name: Format(lambda world, name=name: _archive(world.shared.folder, name), _cifar_archive)
            for name in ("cifar-10-binary.tar.gz", "cifar-10-python.tar.gz", "cifar.zip")
        },
        **{
            name: Format(lambda world, path=path: path.read_bytes(), _read_weights) for name, path in _weights().items()
        },
        "cache of CIFAR": Format(lambda world: _npz(world.shared.folder), _cifar_cache),
        **{name: Format(lambda world, data=data: data, read_image) for name, data in sound_images().items()},
    }
