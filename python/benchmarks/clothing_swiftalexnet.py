"""The clothing recipe in swiftalexnet: the same network, pixels, rates and batches as in PyTorch."""

from collections.abc import Callable

import swiftalexnet as sa
from clothing_recipe import Recipe
from photographs import Photographs


def train(train_set: Photographs, validation: Photographs, recipe: Recipe, report: Callable[[dict], None]) -> dict:
    """Train, then `report` a dict per epoch; there is nothing to choose on the way."""
    trained(train_set, validation, recipe, report)
    return {}


def trained(
    train_set: Photographs,
    validation: Photographs,
    recipe: Recipe,
    report: Callable[[dict], None],
    fast_math: bool = False,
) -> sa.Model:
    """Train, and return the model."""
    sa.set_num_threads(recipe.threads)
    model = sa.alexnet("owt", num_classes=len(train_set.classes), image_size=recipe.size, seed=recipe.seed)
    model.preprocessing = model.preprocessing.replace(resize=recipe.resize)  # the pixels as they were decoded
    model.fit(
        sa.ArrayDataset(train_set.images, train_set.labels),
        validation=sa.ArrayDataset(validation.images, validation.labels),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        recipe=_recipe(recipe),
        progress=False,
        on_epoch_end=report,
        fast_math=fast_math,
    )
    model.classes = train_set.classes
    return model


def _recipe(recipe: Recipe):
    return sa.recipe(
        "torchvision",
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        batch_size=recipe.batch_size,
        rule="paper",
        schedule=sa.EpochSchedule(boundaries=list(recipe.boundaries), factor=recipe.factor),
    )
