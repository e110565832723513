"""An instance of every class whose methods are called."""

from collections.abc import Callable
from typing import Any

import swiftalexnet as sa
from swiftalexnet import _native, attribution
from swiftalexnet.network.derivatives import Linearization
from swiftalexnet.network.summary import Summary
from swiftalexnet.perceptual.distance import Distance, Distances

from ..entries import ESTIMATORS
from ..world import World
from .names import BY_NAME, some_linearization, some_recipe


def instance(owner: type, world: World, changes: bool) -> Any:
    """Return what a method is called on; if it `changes` a model, the case's own."""
    return _INSTANCES[owner](world, changes)


def known_owners() -> set[type]:
    """Return the classes whose methods can be called."""
    return set(_INSTANCES)


_INSTANCES: dict[type, Callable[[World, bool], Any]] = {
    sa.Model: lambda world, changes: world.model() if changes else world.shared.model,
    _native.Network: lambda world, changes: world.network() if changes else world.shared.network,
    sa.Ensemble: lambda world, changes: sa.Ensemble([world.shared.model, world.shared.other]),
    sa.ArrayDataset: lambda world, changes: world.shared.data,
    sa.ImageFolder: lambda world, changes: world.folder(),
    sa.ShardedDataset: lambda world, changes: sa.ShardedDataset(world.shared.shards),
    sa.LPIPS: lambda world, changes: world.shared.lpips,
    Distance: lambda world, changes: world.shared.distances[0],
    Distances: lambda world, changes: world.shared.distances,
    attribution.Attribution: lambda world, changes: world.shared.explanation,
    attribution.Maximization: lambda world, changes: world.shared.maximization,
    sa.Augmentation: lambda world, changes: sa.Augmentation(),
    sa.ColorComponents: lambda world, changes: BY_NAME["components"](world),
    sa.ConstantSchedule: lambda world, changes: sa.ConstantSchedule(),
    sa.DexpSchedule: lambda world, changes: sa.DexpSchedule(),
    sa.EpochSchedule: lambda world, changes: sa.EpochSchedule((1, 3)),
    sa.EpochTableSchedule: lambda world, changes: sa.EpochTableSchedule((1, 3), (0.5, 0.1)),
    sa.PlateauSchedule: lambda world, changes: sa.PlateauSchedule(),
    sa.PolynomialSchedule: lambda world, changes: sa.PolynomialSchedule(),
    sa.Schedule: lambda world, changes: sa.Schedule(),
    sa.StepSchedule: lambda world, changes: sa.StepSchedule((1, 3)),
    sa.Evaluation: lambda world, changes: world.shared.evaluation,
    sa.Features: lambda world, changes: world.shared.model.features(world.images(2, 23, 23, 3), ["fc6"]),
    sa.StoredFeatures: lambda world, changes: sa.open_features(world.shared.features.path),
    sa.History: lambda world, changes: world.shared.history,
    sa.Memory: lambda world, changes: world.shared.model.memory(3),
    sa.Moment: lambda world, changes: sa.Moment(0, 1, 9),
    sa.ParameterGroup: lambda world, changes: sa.ParameterGroup("conv*"),
    sa.Prediction: lambda world, changes: sa.Prediction((1, 0), ("a", "b"), (0.7, 0.3)),
    sa.Preprocessing: lambda world, changes: world.shared.model.preprocessing,
    sa.Profile: lambda world, changes: world.shared.profile,
    sa.Recipe: lambda world, changes: some_recipe(world),
    sa.SeedFamily: lambda world, changes: world.shared.family,
    sa.Suggestion: lambda world, changes: sa.suggest(world.shared.data),
    Linearization: lambda world, changes: some_linearization(world),
    sa.Views: lambda world, changes: sa.Views(),
    sa.ray.Classify: lambda world, changes: sa.ray.Classify(world.shared.model),
    sa.ray.Features: lambda world, changes: sa.ray.Features(world.shared.model, ["fc6"]),
    Summary: lambda world, changes: world.shared.model.summary(),
}
if ESTIMATORS:
    _INSTANCES |= {
        sa.sklearn.AlexNetClassifier: lambda world, changes: (
            sa.sklearn.AlexNetClassifier(epochs=1) if changes else world.shared.classifier
        ),
        sa.sklearn.AlexNetFeatures: lambda world, changes: (
            sa.sklearn.AlexNetFeatures(world.shared.model) if changes else world.shared.transformer
        ),
    }
