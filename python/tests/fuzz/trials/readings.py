"""Reading of damaged files: damage to any byte, or damage with correct checksums."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import swiftalexnet as sa
from swiftalexnet.files import safetensors

from ..files.damage import damage, damage_text
from ..files.formats import (
    Format,
    checkpoint_parts,
    fit_again,
    formats,
    header_text,
    model_parts,
    rebuilt_cache,
    rebuilt_safetensors,
)
from ..files.images import damage_structure
from ..files.structure import change_json, change_tensors, spoil_text
from ..world import TINY, World

_MOST_MEMORY = 50_000_000  # bytes of a network that is run


@dataclass
class Reading:
    """A file that has been damaged and not been read yet.

    Attributes
    ----------
    text : str
        The format and what was done.
    run : callable
        Reads it.
    wrong : callable
        Takes what was read; returns what is wrong with it, or None.
    """

    text: str
    run: Callable[[], Any]
    wrong: Callable[[Any], str | None] = field(default=lambda result: None)


def make_reading(world: World) -> Reading:
    """Draw a format and damage to it."""
    return world.one_of(*(_bytes,) * 5, _structure, _structure, _model, _checkpoint, _header, _index, _spec, _spec)(
        world
    )


def _bytes(world: World) -> Reading:
    """Damage bytes of any file; our own notice all of it."""
    names = list(formats())
    name = world.random.choice(names if world.one_of(False, True) else [each for each in names if _exact(each)])
    kind = formats()[name]
    sound = kind.content(world)
    done, data = damage(sound, world.random)
    path = world.new_file()
    path.write_bytes(data)

    def wrong(result: Any) -> str | None:
        if not kind.exact or data == sound:
            return None
        return None if result == _sound_result(kind, world) else "damage was not noticed"

    return Reading(f"{name}: {done}", lambda: kind.read(world, path), wrong)


def _exact(name: str) -> bool:
    return formats()[name].exact or name == "cache of images"


_results: dict[int, Any] = {}


def _sound_result(kind: Format, world: World) -> Any:
    """Return what the undamaged file gives; read once in a process."""
    if id(kind) not in _results:
        path = world.new_file()
        path.write_bytes(kind.content(world))
        _results[id(kind)] = kind.read(world, path)
    return _results[id(kind)]


def _structure(world: World) -> Reading:
    """Damage an image as only its format's structure allows."""
    kinds = [name for name in formats() if name.startswith(("JPEG", "PNG", "TIFF"))]
    name = world.random.choice(kinds)
    done, data = damage_structure(formats()[name].content(world), world.random)
    path = world.new_file()
    path.write_bytes(data)
    return Reading(f"{name}: {done}", lambda: formats()[name].read(world, path))


def _model(world: World) -> Reading:
    """Change what a model file says, or its tensors; all hashes are right."""
    done, path = _rewritten(world, *model_parts(world))
    return Reading(f"model with right hashes: {done}", lambda: _use(sa.load(path)))


def _checkpoint(world: World) -> Reading:
    """Change what a checkpoint says, or its tensors; all hashes are right."""
    done, path = _rewritten(world, *checkpoint_parts(world))
    if world.one_of(False, True):
        return Reading(f"checkpoint with right hashes: {done}", lambda: fit_again(world, path))
    return Reading(f"checkpoint with right hashes, loaded: {done}", lambda: _use(sa.load(path)))


def _rewritten(world: World, tensors: dict[str, Any], sections: dict[str, Any]) -> tuple[str, Any]:
    path = world.new_file()
    if "history" in tensors and world.random.random() < 0.2:
        done, rows = change_json(json.loads(tensors["history"].tobytes()), world.random)
        text = json.dumps(rows).encode("utf-8", "surrogatepass")
        tensors = tensors | {"history": np.frombuffer(text, np.uint8)}
    elif world.random.random() < 0.7:
        done, changed = change_json(sections, world.random)
        sections = changed if isinstance(changed, dict) else {"model": changed}
    else:
        done, tensors = change_tensors(tensors, world)
    try:
        safetensors.write(path, tensors, sections)
    except ValueError:  # what JSON cannot say is not written
        path.write_bytes(b"")
    return done, path


def _header(world: World) -> Reading:
    """Change the safetensors header itself: offsets, shapes, types, text that no program writes."""
    name = world.one_of("model", "checkpoint", "checkpoint to resume from")
    kind, done = formats()[name], []

    def change(header: dict[str, Any]) -> str:
        if world.one_of(False, True):
            part = world.random.choice(sorted(header))
            what, header[part] = change_json(header[part], world.random)
            done.append(f"{part} {what}")
            return header_text(header)
        what, text = spoil_text(header_text(header), world.random)
        done.append(what)
        return text

    path = world.new_file()
    path.write_bytes(rebuilt_safetensors(kind.content(world), change))
    return Reading(f"{name}, header: {', '.join(done)}", lambda: kind.read(world, path))


def _index(world: World) -> Reading:
    """Change the index of a cache of images or of shards; its checksum is right."""
    done = []

    def change(text: str) -> str:
        if world.random.random() < 0.7:
            what, value = change_json(json.loads(text), world.random)
            done.append(what)
            return json.dumps(value)
        what, text = spoil_text(text, world.random)
        done.append(what)
        return text

    path = world.new_file()
    name = world.one_of("cache of images", "index of shards")
    kind = formats()[name]
    path.write_bytes(rebuilt_cache(kind.content(world), change))
    return Reading(f"{name}, index: {', '.join(done)}", lambda: kind.read(world, path))


def _spec(world: World) -> Reading:
    """Change the text of a network."""
    text = world.one_of(TINY.format(channels=3, classes=4), world.shared.vgg.spec, sa.cifar_net("18pct").spec)
    done, text = damage_text(text, world.random)

    def run() -> None:
        if sa.memory(text, 1).total < _MOST_MEMORY:
            _use(sa.Model.from_spec(text, world.one_of("zeros", "glorot")))

    return Reading(f"specification: {done}", run)


def _use(model: sa.Model) -> None:
    """Do with a model what a user does next."""
    model.forward(np.zeros((1, *model.input_shape), np.float32), keep=False)
    channels = model.preprocessing.channels
    model.predict(np.zeros((30, 40, channels), np.uint8))
    repr(model.summary()), repr(model.preprocessing)
