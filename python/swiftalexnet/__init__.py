"""AlexNet and VGG on CPUs, complete and exact: a Swift engine with an interface of numpy arrays.

>>> import swiftalexnet as sa
>>> model = sa.alexnet("paper", num_classes=10)
>>> history = model.fit(sa.ImageFolder("photos/train"), validation=sa.ImageFolder("photos/validation"))
>>> model.predict("photo.jpg")

Names are imported from their modules on first use, so that `import swiftalexnet` takes milliseconds.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

# The Swift runtime would install its own crash handler in the host process; a setting of the user's is kept.
os.environ.setdefault("SWIFT_BACKTRACE", "enable=no")

from ._support import forking  # noqa: F401 (registers the fork handlers)
from ._support.environment import check_environment
from .errors import CacheCorruptError, CheckpointCorruptError, ConcurrentUseError, NonFiniteError, UnsupportedError

check_environment()

if TYPE_CHECKING:
    from . import attribution, distributed, ops, ray, sklearn
    from .architectures import alexnet, build, cifar_net, vgg
    from .data.array import ArrayDataset
    from .data.cifar.cifar10 import cifar10
    from .data.dataset import Dataset
    from .data.folder import ImageFolder
    from .data.shards.dataset import ShardedDataset
    from .data.shards.writing import write_shards
    from .evaluation.ensemble import Ensemble
    from .evaluation.result import Evaluation
    from .families.family import SeedFamily
    from .families.fit_seeds import fit_seeds
    from .formats.inspection import inspect
    from .formats.pretrained.listing import pretrained_models
    from .inference.feature_results import Features, StoredFeatures, open_features
    from .inference.ranking import Prediction
    from .inference.views import Views
    from .model import Model, load, pretrained
    from .network.catalog import alexnet_variants, cifar_variants, variants, vgg_variants
    from .network.memory_use import Memory, memory
    from .perceptual.lpips import LPIPS
    from .preprocessing.preprocessing import Preprocessing
    from .profiling import Profile
    from .recipes.augmentation import Augmentation
    from .recipes.color_components import ColorComponents
    from .recipes.parameter_group import ParameterGroup
    from .recipes.recipe import Recipe
    from .recipes.schedules import (
        ConstantSchedule,
        DexpSchedule,
        EpochSchedule,
        EpochTableSchedule,
        Moment,
        PlateauSchedule,
        PolynomialSchedule,
        Schedule,
        StepSchedule,
    )
    from .recipes.table import recipe, recipe_names
    from .runtime import __version__, get_num_threads, info, set_num_threads
    from .small_data import Suggestion, suggest
    from .statistics.color_components import color_components
    from .training.history import History

__all__ = [
    "LPIPS",
    "ArrayDataset",
    "Augmentation",
    "CacheCorruptError",
    "CheckpointCorruptError",
    "ColorComponents",
    "ConcurrentUseError",
    "ConstantSchedule",
    "Dataset",
    "DexpSchedule",
    "Ensemble",
    "EpochSchedule",
    "EpochTableSchedule",
    "Evaluation",
    "Features",
    "History",
    "ImageFolder",
    "Memory",
    "Model",
    "Moment",
    "NonFiniteError",
    "ParameterGroup",
    "PlateauSchedule",
    "PolynomialSchedule",
    "Prediction",
    "Preprocessing",
    "Profile",
    "Recipe",
    "Schedule",
    "SeedFamily",
    "ShardedDataset",
    "StepSchedule",
    "StoredFeatures",
    "Suggestion",
    "UnsupportedError",
    "Views",
    "__version__",
    "alexnet",
    "alexnet_variants",
    "attribution",
    "build",
    "cifar10",
    "cifar_net",
    "cifar_variants",
    "color_components",
    "distributed",
    "fit_seeds",
    "get_num_threads",
    "info",
    "inspect",
    "load",
    "memory",
    "open_features",
    "ops",
    "pretrained",
    "pretrained_models",
    "ray",
    "recipe",
    "recipe_names",
    "set_num_threads",
    "sklearn",
    "suggest",
    "variants",
    "vgg",
    "vgg_variants",
    "write_shards",
]

_NAMES = {
    "architectures": ("alexnet", "build", "cifar_net", "vgg"),
    "data.array": ("ArrayDataset",),
    "data.cifar.cifar10": ("cifar10",),
    "data.dataset": ("Dataset",),
    "data.folder": ("ImageFolder",),
    "data.shards.dataset": ("ShardedDataset",),
    "data.shards.writing": ("write_shards",),
    "evaluation.ensemble": ("Ensemble",),
    "evaluation.result": ("Evaluation",),
    "families.family": ("SeedFamily",),
    "families.fit_seeds": ("fit_seeds",),
    "formats.inspection": ("inspect",),
    "formats.pretrained.listing": ("pretrained_models",),
    "inference.feature_results": ("Features", "StoredFeatures", "open_features"),
    "inference.ranking": ("Prediction",),
    "inference.views": ("Views",),
    "model": ("Model", "load", "pretrained"),
    "network.catalog": ("alexnet_variants", "cifar_variants", "variants", "vgg_variants"),
    "network.memory_use": ("Memory", "memory"),
    "perceptual.lpips": ("LPIPS",),
    "preprocessing.preprocessing": ("Preprocessing",),
    "profiling": ("Profile",),
    "recipes.augmentation": ("Augmentation",),
    "recipes.color_components": ("ColorComponents",),
    "recipes.parameter_group": ("ParameterGroup",),
    "recipes.recipe": ("Recipe",),
    "recipes.schedules": (
        *("ConstantSchedule", "DexpSchedule", "EpochSchedule", "EpochTableSchedule"),
        *("Moment", "PlateauSchedule", "PolynomialSchedule", "Schedule", "StepSchedule"),
    ),
    "recipes.table": ("recipe", "recipe_names"),
    "runtime": ("__version__", "get_num_threads", "info", "set_num_threads"),
    "small_data": ("Suggestion", "suggest"),
    "statistics.color_components": ("color_components",),
    "training.history": ("History",),
}
_ROOMS = ("attribution", "distributed", "ops", "ray", "sklearn")
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
