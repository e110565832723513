"""Improper uses: of the extension's objects, of changing memory, after a fork, of disappearing files."""

import gc
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import small_network

import swiftalexnet as sa
from swiftalexnet import _native

from ..world import CLASSES, World
from .deeds import acts, short_fit


def _raw_objects(world: World) -> None:
    """Use the extension's objects in ways that nobody should, and a parameter after its network is gone."""
    network = small_network.make()
    parameter = network.parameter(world.random.randrange(len(network.parameters())), world.random.randrange(3))
    with suppress(BufferError, AttributeError):  # Python's own words for memory that is not an array
        world.random.choice(_odd_calls(world, network, parameter))()
    del network
    gc.collect()
    np.asarray(parameter).sum()


def _odd_calls(world: World, network: _native.Network, parameter: _native.Parameter) -> list[Callable[[], Any]]:
    return [
        lambda: _native.Parameter(),
        lambda: _native.Network.__new__(_native.Network),
        lambda: object.__new__(_native.Network),
        lambda: type("Network", (_native.Network,), {}),
        lambda: _native.Network.forward(parameter),
        lambda: _native.Network.spec(world.shared.model),
        lambda: _native.Network.parameter.__get__(network)(0, 9),
        lambda: _native.Network.__init__(network, 1, 2, 3),
        lambda: np.asarray(parameter).resize((9, 9)),
        lambda: memoryview(parameter).cast("B"),
        lambda: bytes(parameter),
        lambda: hash(parameter) and parameter == network,
        lambda: _native.Network(small_network.SPEC, "zeros", 0, 1),
        lambda: network.forward(*[network] * 8),
        lambda: network.forward(x=1, y=2),
        lambda: _native.relu(*[np.zeros(3, np.float32)] * 40),
    ]


def _changed_while_used(world: World) -> None:
    """Change arrays while the engine computes with them."""
    memory = bytearray(4 * 3 * 3 * 20 * 20)
    x = np.frombuffer(memory, np.float32).reshape(3, 3, 20, 20)
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            x[...] = 3e38
            with suppress(BufferError):
                memory.extend(b"x")

    thread = threading.Thread(target=change, daemon=True)
    thread.start()
    try:
        for _ in range(5):
            world.shared.model.forward(x, keep=False)
    finally:
        stop.set()
        thread.join()


def _in_a_child(world: World) -> None:
    """Use a model, fork, and use it in the child."""
    model = world.model()
    world.shared.model.predict(world.images(2, 23, 23, 3))
    act = world.random.choice(acts(world, model))
    sys.stdout.flush()
    child = os.fork()
    if not child:
        code = 1
        try:
            act()
            code = 0
        except (ValueError, sa.ConcurrentUseError):
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if status:
        raise AssertionError(f"the child ended with {os.waitstatus_to_exitcode(status)}")


def _files_go_away(world: World) -> None:
    """Read images whose files go away, or become others, after their folder was listed."""
    root = world.new_file()
    for name in CLASSES[:2]:
        (root / name).mkdir(parents=True)
        (root / name / "1.png").write_bytes(world.image_file().read_bytes())
    data = sa.ImageFolder(root, on_error=world.one_of("raise", "skip"), cache=world.one_of(False, True))
    path = root / CLASSES[0] / "1.png"
    path.unlink()
    act = world.random.randrange(4)
    if act == 0:
        os.mkfifo(path)
    elif act == 1:
        path.mkdir()
    elif act == 2:
        path.symlink_to("/dev/zero")
    model = world.own = sa.Model.from_spec(world.shared.model.spec.replace("outputs=4", "outputs=2"), "zeros")
    short_fit(model, world, data=data)


STATES: dict[str, Callable[[World], None]] = {
    "raw objects": _raw_objects,
    "changed while used": _changed_while_used,
    "in a child": _in_a_child,
    "files go away": _files_go_away,
}
