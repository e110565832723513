"""Models in use: by a callback, by a data set, by another thread, by a copy."""

import copy
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import swiftalexnet as sa

from ..hostile.data import Data
from ..hostile.objects import Planned
from ..world import World
from .deeds import acts, short_fit


def _called_back(world: World) -> None:
    """Do something to a model from the callback of its own training."""
    model, act = world.model(), world.random.choice(acts(world, world.model()))
    short_fit(model, world, on_epoch_end=lambda row: act(), epochs=2)


def _called_while_read(world: World) -> None:
    """Do something to a model from the data set that it is trained on."""
    model, act = world.model(), world.random.choice(acts(world, world.model()))

    def image(pixels: Any) -> Any:
        act()
        return pixels

    short_fit(model, world, data=Data(world, image=image, workers=world.one_of(1, 3)))


def _two_threads(world: World) -> None:
    """Let two threads do things to one model."""
    model = world.model()
    both = [world.random.sample(acts(world, model), 4) for _ in range(2)]
    errors: list[Exception] = []

    def work(mine: list[Callable[[], Any]]) -> None:
        for act in mine:
            try:
                act()
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(mine,), daemon=True) for mine in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if not isinstance(error, sa.ConcurrentUseError | ValueError):  # no kept forward
            raise error


def _after_an_error(world: World) -> None:
    """Use a model after a fit that was ended by its callback."""

    def stop(row: Any) -> None:
        raise Planned("stop")

    model = world.model()
    with suppress(Planned):
        short_fit(model, world, on_epoch_end=stop)
    world.random.choice(acts(world, model)[:14])()


def _copied(world: World) -> None:
    """Copy and pickle what users hold, and use the copy."""
    model = world.shared.model
    things = [
        *(model, world.shared.data, world.folder(), model.preprocessing, sa.recipe("chm145"), world.shared.history),
        *(model.summary(), model.memory(2), model.predict(world.images(1, 9, 9, 3)), sa.Ensemble([model, model])),
        *(model.network, model.network.parameter(0, 0), sa.Views(), sa.info(), sa.CheckpointCorruptError("x")),
    ]
    thing = world.random.choice(things)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        pickle.loads(pickle.dumps(thing, protocol))
    repr(copy.copy(thing)), repr(copy.deepcopy(thing))


STATES: dict[str, Callable[[World], None]] = {
    "called back": _called_back,
    "called while an image is read": _called_while_read,
    "two threads": _two_threads,
    "after an error": _after_an_error,
    "copied": _copied,
}
