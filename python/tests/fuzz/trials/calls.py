"""A call of an entry point with one or two hostile arguments, or with none, which must succeed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..entries import Entry, entries
from ..hostile import hostile as hostile_value
from ..sound import instance, sound_arguments
from ..world import World

# Whatever changes the model that it is called on; such a case gets a model of its own.
CHANGES = {
    *("AlexNetClassifier.fit", "AlexNetFeatures.fit"),
    *(
        "Model.backward",
        "Model.classes =",
        "Model.copy_layers",
        "Model.exclusive",
        "Model.fit",
        "Model.forward",
        "Model.freeze",
    ),
    *("Model.gradients", "Model.load_state_dict", "Model.note_training", "Model.parameters"),
    *("Model.preprocessing =", "Model.quantization =", "Model.release_memory"),
    *("Model.set_multipliers", "Model.train_step", "Model.unfreeze"),
    *("_native.Network.backward", "_native.Network.forward", "_native.Network.release_memory"),
    *("_native.Network.set_multipliers", "_native.Network.set_whitening", "_native.Network.train_step"),
    "_native.Network.set_quantization",
    *("_native.Network.train_step_features", "_native.Network.train_step_images", "_native.Network.parameter"),
    *("_native.Network.prepare_update", "_native.Network.commit_update", "_native.Network.gradients_of_factors"),
    *("_native.Network.gradients", "_native.Network.gradients_images", "_native.Network.gradients_features"),
    *("_native.Network.apply_gradients", "_native.Network.read_factor", "_native.Network.write_factor"),
}

# A run that ends in the middle leaves the weights of its last whole step.
STOPS_IN_THE_MIDDLE = {"Model.fit"}

# What else an entry point's documentation, or Python's own habit, says that it raises.
DOCUMENTED: dict[str, tuple[type[BaseException], ...]] = {
    # scikit-learn has kinds of its own.
    **dict.fromkeys((f"AlexNetClassifier.{name}" for name in ("fit", "predict", "predict_proba")), (ValueError,)),
    **dict.fromkeys(("AlexNetFeatures.fit", "AlexNetFeatures.transform"), (ValueError,)),
    **dict.fromkeys(
        ("ArrayDataset.image", "ImageFolder.image", "ImageFolder.why_missing", "ImageFolder.note_missing"),
        (IndexError,),
    ),
    **dict.fromkeys(
        (f"ShardedDataset.{name}" for name in ("encoded", "image", "name", "note_missing", "why_missing")),
        (IndexError,),
    ),
    **dict.fromkeys((f"{name}.__getitem__" for name in ("Attribution", "Distances", "History")), (IndexError,)),
    "History.column": (KeyError,),
    "StoredFeatures.__getitem__": (KeyError,),
}

# Without a network and the files of others they refuse even what is right.
REFUSED = {"pretrained"}

# They measure the machine, for tenths of seconds.
SLOW = {"Model.profile", "_native.Network.profile_images", "_native.fma_limits", "_native.tile_rates"}

# Values from the first to the second are right, and much work.
LONG: dict[str, tuple[float, float]] = {
    "epochs": (3, 2**31 - 1),
    "repeats": (2, 1000),
    "samples": (30, 10_000),
    "steps": (60, 100_000),
    "workers": (17, 256),
    "count": (17, 256),  # threads
    "threads": (17, 256),
}


@dataclass
class Call:
    """A call that has not been made yet.

    Attributes
    ----------
    text : str
        Entry point and what is hostile about its arguments.
    entry : Entry
    run : callable
    owned : list
        Models of the case's own that must stay as they are if the call is refused.
    sound : bool
        Nothing is hostile: the call must succeed.
    """

    text: str
    entry: Entry
    run: Callable[[], Any]
    owned: list[Any]
    sound: bool


def make_call(world: World, name: str | None = None, hostile: bool = True) -> Call:
    """Draw an entry point, if none is named, and its arguments, of which some are `hostile`."""
    entry = entries()[name] if name else _entry(world)
    arguments = sound_arguments(entry, world)
    changes = entry.name in CHANGES
    first = [] if entry.owner is None else [instance(entry.owner, world, changes)]
    spoilt = _spoil(arguments, world) if hostile else {}
    owned = [model for model in (world.own, world.own_network) if model is not None]
    many = [each.name for each in entry.parameters if each.many and each.name in arguments]
    rest = [*arguments.pop(many[0])] if many and isinstance(arguments[many[0]], tuple | list) else []
    text = f"{entry.name}({', '.join(f'{key}: {what}' for key, what in spoilt.items())})"

    def run() -> Any:
        if entry.positional:
            return entry.call(*first, *arguments.values())
        result = entry.call(*first, *rest, **arguments)
        return list(result) if hasattr(result, "__next__") else result

    keeps = [] if entry.name in STOPS_IN_THE_MIDDLE else owned
    return Call(text, entry, run, keeps, not spoilt and entry.name not in REFUSED)


def _entry(world: World) -> Entry:
    """Draw an entry point; those with more parameters come more often, those that take long seldom."""
    every = list(entries().values())
    weights = [0.1 if each.name in SLOW else 1 + 2 * len(each.parameters) for each in every]
    return world.random.choices(every, weights)[0]


def _spoil(arguments: dict[str, Any], world: World) -> dict[str, str]:
    """Replace one or two arguments, or make two share memory; return what was done, by argument."""
    done: dict[str, str] = {}
    names = list(arguments)
    count = min(len(names), world.random.choices((0, 1, 2), (1, 12, 6))[0])
    if count == 2 and world.random.random() < 0.15 and (shared := _share_memory(arguments, world)):
        return shared
    for name in world.random.sample(names, count):
        what, value = hostile_value(arguments[name], world)
        if not _is_long(name, value):
            done[name], arguments[name] = what, value
    return done


def _share_memory(arguments: dict[str, Any], world: World) -> dict[str, str]:
    """Let one array lie in the memory of another, in whole or in part."""
    arrays = [name for name, value in arguments.items() if isinstance(value, np.ndarray) and value.dtype == np.float32]
    if len(arrays) < 2:
        return {}
    one, two = world.random.sample(arrays, 2)
    shift = world.random.randrange(4)
    memory = np.zeros(max(arguments[one].size, arguments[two].size + shift), np.float32)
    for name, start in ((one, 0), (two, shift)):
        shape, size = arguments[name].shape, arguments[name].size
        arguments[name] = memory[start : start + size].reshape(shape)
    return {two: f"in the memory of {one}"}


def _is_long(name: str, value: Any) -> bool:
    low, high = LONG.get(name, (1, 0))
    return isinstance(value, int | float | np.number) and bool(low <= value <= high)
