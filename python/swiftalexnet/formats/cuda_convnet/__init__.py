"""Checkpoints of the authors' code, cuda-convnet: pickles of Python 2 whose `layers` are the network's graph.

Its keys are described by what the code writes: layer.py and gpumodel.py of computerhistory/AlexNet-Source-Code.
"""

from typing import Any

from ...files.pickles.arrays import ARRAYS, PickledArray
from ...files.pickles.reading import run_pickle, steps_for
from ...files.pickles.values import Vocabulary, by_text, ordered
from ...files.source import SourceFile
from ..chain import Chain
from ..contents import Contents, Options
from ..pickled import stored_array
from ..stored import Stored
from .graph import chain_of_layers
from .layers import MOST_INPUTS, Layer, layers_of
from .metadata import with_metadata

_VOCABULARY = Vocabulary(
    {**ARRAYS, ("collections", "OrderedDict"): ordered},
    "arrays of numpy",
    unknown=True,
)


def contents(file: SourceFile, options: Options) -> Contents:
    """Read a pickle but for its arrays, which stay in the file.

    Raises
    ------
    ValueError
        It is damaged, or not a checkpoint of cuda-convnet.
    """
    found = run_pickle(file, _VOCABULARY, steps_for(file.size))
    if found.end != file.size:
        raise ValueError(f"it has {file.size:,} bytes, its pickle ends at {found.end:,}")
    saved = by_text(found.value)
    state = by_text(saved.get("model_state")) or saved
    layers = layers_of(state.get("layers"), str(file))
    tensors = {name: stored for layer in layers for name, stored in _tensors(layer).items()}

    def chain() -> Chain:
        return with_metadata(chain_of_layers(layers, tensors, str(file)), [saved, state])

    return Contents("cuda-convnet", tensors, chain)


def _tensors(layer: Layer) -> dict[str, Stored]:
    weights: Any = layer.fields.get("weights")
    matrices = weights[:MOST_INPUTS] if isinstance(weights, list) else ()
    arrays = {f"{layer.name}.weights[{i}]": each for i, each in enumerate(matrices)}
    arrays[f"{layer.name}.biases"] = layer.fields.get("biases")
    return {name: stored_array(name, each) for name, each in arrays.items() if isinstance(each, PickledArray)}
