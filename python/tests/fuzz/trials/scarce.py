"""Calls while a resource is exhausted: memory, addresses, the disk, descriptors, an output stream."""

import io
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import swiftalexnet as sa
from swiftalexnet import _native

from ..world import World
from .calls import make_call
from .deeds import short_fit


def _scarce(world: World) -> None:
    """Let one allocation of the engine fail during a call."""
    call = make_call(world, hostile=False)
    _native.fail_allocation_after(world.random.randrange(6))
    try:
        call.run()
    finally:
        _native.fail_allocation_after(-1)


def _few_addresses(world: World) -> None:
    """Make a call with few megabytes of addresses left."""
    call = make_call(
        world, world.one_of("Model.fit", "Model.predict", "Model.forward", "load", "vgg", "ops.conv2d"), False
    )
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    with _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + world.random.randrange(1 << 26)):
        call.run()


def _full_disk(world: World) -> None:
    """Write where no file may grow beyond some bytes."""
    model = world.model()
    acts = [
        lambda: model.save(world.new_file()),
        lambda: short_fit(model, world, checkpoint=world.new_file()),
        lambda: world.folder().cache_to(world.new_file(), side=20),
        lambda: sa.ImageFolder(world.shared.folder / "photos", cache=world.new_file()),
        lambda: world.shared.history.to_csv(world.new_file()),
    ]
    act = world.random.choice(acts)
    with _limit(resource.RLIMIT_FSIZE, world.random.choice((0, 1, 100, 4096, 20_000))):
        act()


def _few_files(world: World) -> None:
    """Open files where no more can be opened."""
    acts = [
        lambda: sa.load(world.shared.folder / "model.safetensors"),
        lambda: world.shared.model.predict([world.image_file()] * 3),
        lambda: world.shared.model.save(world.new_file()),
        lambda: world.folder(),
        lambda: world.shared.history.to_csv(world.new_file()),
    ]
    act = world.random.choice(acts)
    most = max(map(int, os.listdir("/proc/self/fd"))) + world.random.randrange(3)
    with _limit(resource.RLIMIT_NOFILE, most):
        act()


@contextmanager
def _limit(kind: int, soft: int) -> Iterator[None]:
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


class _Stream(io.TextIOBase):
    """A stream that fails."""

    def __init__(self, error: Exception | None):
        self._error = error

    def write(self, text: str) -> int:
        """Raise, or lose the text."""
        if self._error:
            raise self._error
        return len(text)

    def isatty(self) -> bool:
        """Raise, or say no."""
        return bool(self.write(""))


def _output(world: World) -> None:
    """Show progress on streams that fail; work must continue."""
    closed = io.StringIO()
    closed.close()
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    streams = (None, closed, ascii_only, _Stream(OSError(28, "No space left on device")), _Stream(BrokenPipeError()))
    stream: Any = world.random.choice((*streams, _Stream(ValueError("closed")), object()))
    model = world.model()
    acts = [
        lambda: short_fit(model, world, progress=True),
        lambda: model.evaluate(world.shared.data, progress=True),
        lambda: world.folder().cache_to(world.new_file(), progress=True, side=20),
        lambda: sa.color_components(world.shared.data, progress=True),
    ]
    act = world.random.choice(acts)
    with redirect_stderr(stream), redirect_stdout(stream):
        try:
            act()
        except Exception as error:
            raise AssertionError(f"output ended the work: {error!r}") from error


STATES: dict[str, Callable[[World], None]] = {
    "an allocation fails": _scarce,
    "few addresses": _few_addresses,
    "full disk": _full_disk,
    "few files": _few_files,
    "output fails": _output,
}
