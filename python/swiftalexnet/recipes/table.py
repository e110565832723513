"""The recipes: data, with the source of every number and what departs from it.

Sources/Training/RecipeTable.swift has the same recipes for Swift programs; python/tests/golden/recipes.txt holds both
to the same numbers.
"""

from typing import Any

from .._support.choices import choose
from .._support.shown import shown
from .parameter_group import ParameterGroup
from .recipe import Recipe
from .schedules import ConstantSchedule, DexpSchedule, EpochSchedule, EpochTableSchedule, PlateauSchedule


def _cifar(name: str, epochs: int, boundaries: tuple[int, ...], source: str, *groups: ParameterGroup) -> Recipe:
    """Return what cuda-convnet's nets for CIFAR-10 share: only the weights' rate is ever reduced."""
    augmented = "conv-local" in name
    return Recipe(
        f"cifar-{name}", 128, 0.001, 0.9, 0.004, EpochSchedule(boundaries), epochs, crop=augmented, flip=augmented,
        bias_learning_rate=2.0, bias_weight_decay=0.0, bias_schedule=ConstantSchedule(), groups=groups,
        source=f"cuda-convnet, example-layers, {name}; {source}",
    )  # fmt: skip


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "paper", 128, 0.01, 0.9, 5e-4, PlateauSchedule(0.1, patience=5, times=3), 90, color_noise=0.1,
            source="Krizhevsky et al. 2012, sections 4 and 5; the patience of the schedule is this package's",
        ),
        Recipe(
            "chm145", 128, 0.01, 0.9, 5e-4, EpochSchedule((25, 51, 79)), 91, bias_learning_rate=2.0,
            bias_weight_decay=0.0, bias_schedule=ConstantSchedule(), color_noise=0.1, color_noise_epochs=67,
            color_divisor=1.1, chunk=32,
            groups=(
                ParameterGroup("conv1.weight", schedule=EpochTableSchedule((25, 51, 67, 72), (0.1, 0.01, 0.001, 0.0))),
                ParameterGroup("conv1.bias", schedule=EpochTableSchedule((72,), (0.0,))),
            ),
            source="the authors' run 145, layers/layer-params-145.cfg of computerhistory/AlexNet-Source-Code and its "
            "log, on ILSVRC-2012; epochs of the log are taken as counted from 0; its chunks of 32 images keep the "
            "order of the files, so that the same ones always share a crop, and here are shuffled anew in every epoch",
        ),
        Recipe(
            "caffe", 256, 0.01, 0.9, 5e-4, EpochSchedule((20, 40, 60, 80)), 90, rule="caffe",
            bias_learning_rate=2.0, bias_weight_decay=0.0,
            source="BVLC Caffe, models/bvlc_alexnet; its solver divides every 100,000 steps of 256 images, which are "
            "20 epochs of ILSVRC, and here 20 epochs of any data; images warped to a square are Preprocessing.warp",
        ),
        Recipe(
            "torchvision", 256, 0.01, 0.9, 1e-4, EpochSchedule((30, 60)), 90, rule="pytorch",
            source="torchvision references/classification for AlexNet: 8 processes of 32 images, together 256; "
            "torchvision itself crops by RandomResizedCrop, which is not here",
        ),
        Recipe(
            "cuda-convnet2", 128, 0.01, 0.9, 5e-4, DexpSchedule(250, 4), 90, bias_learning_rate=2.0,
            bias_weight_decay=0.0, bias_schedule=DexpSchedule(10, 2), color_noise=0.1, color_divisor=1.1,
            source="cuda-convnet2, layers/layer-params-imagenet-1gpu.cfg and convdata.py",
        ),
        Recipe(
            "vgg", 256, 0.01, 0.9, 5e-4, PlateauSchedule(0.1, patience=5, times=3), 74, color_noise=0.1,
            scale=(256, 256),
            source="Simonyan & Zisserman 2014, section 3.1, S = 256; the patience of the schedule is this package's",
        ),
        Recipe(
            "vgg-384", 256, 0.001, 0.9, 5e-4, PlateauSchedule(0.1, patience=5, times=3), 74, color_noise=0.1,
            scale=(384, 384),
            source="Simonyan & Zisserman 2014, section 3.1, S = 384: begins with the weights that `vgg` has trained; "
            "length and patience are this package's",
        ),
        Recipe(
            "vgg-jitter", 256, 0.001, 0.9, 5e-4, PlateauSchedule(0.1, patience=5, times=3), 74, color_noise=0.1,
            scale=(256, 512),
            source="Simonyan & Zisserman 2014, section 3.1, S in [256; 512]: fine-tunes all layers that `vgg-384` has "
            "trained; first rate, length and patience are this package's, and that S is a whole number",
        ),
        Recipe(
            "small", 32, 0.01, 0.9, 5e-4, EpochSchedule((80,)), 100, color_noise=0.1, rotation=8, shift=2,
            source="this package's, measured on 400 and on 3,068 photographs (docs/small_data.md); `suggest` gives the "
            "network and the length that go with it",
        ),
        _cifar(
            "80sec", 10, (8,), "the rate falls after 8 epochs, the 2 epochs after that are this package's",
            ParameterGroup("fc*.weight", weight_decay=7.5),
        ),
        _cifar(
            "18pct", 140, (120, 130), "120 epochs, 10 at a tenth, 10 at a hundredth (these as in Caffe's port)",
            ParameterGroup("fc10.weight", weight_decay=250.0),
        ),
        _cifar(
            "19pct", 140, (120, 130), "trained as long as 18pct",
            ParameterGroup("fc10.weight", weight_decay=750.0),
        ),
        _cifar(
            "conv-local-13pct", 160, (140, 150),
            "there, batches 1 to 4 until the error on the fifth stalls (about 100 epochs), all five until their loss "
            "is as low (about 40), then 10 and 10 at a tenth and a hundredth; here one training set and fixed lengths",
            ParameterGroup("conv?.weight", weight_decay=0.0),
        ),
        _cifar(
            "conv-local-11pct", 520, (500, 510),
            "there, about 350 epochs on batches 1 to 4, about 150 on all five, then 10 and 10 at a tenth and a "
            "hundredth; here one training set and fixed lengths",
            ParameterGroup("conv?.weight", weight_decay=0.0),
            ParameterGroup("fc10.weight", weight_decay=2.5),
        ),
    )
}  # fmt: skip


def as_markdown() -> str:
    """Return the table and the sources of docs/training.md."""
    head = ("recipe", "batch", "rate", "decay", "schedule", "epochs", "biases and groups", "images")
    rows = [head, ("---",) * len(head), *map(_row, RECIPES.values())]
    sources = [f"- `{recipe.name}`: {recipe.source}." for recipe in RECIPES.values()]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in rows), "", *sources])


def _row(recipe: Recipe) -> tuple[str, ...]:
    rule = "" if recipe.rule == "paper" else f"; rule “{recipe.rule}”"
    numbers = f"{recipe.learning_rate:g}{rule}", f"{recipe.weight_decay:g}", str(recipe.schedule), str(recipe.epochs)
    return f"`{recipe.name}`", str(recipe.batch_size), *numbers, _biases(recipe), _images(recipe)


def _biases(recipe: Recipe) -> str:
    factors = ("rate", recipe.bias_learning_rate), ("decay", recipe.bias_weight_decay)
    parts = [f"{what} × {factor:g}" for what, factor in factors if factor != 1]
    parts += [] if recipe.bias_schedule is None else [str(recipe.bias_schedule)]
    biases = [f"biases: {', '.join(parts)}"] if parts else []
    return "; ".join([*biases, *(str(group).replace("*", r"\*") for group in recipe.groups)])


def _images(recipe: Recipe) -> str:
    parts = ["crops"] * recipe.crop + ["mirror images"] * recipe.flip
    if recipe.color_noise:
        until = "" if recipe.color_noise_epochs is None else f" until epoch {recipe.color_noise_epochs}"
        divisor = "" if recipe.color_divisor == 1 else f", divided by {recipe.color_divisor:g}"
        parts.append(f"colour noise {recipe.color_noise:g}{until}{divisor}")
    parts += [f"turned by up to {recipe.rotation:g}°"] * (recipe.rotation != 0)
    parts += [f"shifted by up to {recipe.shift} pixels"] * (recipe.shift != 0)
    if recipe.chunk != 1:
        parts.append(f"{recipe.chunk} images share a crop")
    if recipe.scale is not None:
        low, high = recipe.scale
        parts.append(f"S = {low}" if low == high else f"S in {low} … {high}")
    return ", ".join(parts) or "as they are"


def recipe(name: str = "paper", **overrides: Any) -> Recipe:
    """Return a recipe by name, with some of its settings replaced.

    Each prints itself, with the source of its numbers and what departs from it.

    Parameters
    ----------
    name : str
        `paper` (Krizhevsky et al. 2012 as it is written), `chm145` (the authors' own run, biases and first layer at
        rates of their own), `caffe` (BVLC AlexNet), `torchvision`, `cuda-convnet2` (one GPU, an automatic schedule);
        `vgg`, then `vgg-384` and `vgg-jitter` (the three stages of Simonyan & Zisserman 2014);
        `small` (a few hundred to a few thousand photographs: see `suggest`);
        `cifar-80sec`, `cifar-18pct`, `cifar-19pct`, `cifar-conv-local-13pct`, `cifar-conv-local-11pct` (cuda-convnet's
        nets for CIFAR-10).
    **overrides
        Fields of `Recipe`.

    Raises
    ------
    ValueError
        An unknown name or setting, or a value out of range.
    """
    return RECIPES[choose("recipe", "recipe", name, RECIPES, 0)].replace(**overrides)


def recipe_names() -> list[str]:
    """Return the names that `recipe` knows."""
    return list(RECIPES)


def as_recipe(value: str | Recipe, epochs: int | None, batch_size: int | None) -> Recipe:
    """Return the recipe that `fit` was given, with its own epochs and batch size."""
    if not isinstance(value, (str, Recipe)):
        raise TypeError(f"fit: recipe is {shown(value)}, expected a name or a Recipe")
    chosen = recipe(value) if isinstance(value, str) else value
    changes = {"epochs": epochs, "batch_size": batch_size}
    return chosen.replace(**{name: given for name, given in changes.items() if given is not None})
