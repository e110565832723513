"""Operations on a model that are possible at any time."""

import copy
import gc
from collections.abc import Callable
from typing import Any

from support import quick_recipe

import swiftalexnet as sa

from ..world import World


def short_fit(model: sa.Model, world: World, **options: Any) -> Any:
    """Train for one epoch."""
    options = {"progress": False, "recipe": quick_recipe(batch_size=4), "epochs": 1} | options
    return model.fit(options.pop("data", world.shared.data), **options)


def acts(world: World, model: sa.Model) -> list[Callable[[], Any]]:
    """Return operations on a model that are possible at any time."""
    x, images = world.floats(2, 3, 20, 20), world.images(2, 23, 23, 3)
    return [
        lambda: short_fit(model, world),
        lambda: model.load_state_dict(world.shared.other.state_dict()),
        lambda: model.train_step(x, [0, 1]),
        lambda: model.forward(x),
        lambda: model.backward(world.floats(2, 4)),
        lambda: model.predict(images),
        lambda: model.evaluate(world.shared.data),
        lambda: model.features(images, ["conv1"]),
        lambda: model.save(world.new_file()),
        lambda: model.freeze("conv1"),
        lambda: model.release_memory(),
        lambda: setattr(model, "preprocessing", model.preprocessing.replace(mean=world.floats(3))),
        lambda: setattr(model, "classes", None),
        lambda: copy.deepcopy(model),
        lambda: model.gradients(),
        lambda: model.memory(2, True),
        lambda: sa.set_num_threads(world.one_of(1, 2, 3)),
        lambda: gc.collect(),
    ]
