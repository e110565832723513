"""MatConvNet's .mat files: a cell array of layers, weights as [height, width, in, out] in MATLAB's order.

Rules: the MatConvNet manual (Vedaldi, Lenc 2014), and vl_nnconv, vl_nnpool, vl_nnnormalize. Channels are red, green,
blue.
"""

from ...errors import UnsupportedError
from ...files.matlab.arrays import MatArray
from ...files.matlab.hdf5 import variables_in_hdf5
from ...files.matlab.reading import variables_of
from ...files.source import SourceFile
from ..chain import Chain
from ..contents import Contents, Options
from .builder import Builder
from .fields import text_of, weights_of
from .images import classes_of, input_shape, preprocessing_of
from .layers import KINDS

_HDF5 = b"MATLAB 7.3"


def contents(file: SourceFile, options: Options) -> Contents:
    """Read the headers of one of MatConvNet's files.

    Raises
    ------
    ImportError
        It is of MATLAB's version 7.3, and h5py is not installed.
    CheckpointCorruptError, ValueError
        It is damaged, or holds no layers.
    UnsupportedError
        It holds arrays or layers of another kind.
    """
    is_hdf5 = file.read(0, min(file.size, len(_HDF5))) == _HDF5
    variables = variables_in_hdf5(file, options.operation) if is_hdf5 else variables_of(file)
    network = _network(variables, str(file))
    layers = network["layers"].cells
    tensors = {stored.name: stored for layer in layers for stored in weights_of(layer)}
    return Contents("MatConvNet (.mat)", tensors, lambda: _chain(network, str(file)))


def _network(variables: dict[str, MatArray], place: str) -> dict[str, MatArray]:
    """Return the fields of the network, which may be a variable of its own."""
    for name in ("net", "network"):
        if name in variables and "layers" not in variables:
            variables = {key: arrays[0] for key, arrays in variables[name].fields.items() if len(arrays) == 1}
    if "layers" not in variables or not variables["layers"].cells:
        raise ValueError(f"{place} has no cell array of layers: it has {', '.join(list(variables)[:5]) or 'nothing'}")
    return variables


def _chain(network: dict[str, MatArray], place: str) -> Chain:
    builder = Builder(input_shape(network, place), place)
    for number, layer in enumerate(network["layers"].cells):
        kind = text_of(layer, "type")
        if (add := KINDS.get(kind)) is None:
            raise UnsupportedError(f"{place}: layer {number + 1}, {text_of(layer, 'name')!r}, is of type {kind!r}")
        add(builder, layer, builder.name(layer, kind))
    chain = builder.chain()
    chain.preprocessing = preprocessing_of(network, chain, place)
    names, outputs = classes_of(network), chain.shapes()[-1][0]
    if names is not None and len(names) != outputs:
        chain.notes.append(f"the names of {len(names)} classes were left out: the network has {outputs} outputs")
        names = None
    chain.classes = names
    return chain
