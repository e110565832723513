"""The state dict in what was saved: the whole of it, or a part beside an optimiser, an epoch and arguments."""

from typing import Any, NamedTuple

from ...errors import UnsupportedError
from ...files.pickles.values import Opaque, by_text
from ..stored import Stored
from .tensors import Tensor

_PLACES = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "model_state", "module")
_COUNTERS = ("n_averaged",)  # torch.optim.swa_utils.AveragedModel's, beside the tensors of the network
_DEEPEST = 3  # {"checkpoint": {"model": {…}}}
_MOST_TENSORS = 10_000
_MOST_PARTS = 100  # of a checkpoint, to look for tensors in


class Found(NamedTuple):
    """The tensors of a network, and what a user should know of how they were found."""

    tensors: dict[str, Stored]
    notes: list[str]


def find_state_dict(saved: Any, place: str) -> Found:
    """Return the tensors of the state dict that was saved.

    Raises
    ------
    UnsupportedError
        A module was saved instead, or the state dict holds objects that are no plain tensors.
    ValueError
        There is no state dict.
    """
    path: list[str] = []
    for _ in range(_DEEPEST):
        entries = by_text(saved)
        key = _key(entries)
        if key is None:
            break
        path.append(key)
        saved = entries[key]
    if isinstance(saved, Opaque):
        wanted = "where its class is known, save its state_dict: torch.save(model.state_dict(), path)"
        raise UnsupportedError(f"{place} holds a whole {saved.kind}, which only its own program can build; {wanted}")
    entries = by_text(saved)
    if not any(isinstance(each, Tensor) for each in entries.values()):
        came = f"a dict of {', '.join(list(entries)[:5])[:200]}" if entries else type(saved).__name__
        raise ValueError(f"{place} holds no state_dict, but {came}")
    if len(entries) > _MOST_TENSORS:
        raise ValueError(f"{place} has {len(entries):,} tensors, expected at most {_MOST_TENSORS:,}")
    notes = [f"the tensors are those of {'.'.join(path)!r}; the rest of the checkpoint is left out"] if path else []
    return Found({name: each.stored(name) for name, each in _tensors(entries, place).items()}, notes)


def _key(entries: dict[str, Any]) -> str | None:
    """Return the entry that holds the state dict; None if these are its tensors."""
    known = [key for key in _PLACES if isinstance(entries.get(key), (dict, Opaque))]
    dicts = [key for key in known if isinstance(entries[key], dict)]
    if known:
        return next(iter(dicts), known[0])
    if any(isinstance(each, Tensor) for each in entries.values()):
        return None
    few = entries.items() if len(entries) <= _MOST_PARTS else ()
    dicts_of = {key: each for key, each in few if isinstance(each, dict)}
    others = [key for key, each in dicts_of.items() if any(isinstance(part, Tensor) for part in each.values())]
    return others[0] if len(others) == 1 else None


def _tensors(entries: dict[str, Any], place: str) -> dict[str, Tensor]:
    for name, each in entries.items():
        if isinstance(each, Opaque):
            raise UnsupportedError(f"{place}: {name[:80]} is of type {each.kind}, expected a plain tensor")
    return {name: each for name, each in entries.items() if isinstance(each, Tensor) and name not in _COUNTERS}
