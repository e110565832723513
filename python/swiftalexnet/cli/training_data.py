"""The training and validation images of `train`."""

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import swiftalexnet as sa

from ..network.memory_use import available
from . import decoding
from .options import add_reading, reading
from .sharded_data import HELP, are_shards, open_shards

if TYPE_CHECKING:
    from ..data.folder import ImageFolder
    from ..data.shards.dataset import ShardedDataset
    from ..preprocessing.preprocessing import Preprocessing
    from .output import Output

HELD_OUT = Fraction(1, 5)
_MOST_CACHED = 1 << 30  # bytes of decoded images that are cached in memory by default

_TRAIN, _VALIDATION = "train", "validation"


class Parts(NamedTuple):
    """Training images, validation images, and where the latter come from."""

    train: "ImageFolder | ShardedDataset"
    validation: "ImageFolder | ShardedDataset | None"
    origin: str

    def __str__(self) -> str:
        train, classes = self.train, len(self.train.classes or ())
        if isinstance(train, sa.ShardedDataset):
            place = f"{len(train.shards)} shards, {train.shards[0]} and on"
        else:
            place = str(train.root)
        text = f"{place}: {len(train):,} images of {classes} classes for training"
        return text if self.validation is None else f"{text}, {len(self.validation):,} for validation ({self.origin})"


def fraction(text: str) -> Fraction:
    """Read a fraction between 0 and 1: "0.2", "1/5"."""
    try:
        value = Fraction(*map(int, text.split("/"))) if "/" in text else Fraction(float(text)).limit_denominator(1000)
    except (TypeError, ValueError, ArithmeticError):
        value = Fraction(0)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r}, expected a fraction between 0 and 1, such as 0.2")
    return value


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options of `parts`."""
    group = parser.add_argument_group("images")
    apart = group.add_mutually_exclusive_group()
    apart.add_argument(
        "--validation",
        metavar="FOLDER",
        help=f"other images of the classes, {HELP} (default: {_VALIDATION}/ next to {_TRAIN}/, or those held out)",
    )
    apart.add_argument(
        "--hold-out",
        type=fraction,
        metavar="FRACTION",
        help=f"images held out for validation (default: {float(HELD_OUT)})",
    )
    apart.add_argument("--no-validation", action="store_true", help="train on all images, without validation")
    add_reading(group, "skip")
    decoding.add(group)
    group.add_argument(
        "--cache",
        action=argparse.BooleanOptionalAction,
        help="cache decoded images in memory (default: if they fit into 1 GB and a quarter of free memory)",
    )


def parts(options: argparse.Namespace, cache: bool = False) -> Parts:
    """Read the folders, or open the shards.

    Raises
    ------
    OSError, ValueError
        As for `ImageFolder` and `ShardedDataset`; fewer than two classes; too few images to hold any out.
    """
    if are_shards(options.folder):
        return _sharded(options)
    folder = Path(options.folder)
    divided = _is_divided(folder)
    how: dict[str, Any] = {"cache": cache, "draft": options.draft, **reading(options)}
    train = sa.ImageFolder(folder / _TRAIN if divided else folder, **how)
    if len(train.classes) < 2:
        raise ValueError(
            f"{train.root} holds one class, {train.classes[0]!r}; expected two or more, each with its own folder"
        )
    if options.no_validation:
        return Parts(train, None, "")
    other = options.validation
    if other is None and divided and options.hold_out is None:
        other = folder / _VALIDATION
    if other is not None:
        return Parts(train, _other(other, train.classes, how, options), f"{other}")
    share = options.hold_out or HELD_OUT
    return Parts(*hold_out(train, share), f"held out by file name: {share}")


def _sharded(options: argparse.Namespace) -> Parts:
    """Open shards for training, and shards or a folder for validation."""
    train = open_shards(options.folder, options)
    if len(train.classes or ()) < 2:
        raise ValueError(f"{options.folder}: one class, {train.classes}; expected two or more")
    if options.no_validation:
        return Parts(train, None, "")
    if options.validation is None:
        ways = "--validation names other images, --no-validation trains on all of them"
        raise ValueError(f"{options.folder}: no images are held out of shards: {ways}")
    how = {"draft": options.draft, **reading(options)}
    return Parts(train, _other(options.validation, train.classes, how, options), options.validation)


def _other(
    place: str | Path, classes: tuple[str, ...] | None, how: dict[str, Any], options: argparse.Namespace
) -> "ImageFolder | ShardedDataset":
    """Return the images for validation."""
    return open_shards(str(place), options) if are_shards(str(place)) else sa.ImageFolder(place, classes, **how)


def hold_out(data: "ImageFolder", share: Fraction) -> tuple["ImageFolder", "ImageFolder"]:
    """Return (training images, held-out images), split by file name.

    Raises
    ------
    ValueError
        Too few images to hold any out.
    """
    try:
        return data.split(share.denominator, share.numerator)
    except ValueError as error:
        raise ValueError(f"{error}; --no-validation trains on all of them") from None


def evaluation_folder(folder: str) -> Path:
    """Return FOLDER/validation if that and FOLDER/train exist, otherwise the folder itself."""
    return Path(folder, _VALIDATION) if _is_divided(Path(folder)) else Path(folder)


def _is_divided(folder: Path) -> bool:
    return all((folder / name).is_dir() for name in (_TRAIN, _VALIDATION))


def cached(
    options: argparse.Namespace,
    read: Parts,
    preprocessing: "Preprocessing",
    scale: tuple[int, int] | None,
    output: "Output",
) -> Parts:
    """Return the same images, cached if they fit into memory or --disk-cache is given.

    Parameters
    ----------
    preprocessing : Preprocessing
        Of the network that reads them.
    scale : (int, int), optional
        The recipe's; crops at random scales differ every time, so they are not cached in memory.
    """
    if any(isinstance(part, sa.ShardedDataset) for part in (read.train, read.validation)):
        return read
    if options.disk_cache is not None:
        folders = [part for part in (read.train, read.validation) if isinstance(part, sa.ImageFolder)]
        decoding.use_cache(options, output, preprocessing, *folders, side=scale and scale[1])
        return read
    images = len(read.train) + (0 if read.validation is None else len(read.validation))
    needed, free = images * preprocessing.resize**2 * preprocessing.channels, available()
    again = scale is None and not options.cache_features  # whether an image is decoded to the same pixels again
    fits = again and needed <= _MOST_CACHED and (free is None or needed <= free / 4)
    return parts(options, cache=True) if (fits if options.cache is None else options.cache) else read
