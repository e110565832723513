"""The network and recipe of `train`: as the data suggest, as the options say, or from another model."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import swiftalexnet as sa

from .. import _native
from ..recipes.scaling import SCALING_RULES
from ..training.few_views import few_views
from ..training.image_weights import BALANCED
from .models import open_model
from .options import batch_size, count, one_of, real, seed, several, side

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from ..model import Model
    from ..preprocessing.preprocessing import Preprocessing
    from ..recipes.recipe import Recipe
    from ..small_data import Suggestion
    from .output import Output

OLD_RATE = 0.1
_DEFAULT_VARIANT = "paper"  # the network, if only a recipe is given
_BY_COUNT = "chosen by the number of images"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    network = parser.add_argument_group("network")
    network.add_argument(
        "--variant",
        type=one_of("variant", sa.variants()),
        metavar="NAME",
        help=f"one of {', '.join(sa.variants())} (default: {_BY_COUNT}; with another --recipe {_DEFAULT_VARIANT})",
    )
    network.add_argument(
        "--image-size",
        type=side,
        metavar="N",
        help="side of the network's input in pixels (default: the network's own)",
    )
    network.add_argument(
        "--initialization",
        type=one_of("initialization", _native.initializations()),
        metavar="NAME",
        help=f"of the weights: one of {', '.join(_native.initializations())} (default: the network's own)",
    )
    recipe = parser.add_argument_group("recipe")
    recipe.add_argument(
        "--recipe",
        type=one_of("recipe", sa.recipe_names()),
        metavar="NAME",
        help=f"one of {', '.join(sa.recipe_names())} (default: {_BY_COUNT})",
    )
    recipe.add_argument("--epochs", type=count, metavar="N", help="passes over the images (default: the recipe's)")
    recipe.add_argument(
        "--batch-size",
        type=batch_size,
        metavar="N|auto",
        help="images per step; auto: as many as fit into free memory (default: the recipe's)",
    )
    recipe.add_argument(
        "--scale-rate",
        type=one_of("rule", SCALING_RULES),
        metavar="RULE",
        help=f"let the learning rate follow --batch-size: one of {', '.join(SCALING_RULES)} (default: it stays)",
    )
    recipe.add_argument(
        "--learning-rate", type=real(0, open_below=True), metavar="X", help="of the first step (default: the recipe's)"
    )
    recipe.add_argument(
        "--class-weight",
        type=one_of("class weight", [BALANCED]),
        metavar=BALANCED,
        help="let all classes count the same, however many images they have (default: all images count the same)",
    )
    recipe.add_argument("--seed", type=seed, default=0, metavar="N", help="of all random numbers")
    tuning = parser.add_argument_group("fine-tuning")
    tuning.add_argument(
        "--from",
        dest="base",
        metavar="MODEL",
        help="start from this model's layers, except the last if the classes differ (default: random weights)",
    )
    tuning.add_argument(
        "--old-rate",
        type=real(0),
        default=OLD_RATE,
        metavar="X",
        help="the learning rate of the layers of --from, as a factor of the new layers' rate; 0 freezes them",
    )
    tuning.add_argument(
        "--freeze",
        type=several(str),
        metavar="NAME,…",
        help="freeze the layers whose names begin with one of these: conv, or conv1,conv2 (default: none)",
    )
    tuning.add_argument(
        "--cache-features",
        action="store_true",
        help="compute the frozen first layers once for each image and its mirror image, and train the rest from that: "
        "many times as fast, with centre crops and no other augmentation",
    )


def suggest(options: argparse.Namespace, train: "Dataset") -> "Suggestion":
    """Return the suggestion for this number of images."""
    return sa.suggest(train, options.image_size, options.epochs)


def recipe(options: argparse.Namespace, suggestion: "Suggestion", validates: bool, output: "Output") -> "Recipe":
    """Return the chosen recipe; without validation images its learning rate must not depend on them."""
    chosen = sa.recipe(options.recipe) if _is_another(options, suggestion) else suggestion.recipe
    if options.scale_rate is not None:
        if not isinstance(options.batch_size, int):
            raise ValueError("--scale-rate lets the learning rate follow a number of images: --batch-size N")
        chosen = chosen.scaled(options.batch_size, options.scale_rate)
    given = {name: getattr(options, name) for name in ("epochs", "learning_rate", "batch_size")}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value not in (None, "auto")}
    if not validates and any(each.needs_validation for each in chosen.schedules):
        output.note("no validation images, so the learning rate stays constant")
        changes["schedule"] = sa.ConstantSchedule()
    return chosen.replace(**changes)


def with_few_views(
    options: argparse.Namespace, recipe: "Recipe", preprocessing: "Preprocessing", output: "Output"
) -> "Recipe":
    """Return the recipe as --cache-features needs it: an image has the view of its centre and the mirror image."""
    changes = few_views(recipe, preprocessing) if options.cache_features else {}
    if changes:
        output.note(f"--cache-features: centre crops and mirror images only, without the recipe's {', '.join(changes)}")
    return recipe.replace(**changes)


def network(
    options: argparse.Namespace, suggestion: "Suggestion", classes: tuple[str, ...], output: "Output"
) -> "Model":
    """Build the chosen network, or start from --from."""
    if options.cache_features and (options.base is None or not (options.freeze or options.old_rate == 0)):
        raise ValueError("--cache-features keeps what frozen layers compute: --from MODEL --freeze conv")
    if options.base is not None:
        return _from_base(options, classes, output)
    return _new_network(options, suggestion, len(classes))


def reset_multipliers(options: argparse.Namespace, model: "Model") -> None:
    """Undo --old-rate and --freeze, so that the saved model trains further like any other."""
    if options.base is not None:
        model.set_multipliers(list(model.parameters()), 1, 1)


def _is_another(options: argparse.Namespace, suggestion: "Suggestion") -> bool:
    """Return whether another recipe is chosen than the suggested one."""
    return options.recipe not in (None, suggestion.recipe.name)


def _new_network(options: argparse.Namespace, suggestion: "Suggestion", classes: int) -> "Model":
    if options.freeze:
        raise ValueError("--freeze freezes layers of --from, which is not given")
    variant = _DEFAULT_VARIANT if options.variant is None and _is_another(options, suggestion) else options.variant
    size, initialization, start = options.image_size, options.initialization, options.seed
    try:
        if variant is not None:
            return sa.build(variant, classes, image_size=size, initialization=initialization, seed=start)
        return replace(suggestion, initialization=initialization or suggestion.initialization).build(
            classes, seed=start
        )
    except ValueError as error:
        raise ValueError(f"--image-size {size}: {error}" if size else error) from None


def _from_base(options: argparse.Namespace, classes: tuple[str, ...], output: "Output") -> "Model":
    """Return the model of --from for these classes, with --old-rate and --freeze applied."""
    fixed = [name for name in ("variant", "image_size", "initialization") if getattr(options, name) is not None]
    if fixed:
        names = " and ".join(f"--{name.replace('_', '-')}" for name in fixed)
        raise ValueError(f"{names} cannot be used with --from, which sets the network and its input")
    base = open_model(options.base)
    same = base.classes == classes
    model = base if same else base.with_classes(len(classes), seed=options.seed)
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in model.parameters()))
    old = layers if same else layers[:-1]
    model.set_multipliers(list(model.parameters()), 1, 1)
    model.set_multipliers([f"{layer}." for layer in old], options.old_rate)
    if options.freeze:
        model.freeze(*options.freeze)
    output.note(f"layers from {options.base}: {', '.join(old)}; new: {'none' if same else layers[-1]}")
    return model
