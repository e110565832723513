"""All entry points, found by introspection: the package's exports, the methods of its classes, the extension.

Python's functions tell their parameters themselves; the extension's are read from its stub.
"""

import ast
import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import swiftalexnet as sa
from swiftalexnet import _native, attribution, ops, plots, profiling
from swiftalexnet.attribution.inputs import Inputs
from swiftalexnet.data.cache_file import Settings
from swiftalexnet.evaluation.evaluate import evaluate
from swiftalexnet.formats.onnx import writing
from swiftalexnet.inference import neighbors, prediction
from swiftalexnet.inference.features import features
from swiftalexnet.network.derivatives import Linearization
from swiftalexnet.network.memory_use import memory
from swiftalexnet.network.summary import Summary
from swiftalexnet.perceptual.distance import Distance, Distances
from swiftalexnet.quantization.quantize import quantize
from swiftalexnet.training.fit import fit

# Of scikit-learn, where it is installed.
ESTIMATORS: tuple[type, ...] = ()
with suppress(ImportError):
    ESTIMATORS = (sa.sklearn.AlexNetClassifier, sa.sklearn.AlexNetFeatures)

# Classes that are not exported by name, but whose instances users hold.
HELD = (
    *(attribution.Attribution, attribution.Maximization, Distance, Distances, Linearization),
    *(sa.Memory, sa.Profile, Summary, *ESTIMATORS),
)

# Of these, those that only the package makes: their constructors take what users do not hold.
MADE = (Linearization,)

# The methods of attribution that explain images.
METHODS = sorted({*attribution.__all__} - {"Attribution", "Maximization", "activation_maximization"})

# What `**options` of a function are: the parameters of another, or the fields of a class.
OPTIONS: dict[str, Any] = {
    "Ensemble.evaluate": evaluate,
    "Ensemble.predict": prediction.probabilities,
    "Ensemble.probabilities": prediction.probabilities,
    "Ensemble.search_weights": evaluate,
    "ImageFolder.cache_to": Settings,
    "Model.evaluate": evaluate,
    "Model.export": writing.write,  # the one format with options
    "Model.features": features,
    "Model.fit": fit,
    "Model.memory": memory,
    "Model.predict": prediction.probabilities,
    "Model.probabilities": prediction.probabilities,
    "Model.profile": profiling.profile,
    "Model.quantize": quantize,
    "Model.score_map": prediction.score_map,
    "Preprocessing.replace": sa.Preprocessing,
    "Recipe.replace": sa.Recipe,
    "fit_seeds": fit,
    "plots.plot_predictions": prediction.probabilities,
    "recipe": sa.Recipe,
    **{f"attribution.{name}": Inputs for name in METHODS},
}

# Options of the other function that this one sets itself.
OWN = {"fit_seeds": ("model", "seed", "checkpoint", "resume", "communicator")}

_SPECIAL = (
    "__call__",
    "__getitem__",
    "__len__",
    "__iter__",
    "__repr__",
    "__str__",
    "__reduce__",
    "__eq__",
    "_repr_html_",
)


@dataclass(frozen=True)
class Parameter:
    """One parameter of an entry point."""

    name: str
    default: Any = inspect.Parameter.empty
    many: bool = False  # *names

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is inspect.Parameter.empty and not self.many


@dataclass(frozen=True)
class Entry:
    """One entry point.

    Attributes
    ----------
    name : str
        As users write it: "Model.predict", "ops.conv2d", "_native.Network.forward".
    owner : type or None
        The class whose instance it is called on.
    parameters : tuple of Parameter
    call : callable
        Takes the instance, or nothing, then the arguments.
    positional : bool
        Whether arguments go by place only.
    """

    name: str
    owner: type | None
    parameters: tuple[Parameter, ...]
    call: Callable[..., Any]
    positional: bool = False


@cache
def entries() -> dict[str, Entry]:
    """Return all entry points by name."""
    found = [
        *_package(),
        *_functions("ops", ops),
        *_functions("plots", plots),
        *_attribution(),
        *_modules(),
        *_class(sa.ray.Classify, "ray.Classify"),
        *_class(sa.ray.Features, "ray.Features"),
        *_extension(),
    ]
    return {entry.name: entry for entry in sorted(found, key=lambda entry: entry.name)}


def _package() -> Iterator[Entry]:
    for name in sa.__all__:
        value = getattr(sa, name)
        if inspect.isclass(value):
            yield from _class(value)
        elif inspect.isroutine(value):
            yield _function(name, value)
    for held in HELD:
        if held.__name__ not in sa.__all__:
            yield from _class(held)


def _functions(module: str, namespace: Any) -> Iterator[Entry]:
    for name in namespace.__all__:
        yield _function(f"{module}.{name}", getattr(namespace, name))


def _attribution() -> Iterator[Entry]:
    """Yield the functions of the room; its classes are those that are held."""
    for name in (*METHODS, "activation_maximization"):
        yield _function(f"attribution.{name}", getattr(attribution, name))


def _modules() -> Iterator[Entry]:
    """Yield the functions that the documentation names by their modules."""
    yield _function("neighbors.nearest", neighbors.nearest)
    yield _function("neighbors.nearest_images", neighbors.nearest_images)


def _class(kind: type, called: str = "") -> Iterator[Entry]:
    """Yield constructor, methods and properties that a class or its bases in the package define."""
    called = called or kind.__name__
    if not issubclass(kind, BaseException) and not getattr(kind, "_is_protocol", False) and kind not in MADE:
        yield _function(called, kind)
    for name in dir(kind):
        if name.startswith("_") and name not in _SPECIAL:
            continue
        home = next((base for base in kind.__mro__ if name in vars(base)), object)
        if home.__module__.partition(".")[0] != "swiftalexnet" or getattr(home, "_is_protocol", False):
            continue
        attribute = inspect.getattr_static(kind, name)
        if isinstance(attribute, property):
            yield Entry(f"{called}.{name}", kind, (), attribute.fget or getattr)
            if attribute.fset is not None:
                yield Entry(f"{called}.{name} =", kind, (Parameter("value"),), attribute.fset, True)
        elif isinstance(attribute, classmethod | staticmethod):
            yield _function(f"{called}.{name}", getattr(kind, name))
        elif inspect.isfunction(attribute):
            yield _function(f"{called}.{name}", attribute, kind)


def _function(name: str, function: Callable[..., Any], owner: type | None = None) -> Entry:
    parameters = [*inspect.signature(function).parameters.values()][1 if owner else 0 :]
    given = {}
    for each in parameters:
        if each.kind is each.VAR_KEYWORD:
            for option in inspect.signature(OPTIONS[name]).parameters.values():
                if option.kind is option.VAR_KEYWORD:
                    continue
                optional = option.default if option.default is not option.empty else None
                given.setdefault(option.name, Parameter(option.name, optional))
            continue
        given[each.name] = Parameter(each.name, each.default, each.kind is each.VAR_POSITIONAL)
    if name in OPTIONS:  # what the other function gets from this one
        for inner in ("model", "images", "data", "train", "image", "network", "operation"):
            if inner not in inspect.signature(function).parameters:
                given.pop(inner, None)
        for inner in OWN.get(name, ()):
            given.pop(inner, None)
    return Entry(name, owner, tuple(given.values()), function)


def _extension() -> Iterator[Entry]:
    stub = ast.parse(Path(_native.__file__).with_name("_native.pyi").read_text(encoding="utf-8"))
    for node in stub.body:
        if isinstance(node, ast.FunctionDef):
            yield _from_stub(f"_native.{node.name}", getattr(_native, node.name), node, None)
        elif isinstance(node, ast.ClassDef) and node.name == "Network":
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__new__":
                    yield _from_stub("_native.Network", _native.Network, method, None)
                elif isinstance(method, ast.FunctionDef):
                    function = getattr(_native.Network, method.name)
                    yield _from_stub(f"_native.Network.{method.name}", function, method, _native.Network)


def _from_stub(name: str, function: Callable[..., Any], node: ast.FunctionDef, owner: type | None) -> Entry:
    names = [argument.arg for argument in node.args.args if argument.arg not in ("self", "cls")]
    return Entry(name, owner, tuple(Parameter(each) for each in names), function)


__all__ = ["ESTIMATORS", "HELD", "OPTIONS", "Entry", "Parameter", "entries"]
