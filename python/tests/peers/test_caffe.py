"""Caffe's files against OpenCV 4, which reads them on its own: the same logits, in both directions."""

import numpy as np
import pytest
from formats.caffe import nets

import swiftalexnet as sa
from swiftalexnet.formats import chain
from swiftalexnet.formats.chain import Node

cv2 = pytest.importorskip("cv2", reason="make test-peers installs cv2 and runs this")
if not hasattr(cv2.dnn, "readNetFromCaffe"):
    pytest.skip("OpenCV 5 reads no files of Caffe", allow_module_level=True)


def opencv(prototxt, caffemodel, images, layer):
    """Return what OpenCV computes of images [n, channels, height, width], their colours blue, green, red."""
    net = cv2.dnn.readNetFromCaffe(str(prototxt), str(caffemodel))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    net.enableFusion(False)
    net.setInput(images)
    return net.forward(layer).reshape(len(images), -1)


def images_for(model, seed=0):
    """Return preprocessed images, of the size of pixels less their mean, colours red, green, blue."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-120, 130, (2, *model.input_shape)).astype(np.float32)


def reverse(images):
    return np.ascontiguousarray(images[:, ::-1]) if images.shape[1] == 3 else images


def assert_same(ours, theirs):
    assert np.isfinite(ours).all() and np.abs(ours).max() > 1e-3
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


# ---- Files that we read ----

FILES = {
    "alexnet": (nets.alexnet_like(True), nets.ALEXNET_SHAPES, False),
    "alexnet, strong norms": (nets.alexnet_like(True, scale=0.05), nets.ALEXNET_SHAPES, False),
    "caffenet": (nets.alexnet_like(False), nets.ALEXNET_SHAPES, False),
    "caffenet, old": (nets.old(nets.alexnet_like(False, nets.input_dim(3, 99))), nets.ALEXNET_SHAPES, True),
    "vgg": (nets.vgg_like(nets.input_shape(3, 32)), nets.VGG_SHAPES, False),
    "vgg, old": (nets.old(nets.vgg_like(nets.input_dim(3, 32))), nets.VGG_SHAPES, True),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_we_read(name, tmp_path):
    text, shapes, is_legacy = FILES[name]
    prototxt, caffemodel = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    prototxt.write_text(text)
    caffemodel.write_bytes(nets.caffemodel(text, shapes, is_legacy=is_legacy))
    for options in ({}, {"prototxt": prototxt}):
        model = sa.load(caffemodel, **options)
        images = images_for(model)
        assert_same(model.forward(images), opencv(prototxt, caffemodel, reverse(images), "fc8"))


# One layer each, between a convolution and the classes: its rules for windows, averages, norms.
LAYERS = {
    "maximum, rounded up": nets.pool("x", "conv1", 3, 2),
    "maximum, rounded up, of even size": nets.pool("x", "conv1", 2, 2),
    "maximum, padded": nets.pool("x", "conv1", 3, 2, "pool: MAX pad: 1"),
    "maximum, a last window in the pad": nets.pool("x", "conv1", 2, 2, "pool: MAX pad: 1"),
    "maximum, rounded down": nets.pool("x", "conv1", 3, 2, "pool: MAX ceil_mode: false"),
    "average": nets.pool("x", "conv1", 3, 2, "pool: AVE"),
    "average, padded": nets.pool("x", "conv1", 3, 2, "pool: AVE pad: 1"),
    "global average": nets.layer(
        "Pooling", "x", "conv1", parameters="pooling_param { pool: AVE global_pooling: true }"
    ),
    "global maximum": nets.layer(
        "Pooling", "x", "conv1", parameters="pooling_param { pool: MAX global_pooling: true }"
    ),
    "norm, three": nets.norm("x", "conv1", "local_size: 3 alpha: 0.01 beta: 0.5"),  # OpenCV passes over k
    "norm, seven": nets.norm("x", "conv1", "local_size: 7 alpha: 0.01"),
    "norm within maps": nets.norm("x", "conv1", "local_size: 3 alpha: 0.01 norm_region: WITHIN_CHANNEL"),
    "groups": nets.convolution("x", "conv1", 6, 3, "group: 3 stride: 2"),
    "two pads": nets.convolution("x", "conv1", 6, 3, "pad_h: 1 pad_w: 2"),
    "flattened": nets.layer("Flatten", "x", "conv1"),
    "reshaped": nets.layer("Reshape", "x", "conv1", parameters="reshape_param { shape { dim: 0 dim: -1 } }"),
    "hyperbolic tangent": nets.layer("TanH", "x", "conv1"),
    "sigmoid": nets.layer("Sigmoid", "x", "conv1"),
    "a convolution over the whole map": nets.convolution("x", "conv1", 7, 10),
}


WEIGHTS = {
    "groups": {"x": [(6, 2, 3, 3), (6,)]},
    "two pads": {"x": [(6, 6, 3, 3), (6,)]},
    "a convolution over the whole map": {"x": [(7, 6, 10, 10), (7,)]},
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", LAYERS)
def test_layers_that_we_read(name, channels, tmp_path):
    text = nets.input_new(channels, 12) + nets.convolution("conv1", "data", 6, 3) + LAYERS[name]
    prototxt, caffemodel = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    shapes = {"conv1": [(6, channels, 3, 3), (6,)]} | WEIGHTS.get(name, {})
    prototxt.write_text(text)
    caffemodel.write_bytes(nets.caffemodel(text, shapes))
    size = opencv(prototxt, caffemodel, np.zeros((1, channels, 12, 12), np.float32), "x").size
    text += nets.dense("fc", "x", 5) + nets.softmax("fc")
    prototxt.write_text(text)
    caffemodel.write_bytes(nets.caffemodel(text, shapes | {"fc": [(5, size), (5,)]}, seed=1))
    model = sa.load(caffemodel, prototxt=prototxt)
    images = images_for(model) / np.float32(50)
    assert_same(model.forward(images), opencv(prototxt, caffemodel, reverse(images), "fc"))


# ---- Files that we write ----


def spec(size, *nodes, channels=3):
    return chain.spec_text("net", (channels, size, size), [*nodes, Node.make("softmax", "prob")])


MODELS = {
    "caffe": lambda: narrow("caffe", 99),
    "caffenet": lambda: narrow("caffenet", 99),
    "owt": lambda: narrow("owt", 224),
    "vgg-A": lambda: narrow("vgg-A", 32),
    "vgg-D": lambda: narrow("vgg-D", 32),
    "pools": lambda: sa.Model.from_spec(
        spec(
            21,
            chain.convolution("a", 6, 3, 2, 1),
            chain.max_pool("b", 2, 2, 0, False),
            chain.average_pool("c", 2, 1, 1, True, True),
            Node.make("spatial_response_norm", "d", size=3, alpha=0.01, beta=0.75, k=1.0, alpha_over_n=False),
            chain.response_norm("e", 3, 0.01, 0.75, 1.0, alpha_over_n=False),
            Node.make("adaptive_average_pool", "f", size=2),
            chain.dense("fc8", 5),
        ),
        "paper",
    ),
    "one channel": lambda: sa.Model.from_spec(spec(9, chain.convolution("a", 4, 3), chain.dense("fc8", 5), channels=1)),
}


def narrow(variant, size):
    """Return a variant with an eighth of its widths, or less, for small images."""
    from swiftalexnet.formats.templates import nodes_of

    _, nodes = nodes_of(variant, 10, 3, size)
    narrowed = []
    for node in nodes:
        fields = dict(node.fields)
        if node.is_weighted and node.name != "fc8":
            fields["outputs"] = str(max(int(fields["outputs"]) // 16, 4))
        narrowed.append(node._replace(fields=fields))
    return sa.Model.from_spec(chain.spec_text(variant, (3, size, size), narrowed), "paper", seed=1)


@pytest.mark.parametrize("name", MODELS)
def test_files_that_we_write(name, tmp_path):
    model = MODELS[name]()
    rng = np.random.default_rng(2)
    for values in model.parameters().values():
        fan_in = np.prod(values.shape[1:]) if values.ndim > 1 else 100
        values[...] = rng.standard_normal(values.shape) * (2 / fan_in) ** 0.5
    caffemodel, prototxt = tmp_path / "net.caffemodel", tmp_path / "net.prototxt"
    model.export(caffemodel)
    images = images_for(model)
    assert_same(model.forward(images), opencv(prototxt, caffemodel, reverse(images), "fc8"))
    for options in ({}, {"prototxt": prototxt}):
        again = sa.load(caffemodel, **options)
        assert all((values == again.parameters()[key]).all() for key, values in model.parameters().items())
