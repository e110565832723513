"""Other frameworks' names for layers, where they have the same network."""

from collections.abc import Iterable

from .._support.choices import choose

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
    "classifier.0": "drop5",
    "classifier.1": "fc6",
    "classifier.2": "relu6",
    "classifier.3": "drop6",
    "classifier.4": "fc7",
    "classifier.5": "relu7",
    "classifier.6": "fc8",
}


# Convolutions of each block, where torchvision and Keras have the network.
_BLOCKS = {"vgg-A": (1, 1, 2, 2, 2), "vgg-B": (2, 2, 2, 2, 2), "vgg-D": (2, 2, 3, 3, 3), "vgg-E": (2, 2, 4, 4, 4)}


def torchvision_names(variant: str | None) -> dict[str, str]:
    """Return our names by torchvision's: `features.N` and `classifier.N`."""
    if variant == "owt":
        return TORCHVISION_ALEXNET
    if variant not in _BLOCKS:
        return {}
    features = []
    for block, count in enumerate(_BLOCKS[variant], 1):
        for place in range(1, count + 1):
            features += [f"conv{block}_{place}", f"relu{block}_{place}"]
        features.append(f"pool{block}")
    classifier = ("fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8")
    names = {f"features.{number}": name for number, name in enumerate(features)}
    return names | {f"classifier.{number}": name for number, name in enumerate(classifier)}


def keras_names(variant: str | None) -> dict[str, str]:
    """Return our names by those of Keras, whose layers include their activation: `block1_conv1` is `relu1_1`."""
    if variant not in ("vgg-D", "vgg-E"):
        return {}
    names = {"fc1": "relu6", "fc2": "relu7", "predictions": "prob"}
    for block, count in enumerate(_BLOCKS[variant], 1):
        names |= {f"block{block}_conv{place}": f"relu{block}_{place}" for place in range(1, count + 1)}
        names[f"block{block}_pool"] = f"pool{block}"
    return names


def node_name(variant: str | None, layer: str, nodes: Iterable[str]) -> str:
    """Return the node that `layer` means in a network.

    Raises
    ------
    ValueError
        No node has this name.
    """
    names = torchvision_names(variant) | keras_names(variant)
    return choose("features", "layer", names.get(layer, layer), nodes)
