"""Other frameworks' names of layers."""

import pytest

from swiftalexnet import _native
from swiftalexnet.network import layer_names

VGG = ("A", "B", "D", "E")


def nodes(family: str, variant: str) -> list[str]:
    return [line.split()[1] for line in _native.spec(family, variant, 0, 0, 0, "relu", "", 0).splitlines()[2:]]


@pytest.mark.parametrize("variant", VGG)
def test_torchvisions_vgg_is_our_chain_without_the_softmax(variant):
    names = layer_names.torchvision_names(f"vgg-{variant}")
    assert list(names.values()) == nodes("vgg", variant)[:-1]
    assert list(names)[-7:] == [f"classifier.{number}" for number in range(7)]


def test_torchvisions_alexnet_is_our_chain_without_the_softmax():
    chain = [name for name in nodes("alexnet", "owt") if name not in ("avgpool", "prob")]
    assert list(layer_names.torchvision_names("owt").values()) == chain
    assert list(layer_names.torchvision_names("owt"))[-7:] == [f"classifier.{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("variant", "alias", "node"),
    [
        # torchvision: vgg16().features[28] is the last convolution, vgg19's is features[34], vgg11's features[18].
        ("vgg-D", "features.28", "conv5_3"),
        ("vgg-D", "features.30", "pool5"),
        ("vgg-E", "features.34", "conv5_4"),
        ("vgg-A", "features.18", "conv5_2"),
        ("vgg-B", "features.22", "conv5_2"),
        ("vgg-D", "classifier.3", "fc7"),
        ("owt", "features.6", "conv3"),
        ("owt", "classifier.6", "fc8"),
        ("vgg-D", "avgpool", "pool5"),
        ("owt", "avgpool", "avgpool"),
        # Dropout stands before the dense layers there.
        ("owt", "classifier.0", "drop5"),
        ("owt", "classifier.3", "drop6"),
        # A layer of Keras includes its activation.
        ("vgg-D", "block1_conv1", "relu1_1"),
        ("vgg-D", "block5_conv3", "relu5_3"),
        ("vgg-E", "block5_conv4", "relu5_4"),
        ("vgg-E", "block3_pool", "pool3"),
        ("vgg-D", "fc2", "relu7"),
        ("vgg-D", "predictions", "prob"),
        ("vgg-C", "conv3_3", "conv3_3"),
    ],
)
def test_node_name(variant, alias, node):
    family, _, row = variant.rpartition("-")
    assert layer_names.node_name(variant, alias, nodes(family or "alexnet", row)) == node


@pytest.mark.parametrize(
    ("variant", "alias"),
    [("vgg-C", "features.0"), ("vgg-A", "block1_conv1"), ("paper", "features.0"), (None, "features.0"), ("vgg-D", "x")],
)
def test_names_that_a_network_does_not_have(variant, alias):
    with pytest.raises(ValueError, match=f"unknown layer '{alias}'"):
        layer_names.node_name(variant, alias, ["conv1_1", "relu1_1"])


def test_the_nearest_name_may_be_another_frameworks():
    with pytest.raises(ValueError, match="did you mean 'features.28'"):
        layer_names.node_name("vgg-D", "feature.28", nodes("vgg", "D"))
    with pytest.raises(
        ValueError, match="unknown layer 'features.28'.*expected one of conv1_1, relu1_1; did you mean 'features.0'"
    ):
        layer_names.node_name("vgg-D", "features.28", ["conv1_1", "relu1_1"])  # a network that is cut there
