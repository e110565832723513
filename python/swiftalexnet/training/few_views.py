"""Recipes that show an image in few views, so that features of all of them can be kept."""

from typing import Any

from ..preprocessing.preprocessing import Preprocessing
from ..recipes.recipe import Recipe


def few_views(recipe: Recipe, preprocessing: Preprocessing) -> dict[str, Any]:
    """Return the settings by which a recipe makes an image look different every time, as they have to be instead.

    Empty if there are none: an image then has the view of the centre crop and, with `flip`, its mirror image.
    """
    colored = preprocessing.channels == 3 and recipe.color_noise > 0 and recipe.color_noise_epochs != 0
    many = {
        "crop": recipe.crop and preprocessing.resize > preprocessing.crop,
        "color_noise": colored,
        "rotation": recipe.rotation > 0,
        "shift": recipe.shift > 0,
        "scale": recipe.scale is not None,
    }
    few: dict[str, Any] = {"crop": False, "color_noise": 0.0, "rotation": 0.0, "shift": 0, "scale": None}
    return {name: few[name] for name, there in many.items() if there}


def require_few_views(recipe: Recipe, preprocessing: Preprocessing) -> None:
    """Raise ValueError, with the way out, unless a recipe shows an image in few views."""
    changes = few_views(recipe, preprocessing)
    if changes:
        given = ", ".join(f"{name}={getattr(recipe, name)}" for name in changes)
        wanted = ", ".join(f"{name}={value}" for name, value in changes.items())
        raise ValueError(
            f"fit: cache_features: recipe {recipe.name!r} shows an image differently every time ({given}), and the "
            "features of its centre crop and of the mirror image can be kept; expected a recipe with "
            f".replace({wanted})"
        )
