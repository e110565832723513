"""The batch size, if the caller passes "auto"."""

from typing import Literal

from .._support.native_arguments import FLOAT32, Arithmetic
from .._support.shown import shown
from .base import BaseModel
from .memory_use import available, engine_memory

BatchSize = int | Literal["auto"]

_POWERS = (256, 128, 64, 32, 16, 8, 4, 2, 1)
_PART = 0.9  # of free memory; the rest is left for other allocations
_VALIDATION_BATCH = 64  # the default of `evaluate`
_BATCHES = 4  # of decoded images, waiting or in use


def for_training(model: BaseModel, wanted: int, arithmetic: Arithmetic = FLOAT32, validates: bool = False) -> int:
    """Return a batch size if a training step with it fits into free memory, or the largest power of two that does.

    With `validates` memory is also reserved for validation. Activations of earlier calls and the last `forward` are
    freed first.

    Raises
    ------
    MemoryError
        Not even one image fits.
    """
    model.network.release_memory()
    room = _needed(model, _VALIDATION_BATCH, False, arithmetic) if validates else 0
    return _largest(model, wanted, True, arithmetic, "fit", room)


def for_inference(
    model: BaseModel,
    batch_size: BatchSize,
    operation: str,
    arithmetic: Arithmetic = FLOAT32,
    keeps_layers: bool = False,
) -> int:
    """Return `batch_size`, or for "auto" the largest power of two up to 256 that fits into free memory.

    Parameters
    ----------
    keeps_layers : bool
        The outputs of layers are kept, which needs as much memory as in a training step.

    Raises
    ------
    ValueError
        A text other than "auto".
    MemoryError
        Not even one image fits.
    """
    if not isinstance(batch_size, str):
        return batch_size
    require_auto(batch_size, operation)
    if keeps_layers:
        arithmetic = Arithmetic(arithmetic.precision)  # no filter gradients are computed, whose fast method takes more
    return _largest(model, _POWERS[0], keeps_layers, arithmetic, operation)


def require_auto(batch_size: str, operation: str) -> None:
    """Raise ValueError for any text other than "auto"."""
    if batch_size != "auto":
        raise ValueError(f"{operation}: batch_size is {shown(batch_size)}, expected an integer or 'auto'")


def _largest(
    model: BaseModel, wanted: int, training: bool, arithmetic: Arithmetic, operation: str, room: int = 0
) -> int:
    """Return the wanted batch size, or the largest power of two below it, up to 256, that fits."""
    free = available()
    for batch in (wanted, *(power for power in _POWERS if power < wanted)):
        try:
            needed = room + _needed(model, batch, training, arithmetic)
        except MemoryError as error:  # the address space of the process may be limited
            if batch == 1:
                raise MemoryError(f"{operation}: not even one image fits: {error}") from error
            continue
        if free is None or needed <= _PART * free:
            return batch
    raise MemoryError(f"{operation}: one image needs {needed} bytes, {free} are free")


def _needed(model: BaseModel, batch: int, training: bool, arithmetic: Arithmetic = FLOAT32) -> int:
    """Return the bytes that a batch needs in addition to those already allocated."""
    use = engine_memory(model, batch, training, arithmetic)
    there = use.weights + (use.gradients + use.velocities if model.has_trained else 0)
    side = model.preprocessing.geometry.size
    return use.total - there + _BATCHES * batch * side * side * model.preprocessing.channels
