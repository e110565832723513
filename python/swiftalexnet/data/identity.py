"""What a run must find the same in its data to be resumed: short enough for a message and a file's header."""

import hashlib
from typing import Any

import numpy as np

from .dataset import Dataset


def data_identity(data: Dataset) -> dict[str, Any]:
    """Return number of images, classes, and hashes of labels and file names; None for names of images without files.

    Shards know the hash of their images' names, which are too many to be held.
    """
    names = getattr(data, "file_names", None)
    digest = getattr(data, "names_digest", None) if names is None else hashlib.sha256(b"\0".join(names)).hexdigest()
    return {
        "images": len(data),
        "classes": None if data.classes is None else list(data.classes),
        "labels (SHA-256)": hashlib.sha256(np.ascontiguousarray(data.labels, np.int32)).hexdigest(),
        "file names (SHA-256)": digest,
    }
