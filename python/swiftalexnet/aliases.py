"""Other frameworks' names for layers, where they have the same network."""

from collections.abc import Iterable

from ._choices import choose

# torchvision.models.alexnet: `features` and `classifier` are numbered sequences.
TORCHVISION_ALEXNET = {
    "features.0": "conv1",
    "features.1": "relu1",
    "features.2": "pool1",
    "features.3": "conv2",
    "features.4": "relu2",
    "features.5": "pool2",
    "features.6": "conv3",
    "features.7": "relu3",
    "features.8": "conv4",
    "features.9": "relu4",
    "features.10": "conv5",
    "features.11": "relu5",
    "features.12": "pool5",
    "classifier.1": "fc6",
    "classifier.2": "relu6",
    "classifier.4": "fc7",
    "classifier.5": "relu7",
    "classifier.6": "fc8",
}


def node_name(variant: str | None, layer: str, nodes: Iterable[str]) -> str:
    """Return the node that `layer` means in a network.

    Raises
    ------
    ValueError
        No node has this name.
    """
    names = TORCHVISION_ALEXNET if variant == "owt" else {}
    return choose("features", "layer", names.get(layer, layer), nodes)
