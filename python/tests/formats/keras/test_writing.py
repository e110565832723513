"""Keras's .h5 from a model: the same weights come back, and what Keras has no layer for is refused."""

import re

import numpy as np
import pytest
from support import needs

import swiftalexnet as sa
from swiftalexnet.formats.keras.writing import write

h5py = needs("h5py")

NETWORKS = {
    "vgg-D": lambda: narrow("vgg-D", sa.vgg("D", num_classes=4, image_size=32)),
    "vgg-A": lambda: narrow("vgg-A", sa.vgg("A", num_classes=4, image_size=32, in_channels=1)),
    "small": lambda: sa.Model.from_spec(SMALL),
}
SMALL = """network small
data channels=3 height=13 width=11
convolution conv1 outputs=8 kernel=3 stride=2 pad=1,0,0,1 groups=1
tanh tanh1
max_pool pool1 kernel=2 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=4
relu relu2
average_pool pool2 kernel=3 stride=1 pad=1,1,1,1 ceil=0 count_include_pad=0
dense fc3 outputs=7
sigmoid sig3
dropout drop3 probability=0.25 form=inverted
dense fc4 outputs=4
softmax prob
"""


def narrow(variant, model):
    """Return a model of the same variant with a few channels."""
    spec = re.sub(r"outputs=\d\d\d+", "outputs=8", re.sub(r"outputs=64\b", "outputs=6", model.spec))
    return sa.Model.from_spec(spec, "vgg", variant=variant)


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(tmp_path, name):
    model = NETWORKS[name]()
    write(model, tmp_path / "m.h5")
    again = sa.load(tmp_path / "m.h5")
    for ours, theirs in zip(model.state_dict().values(), again.state_dict().values(), strict=True):
        assert np.array_equal(ours, theirs)
    x = np.random.default_rng(0).standard_normal((2, *model.input_shape)).astype(np.float32)
    assert np.array_equal(model.forward(x), again.forward(x))
    assert again.preprocessing.mean.tolist() == model.preprocessing.mean.tolist()


def test_the_same_bytes(tmp_path):
    model = NETWORKS["small"]()
    model.classes = ("a", "b", "c", "d")
    for name in ("a.h5", "b.h5"):
        write(model, tmp_path / name)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    assert sa.load(tmp_path / "a.h5").classes == model.classes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "b.h5"]


def test_names_of_keras_applications(tmp_path):
    write(NETWORKS["vgg-D"](), tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert file["model_weights/block1_conv1/block1_conv1/kernel:0"].shape == (3, 3, 3, 6)
        assert file["model_weights/predictions/predictions/bias:0"].shape == (4,)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("response_norm norm size=5 alpha=0.0001 beta=0.75 k=1.0 alpha_over_n=1 groups=1", "response norm norm"),
        ("max_pool pool kernel=3 stride=2 pad=0,0,0,0 ceil=1", "as pool does"),
        ("average_pool pool kernel=3 stride=1 pad=1,1,1,1 ceil=0 count_include_pad=1", "as pool does"),
        ("adaptive_average_pool pool size=5", "as pool does"),
        ("dropout drop probability=0.5 form=paper2012", "dropout drop"),
    ],
)
def test_what_keras_does_not_have(tmp_path, line, words):
    model = sa.Model.from_spec(
        f"network n\ndata channels=3 height=8 width=8\n{line}\ndense fc outputs=2\nsoftmax prob\n"
    )
    with pytest.raises(sa.UnsupportedError, match=words):
        write(model, tmp_path / "m.h5")
    assert not list(tmp_path.iterdir())
