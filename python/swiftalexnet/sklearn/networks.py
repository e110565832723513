"""The network and the recipe of a classifier: as the data suggest, or as its parameters say."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np

from ..architectures import build
from ..images.inputs import Images
from ..model import Model
from ..recipes.recipe import Recipe
from ..recipes.table import as_recipe
from ..small_data import Suggestion, suggest
from .inputs import Items

_LEAST_SIDE = 8  # pixels that every small network of the catalogue can read
_MIDDLE = 127.5
_AS_THEY_ARE: dict[str, Any] = {"crop": False, "flip": False, "color_noise": 0.0, "rotation": 0.0, "shift": 0}


def suggestion(items: Items, image_size: int | None, epochs: int | None) -> Suggestion:
    """Return what `suggest` suggests for so many images, with an input no larger than they are."""
    suggested = suggest(Images(list(items)), image_size, epochs)
    if image_size is None and isinstance(items, np.ndarray):
        side = max(_LEAST_SIDE, min(suggested.image_size, max(items.shape[1:3])))
        suggested = replace(suggested, image_size=side)
    return suggested


def new_network(
    suggested: Suggestion,
    variant: str | None,
    image_size: int | None,
    items: Items,
    table: bool,
    classes: int,
    seed: int,
) -> Model:
    """Return an untrained network for the images; those of a table are read as they are."""
    channels = items.shape[3] if isinstance(items, np.ndarray) else 3
    if variant is None:
        model = suggested.build(classes, channels, seed)
    else:
        model = build(variant, classes, channels, image_size, seed)
    if table:
        plain = model.preprocessing
        mean = np.full(channels, _MIDDLE, np.float32)
        model.preprocessing = plain.replace(resize=plain.crop, warp=True, mean=mean, learn_mean=False)
    return model


def tuned_network(base: Model, classes: tuple[str, ...], old_rate: float, freeze: Any, seed: int) -> Model:
    """Return a copy of a model with a new last layer, unless it has these classes; its other layers learn slowly."""
    same = base.has_classes and base.classes == classes
    model = copy.deepcopy(base) if same else base.with_classes(len(classes), seed)
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in model.parameters()))
    model.set_multipliers(list(model.parameters()), 1, 1)
    model.set_multipliers([f"{layer}." for layer in (layers if same else layers[:-1])], old_rate)
    if freeze:
        model.freeze(*([freeze] if isinstance(freeze, str) else freeze))
    return model


def chosen_recipe(suggested: Suggestion, recipe: str | Recipe | None, table: bool, changes: dict[str, Any]) -> Recipe:
    """Return the recipe that is named or suggested, with the `changes` that are not None."""
    own = suggested.recipe.replace(**_AS_THEY_ARE) if table else suggested.recipe
    chosen = as_recipe(own if recipe is None else recipe, None, None)
    return chosen.replace(**{name: value for name, value in changes.items() if value is not None})
