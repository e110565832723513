"""Keras's files: .h5 of Keras 2 (a model, or weights), .weights.h5 and .keras of Keras 3."""

from dataclasses import replace

from ...errors import UnsupportedError
from ...files.hdf5.reading import Hdf5File
from ...files.source import SourceFile
from ...files.unpacked import unpacked
from ...files.zip_members import data_offset, members_of, pieces_of, read_member
from ..chain import Chain, Shape
from ..contents import Contents, Options
from ..names.keras import chain_of_layers
from ..stored import Stored
from .config import JSON_LIMIT, KerasLayer, parse_config
from .graph import Graph
from .layers import add_layer
from .own import ATTRIBUTE, adopt_own
from .preprocessing import prepare
from .stores import Store, store_of

_OPTIMIZERS = ("optimizer", "optimizer_weights")
_USUAL_SIDE = 224  # of images where a model takes any


def contents(file: SourceFile, options: Options) -> Contents:
    """Read the headers of one of Keras's files.

    Raises
    ------
    ImportError
        h5py is not installed.
    CheckpointCorruptError, UnsupportedError, ValueError
        It is damaged, none of Keras's files, or holds what is refused: see `Hdf5File`.
    """
    if file.read(0, min(file.size, 2)) == b"PK":
        return _archive(file, options)
    h5 = Hdf5File(file, "keras", options.operation, skip=_OPTIMIZERS)
    texts = {name: h5.texts("", name) for name in ("model_config", "keras_version", ATTRIBUTE)}
    store = _store(h5, file)
    config = "".join(texts.pop("model_config") or [])
    version = (texts["keras_version"] or h5.texts("model_weights", "keras_version") or [""])[0]
    kind = "Keras (.h5 of a model)" if config else "Keras (.h5 of weights)"
    found = _contents(file, kind, store, config, {"keras_version": version} if version else {}, options)
    return found if (own := texts[ATTRIBUTE]) is None else _with_own(found, "".join(own))


def _with_own(found: Contents, text: str) -> Contents:
    """Return contents whose chain has what this package wrote beside Keras's layers."""
    by_keras = found.chain

    def chain() -> Chain:
        chain = by_keras()
        adopt_own(chain, text)
        return chain

    return replace(found, chain=chain)


def _archive(file: SourceFile, options: Options) -> Contents:
    """Read the headers of a .keras file."""
    members = members_of(file)
    for name in ("config.json", "model.weights.h5"):
        if name not in members:
            raise ValueError(f"{file} has no {name}, expected a .keras file")
    config = read_member(file, members["config.json"], JSON_LIMIT).decode("utf-8", "replace")
    weights = members["model.weights.h5"]
    if weights.is_stored:
        h5 = Hdf5File(file, "keras", options.operation, data_offset(file, weights), weights.size, _OPTIMIZERS)
    else:
        h5 = Hdf5File(unpacked(file, pieces_of(file, weights)), "keras", options.operation, skip=_OPTIMIZERS)
    return _contents(file, "Keras (.keras)", _store(h5, file), config, {}, options)


def _store(h5: Hdf5File, file: SourceFile) -> Store:
    if (store := store_of(h5)) is None:
        groups = ", ".join(h5.groups[""][:5])
        raise ValueError(f"{file} is an HDF5 file, but none of Keras's: it has {groups or 'nothing'}")
    return store


def _contents(
    file: SourceFile, kind: str, store: Store, config: str, metadata: dict[str, str], options: Options
) -> Contents:
    def chain() -> Chain:
        if config:
            return _by_graph(config, store, str(file))
        return chain_of_layers(store.layers(), options.variant, str(file))

    return Contents(kind, store.tensors(), chain, metadata)


def _by_graph(config: str, store: Store, place: str) -> Chain:
    """Return the network that a model's description says."""
    layers = parse_config(config, place)
    notes: list[str] = []
    graph = Graph(_input_shape(layers, place, notes), store, place)
    graph.notes += notes
    for layer in layers:
        add_layer(graph, layer)
    if any(graph.padding):
        raise UnsupportedError(f"{place}: the model ends with zeros around a map")
    if not graph.nodes:
        raise ValueError(f"{place}: the model has no layer that computes")
    chain = graph.chain()
    chain.unused = [name for name, stored in store.tensors().items() if name not in graph.used and _is_weight(stored)]
    prepare(graph, chain, layers)
    return chain


def _is_weight(stored: Stored) -> bool:
    """Whether a tensor is no state of a layer's random numbers."""
    return stored.dtype.kind == "f"


def _input_shape(layers: list[KerasLayer], place: str, notes: list[str]) -> Shape:
    """Return channels, height and width of the images that a model reads."""
    for layer in layers:
        for option in ("batch_shape", "batch_input_shape"):
            shape = layer.config.get(option)
            if not isinstance(shape, list):
                continue
            if len(shape) != 4 or not isinstance(shape[3], int):
                raise UnsupportedError(f"{place}: the model reads {shape}, expected images, channels last")
            sides = [_USUAL_SIDE if side is None else int(side) for side in shape[1:3]]
            if None in shape[1:3]:
                notes.append(f"it takes images of any size; the model is built for {sides[0]} × {sides[1]}")
            return shape[3], sides[0], sides[1]
    raise UnsupportedError(f"{place}: the model does not say which images it reads")
