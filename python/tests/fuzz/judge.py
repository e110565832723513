"""What a case may do: the permitted exceptions, and fingerprints of models, which must not change."""

import hashlib
import os
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.network import parameters

from .hostile.objects import Planned

# Exactly these: a library's own subclass of ValueError is what went wrong inside, not a refusal; and numpy's of
# MemoryError says that nobody asked whether there is so much, where another system would have ended the process.
_EXACT = (
    *(ValueError, TypeError, MemoryError, ImportError, KeyboardInterrupt, Planned),
    *(sa.CacheCorruptError, sa.CheckpointCorruptError, sa.ConcurrentUseError, sa.NonFiniteError, sa.UnsupportedError),
)


def untyped(error: BaseException, documented: Iterable[type[BaseException]] = ()) -> str | None:
    """Return what is wrong with an exception, or None if callers can expect it."""
    kind = type(error)
    if kind in _EXACT or isinstance(error, tuple(documented)):
        return None
    if isinstance(error, OSError) and kind.__module__ == "builtins":
        return None
    if isinstance(error, MemoryError) and _raised_by_a_case(error):
        return None
    return (
        f"{kind.__module__.removeprefix('builtins').lstrip('.')}{'.' * (kind.__module__ != 'builtins')}{kind.__name__}"
    )


def _raised_by_a_case(error: BaseException) -> bool:
    """Tell whether a data set of a case's own, and not the package, asked for the memory."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and "fuzz" in Path(frames[-1].filename).parts


def fingerprint(model: Any) -> str:
    """Return a hash of the state and the output of a model or a network of the extension."""
    network = model if isinstance(model, _native.Network) else model.network
    hashed = hashlib.blake2b(digest_size=16)
    for which in (_native.VALUE, _native.VELOCITY) if getattr(model, "has_trained", False) else (_native.VALUE,):
        for array in parameters.by_name(network, which).values():
            hashed.update(np.ascontiguousarray(array))
    hashed.update(repr(parameters.multipliers(network)).encode())
    if isinstance(model, sa.Model):
        preprocessing = model.preprocessing
        quantized = None if model.quantization is None else model.quantization.to_json()
        hashed.update(repr((model.classes, model.variant, preprocessing.to_json(), quantized)).encode())
        hashed.update(np.ascontiguousarray(preprocessing.mean))
    return hashed.hexdigest()


class Guard:
    """Tells whether anything that all cases share was changed.

    Parameters
    ----------
    models : iterable of Model or _native.Network
    descriptors : iterable of int
        Files that must stay open.
    """

    def __init__(self, models: Iterable[Any], descriptors: Iterable[int]):
        self._models = [(model, fingerprint(model), _answer(model)) for model in models]
        self._files = {number: _file(number) for number in descriptors}

    def damage(self) -> str | None:
        """Return what is no longer as it was."""
        for model, before, answer in self._models:
            if fingerprint(model) != before:
                return f"the shared model {model!r} has changed"
            if _answer(model) != answer:
                return f"the shared model {model!r} computes something else"
        changed = [number for number, before in self._files.items() if _file(number) != before]
        return f"the file descriptors {changed} have been closed" if changed else None


def _file(number: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(number)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _answer(model: Any) -> bytes:
    """Return the bits of the logits of one fixed input."""
    network = model if isinstance(model, _native.Network) else model.network
    nodes = network.nodes()
    x = np.linspace(-1, 1, int(np.prod(nodes[0][4])), dtype=np.float32).reshape(1, *nodes[0][4])
    logits = np.empty((1, nodes[-1][4][0]), np.float32)
    network.forward(x, 0, False, False, 0, 0, (0, 0, 0), logits)
    return logits.tobytes()
