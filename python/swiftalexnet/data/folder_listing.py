"""List the class folders of a data set, their images, and their other files."""

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..images.formats import extensions, way_to_read
from .checks import as_class_names

# Names of folders that usually hold a part of a data set instead of a class.
_PARTS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}


def class_folders(root: Path, classes: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the class folders, or `classes` after checking them against the folders.

    Raises
    ------
    TypeError, ValueError
        There is no class folder, or one that is not in `classes`.
    """
    folders = sorted(path.name for path in root.iterdir() if not path.name.startswith(".") and path.is_dir())
    if not folders:
        raise ValueError(f"ImageFolder: {root} holds no class folders, expected {root}/<class>/<image>")
    if classes is None:
        _warn_of_parts(root, folders)
        return tuple(folders)
    names = as_class_names(classes, "ImageFolder")
    unknown = sorted(set(folders) - set(names))
    if unknown:
        raise ValueError(f"ImageFolder: {root} holds {', '.join(unknown)}, expected only {', '.join(names)}")
    return names


def _warn_of_parts(root: Path, folders: Sequence[str]) -> None:
    """Warn if the folders are named like parts of a data set, and contain folders themselves."""
    if all(name.lower() in _PARTS and any(path.is_dir() for path in (root / name).iterdir()) for name in folders):
        warnings.warn(
            f"ImageFolder: {root} holds {', '.join(folders)}, which become the classes: if they are parts of a data "
            f"set, give one of them, ImageFolder({str(root / folders[0])!r})",
            UserWarning,
            stacklevel=4,
        )


def list_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files at any depth with the extension of an image, and the others, each in a fixed order."""
    known = extensions()
    found: tuple[list[Path], list[Path]] = [], []
    if not folder.is_dir():  # a class in `classes` without images
        return found
    for parent, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(parent, name) for name in files if not name.startswith(".")):
            found[path.suffix.lower() not in known].append(path)
    return sorted(found[0]), sorted(found[1])


def reasons(files: Sequence[Path]) -> dict[str, int]:
    """Count the files that are left out because of their extension, by reason."""
    return dict(Counter(_reason(path.suffix.lower()) for path in files))


def _reason(extension: str) -> str:
    name = f"of extension {extension}" if extension else "without extension"
    way = way_to_read(extension)
    return name if way is None else f"{name} ({way})"


def _raise(error: OSError) -> None:
    raise error
