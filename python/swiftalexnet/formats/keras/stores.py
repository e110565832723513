"""Where the weights of a layer lie in Keras's files: Keras 2 names them, Keras 3 numbers them."""

from typing import Protocol

from ...files.hdf5.objects import Dataset
from ...files.hdf5.reading import Hdf5File
from ..names.keras import role_of
from ..stored import Stored
from .config import KerasLayer

Weights = dict[str, Stored]  # by role: "kernel", "bias", …

_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")  # the second until Keras 2.13
_KINDS = {"Conv2D": ("kernel", "bias"), "Dense": ("kernel", "bias"), "Normalization": ("mean", "variance", "count")}
_LONGEST_LIST = 1000  # parts of an attribute, which HDF5 limits to 64 KiB each


class Store(Protocol):
    """The weights in a file."""

    def tensors(self) -> dict[str, Stored]:
        """Return all weights, by their paths."""

    def layers(self) -> list[tuple[str, Weights]]:
        """Return the layers that have weights, in the order of computation as far as it shows."""

    def weights(self, layer: KerasLayer) -> Weights:
        """Return the weights of a layer of the model's description."""


def store_of(h5: Hdf5File) -> Store | None:
    """Return the weights of a file; None if it has none where Keras puts them."""
    for root in ("model_weights", ""):
        if h5.texts(root, "layer_names") is not None or h5.texts(root, "layer_names0") is not None:
            return NamedStore(h5, root)
    for container in _CONTAINERS:
        if container in h5.groups:
            return NumberedStore(h5, container)
    return None


class NamedStore:
    """Keras 2's files: a group a layer, attributes with the order of layers and of each one's weights."""

    def __init__(self, h5: Hdf5File, root: str):
        self._groups: dict[str, dict[str, Stored]] = {}
        for layer in _listed(h5, root, "layer_names"):
            group = f"{root}/{layer}" if root else layer
            self._groups[layer] = {}
            for name in _listed(h5, group, "weight_names"):
                if (dataset := h5.datasets.get(f"{group}/{name}")) is None:
                    raise ValueError(f"{group} lists {name!r}, which it does not hold")
                self._groups[layer][name] = stored(h5, dataset)

    def tensors(self) -> dict[str, Stored]:
        """Return all weights, by their paths."""
        return {tensor.name: tensor for group in self._groups.values() for tensor in group.values()}

    def layers(self) -> list[tuple[str, Weights]]:
        """Return the layers that have weights, in the order of computation as far as it shows."""
        # A model within the model is one group, with its layers in the names of the weights.
        found: dict[str, Weights] = {}
        for group, tensors in self._groups.items():
            owners = {name.split("/")[-2] for name in tensors if "/" in name}
            for name, tensor in tensors.items():
                layer = name.split("/")[-2] if len(owners) > 1 and "/" in name else group
                found.setdefault(layer, {})[role_of(name)] = tensor
        return list(found.items())

    def weights(self, layer: KerasLayer) -> Weights:
        """Return the weights of a layer of the model's description."""
        tensors = self._groups.get(layer.names[0], {})
        if len(layer.names) > 1:
            tensors = {name: tensor for name, tensor in tensors.items() if layer.name in name.split("/")[:-1]}
        return {role_of(name): tensor for name, tensor in tensors.items()}


class NumberedStore:
    """Keras 3's files: groups by class and number, and in each the weights by number."""

    def __init__(self, h5: Hdf5File, container: str):
        self._h5, self._container = h5, container

    def tensors(self) -> dict[str, Stored]:
        """Return all weights, by their paths."""
        return {path: stored(self._h5, dataset) for path, dataset in self._h5.datasets.items()}

    def layers(self) -> list[tuple[str, Weights]]:
        """Return the layers that have weights, in the order of computation as far as it shows."""
        found = []
        for path in sorted(self._h5.groups, key=_numbers_last):
            if path.endswith("/vars") and (tensors := self._variables(path)):
                key = path.split("/")[-2]
                kind = "BatchNormalization" if "normalization" in key else "Dense"
                name = (self._h5.texts(path, "name") or [key])[0]
                found.append((name, dict(zip(_roles(kind, {}), tensors, strict=False))))
        return found

    def weights(self, layer: KerasLayer) -> Weights:
        """Return the weights of a layer of the model's description."""
        path = "".join(f"{self._container}/{key}/" for key in layer.keys)
        return dict(zip(_roles(layer.kind, layer.config), self._variables(f"{path}vars"), strict=False))

    def _variables(self, path: str) -> list[Stored]:
        names = sorted((name for name in self._h5.groups.get(path, []) if name.isdecimal()), key=int)
        found = (self._h5.datasets.get(f"{path}/{name}") for name in names)
        return [stored(self._h5, dataset) for dataset in found if dataset is not None]


def stored(h5: Hdf5File, dataset: Dataset) -> Stored:
    """Return a dataset as a tensor."""
    return Stored(dataset.path, dataset.shape, dataset.dtype, lambda start, stop: h5.read(dataset, start, stop))


def _listed(h5: Hdf5File, group: str, attribute: str) -> list[str]:
    """Return a list of names, which Keras divides if it is long."""
    if (whole := h5.texts(group, attribute)) is not None:
        return whole
    names: list[str] = []
    for number in range(_LONGEST_LIST):
        if (part := h5.texts(group, f"{attribute}{number}")) is None:
            break
        names += part
    return names


def _roles(kind: str, config: dict[str, object]) -> tuple[str, ...]:
    """Return what the numbered weights of a layer are."""
    if kind == "BatchNormalization":
        first = [role for role, option in (("gamma", "scale"), ("beta", "center")) if config.get(option, True)]
        return (*first, "moving_mean", "moving_variance")
    return _KINDS.get(kind, ())


def _numbers_last(path: str) -> list[tuple[bool, str, int]]:
    """Sort "dense" after "conv2d", and by number: conv2d, conv2d_1, …, conv2d_10."""
    parts = []
    for part in path.split("/"):
        base, _, number = part.rpartition("_")
        name, index = (base, int(number)) if base and number.isdecimal() and len(number) < 9 else (part, 0)
        parts.append((name.startswith("dense"), name, index))
    return parts
