"""Writing safetensors with torchvision's names, which torch's own modules load."""

from pathlib import Path

from ..errors import UnsupportedError
from ..files import safetensors
from ..network.base import BaseModel
from ..network.layer_names import torchvision_names
from .chain import Node
from .templates import nodes_of, with_outputs


def write(model: BaseModel, path: Path) -> None:
    """Write the weights; torchvision's alexnet, vgg11, vgg13, vgg16 or vgg19 then answers as the model does.

    How images are prepared is not part of such a file.

    Raises
    ------
    UnsupportedError
        torchvision does not have the network, or has other nodes in it.
    OSError
        The file cannot be written.
    """
    theirs = {node: name for name, node in torchvision_names(model.variant).items()}
    if model.variant is None or not theirs:
        raise UnsupportedError(f"export: torchvision does not have {model.variant or 'this network'}")
    channels, size, _ = model.input_shape
    nodes = [Node.parse(line) for line in model.spec.splitlines()[2:]]
    expected = nodes_of(model.variant, model.num_classes if model.has_classes else 0, channels, size).nodes
    for node, other in zip(nodes, expected, strict=False):
        if node != with_outputs(other, node.fields.get("outputs")):
            raise UnsupportedError(f"export: {node.line!r} is where torchvision's network has {other.line!r}")
    with model.network.hold("export", False):
        arrays = {name.rpartition("."): array for name, array in model.parameters().items()}
        tensors = {f"{theirs[node]}.{part}": array for (node, _, part), array in arrays.items()}
        safetensors.write_plainly(path, tensors, {"format": "pt"})
