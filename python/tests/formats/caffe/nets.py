"""Small networks as prototxt, in the old and the new form, and `.caffemodel` files for them."""

import importlib

import numpy as np
from support import needs

from swiftalexnet.formats.caffe import schema

needs("google.protobuf")
text_format = importlib.import_module("google.protobuf.text_format")


def input_new(channels, size):
    return f'layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {_dims(channels, size)} }} }}\n'


def input_shape(channels, size):
    return f'input: "data" input_shape {_dims(channels, size)}\n'


def input_dim(channels, size):
    return 'input: "data"\n' + "".join(f"input_dim: {size}\n" for size in (1, channels, size, size))


def _dims(channels, size):
    return f"{{ dim: 1 dim: {channels} dim: {size} dim: {size} }}"


def layer(kind, name, bottom, top=None, parameters="", rules=""):
    top = name if top is None else top
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top}" {parameters} {rules} }}\n'


def convolution(name, bottom, outputs, kernel, more=""):
    fields = f"num_output: {outputs} kernel_size: {kernel} {more} weight_filler {{ type: 'gaussian' std: 0.01 }}"
    return layer("Convolution", name, bottom, parameters=f"convolution_param {{ {fields} }}")


def relu(name, blob):
    return layer("ReLU", name, blob, blob)


def pool(name, bottom, kernel, stride, more="pool: MAX"):
    fields = f"kernel_size: {kernel} stride: {stride} {more}"
    return layer("Pooling", name, bottom, parameters=f"pooling_param {{ {fields} }}")


def global_pool(name, bottom, kind):
    return layer("Pooling", name, bottom, parameters=f"pooling_param {{ pool: {kind} global_pooling: true }}")


def norm(name, bottom, more="local_size: 5 alpha: 0.0001 beta: 0.75"):
    return layer("LRN", name, bottom, parameters=f"lrn_param {{ {more} }}")


def dense(name, bottom, outputs, more=""):
    return layer("InnerProduct", name, bottom, parameters=f"inner_product_param {{ num_output: {outputs} {more} }}")


def dropout(name, blob):
    return layer("Dropout", name, blob, blob, "dropout_param { dropout_ratio: 0.5 }")


def softmax(bottom):
    return layer("Softmax", "prob", bottom)


def alexnet_like(norm_first, head=None, scale=1e-4):
    """BVLC's two AlexNets, narrow, for images of 99 pixels: the norm before the pool, or after it."""
    lrn = f"local_size: 5 alpha: {scale} beta: 0.75"
    text = convolution("conv1", "data", 8, 11, "stride: 4") + relu("relu1", "conv1")
    text += _norm_and_pool("1", "conv1", norm_first, lrn)
    text += convolution("conv2", _last("1", norm_first), 16, 5, "pad: 2 group: 2") + relu("relu2", "conv2")
    text += _norm_and_pool("2", "conv2", norm_first, lrn)
    text += convolution("conv3", _last("2", norm_first), 12, 3, "pad: 1") + relu("relu3", "conv3")
    text += convolution("conv4", "conv3", 12, 3, "pad: 1 group: 2") + relu("relu4", "conv4")
    text += convolution("conv5", "conv4", 8, 3, "pad: 1 group: 2") + relu("relu5", "conv5")
    text += pool("pool5", "conv5", 3, 2)
    text += dense("fc6", "pool5", 16) + relu("relu6", "fc6") + dropout("drop6", "fc6")
    text += dense("fc7", "fc6", 16) + relu("relu7", "fc7") + dropout("drop7", "fc7") + dense("fc8", "fc7", 10)
    return (input_new(3, 99) if head is None else head) + text + softmax("fc8")


def _norm_and_pool(number, bottom, norm_first, lrn):
    if norm_first:
        return norm(f"norm{number}", bottom, lrn) + pool(f"pool{number}", f"norm{number}", 3, 2)
    return pool(f"pool{number}", bottom, 3, 2) + norm(f"norm{number}", f"pool{number}", lrn)


def _last(number, norm_first):
    return f"pool{number}" if norm_first else f"norm{number}"


def vgg_like(head):
    """VGG-A, narrow, for images of 32 pixels."""
    text, bottom, width = "", "data", 4
    for stage, count in enumerate((1, 1, 2, 2, 2), 1):
        for place in range(1, count + 1):
            name = f"conv{stage}_{place}"
            text += convolution(name, bottom, width, 3, "pad: 1") + relu(f"relu{stage}_{place}", name)
            bottom = name
        text += pool(f"pool{stage}", bottom, 2, 2)
        bottom, width = f"pool{stage}", min(width * 2, 16)
    text += dense("fc6", bottom, 12) + relu("relu6", "fc6") + dropout("drop6", "fc6")
    text += dense("fc7", "fc6", 12) + relu("relu7", "fc7") + dropout("drop7", "fc7") + dense("fc8", "fc7", 10)
    return head + text + softmax("fc8")


OLD_TYPES = {
    "Convolution": "CONVOLUTION",
    "ReLU": "RELU",
    "Pooling": "POOLING",
    "LRN": "LRN",
    "InnerProduct": "INNER_PRODUCT",
    "Dropout": "DROPOUT",
    "Softmax": "SOFTMAX",
}


def old(text):
    """Return a prototxt in the old form; its input must be one of `input_dim` and `input_shape`."""
    for new, number in OLD_TYPES.items():
        text = text.replace(f'type: "{new}"', f"type: {number}")
    return text.replace("layer {", "layers {")


def parse(text):
    net = schema.message("NetParameter", "test")
    text_format.Parse(text, net, allow_unknown_field=True)
    return net


def caffemodel(text, shapes, seed=0, is_legacy=False):
    """Return the bytes of a `.caffemodel` with random blobs, of `shapes` by layer."""
    net, rng = parse(text), np.random.default_rng(seed)
    for message in [*net.layer, *net.layers]:
        for shape in shapes.get(message.name, ()):
            fan_in = np.prod(shape[1:]) if len(shape) > 1 else 100
            add_blob(message, rng.standard_normal(shape, np.float32) * np.float32(2 / fan_in) ** 0.5, is_legacy)
    return net.SerializeToString()


def add_blob(message, values, is_legacy=False):
    blob = message.blobs.add()
    if is_legacy:
        blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - values.ndim) + values.shape
    else:
        blob.shape.dim.extend(values.shape)
    blob.data.extend(values.ravel().tolist())


ALEXNET_SHAPES = {
    "conv1": [(8, 3, 11, 11), (8,)],
    "conv2": [(16, 4, 5, 5), (16,)],
    "conv3": [(12, 16, 3, 3), (12,)],
    "conv4": [(12, 6, 3, 3), (12,)],
    "conv5": [(8, 6, 3, 3), (8,)],
    "fc6": [(16, 32), (16,)],
    "fc7": [(16, 16), (16,)],
    "fc8": [(10, 16), (10,)],
}
VGG_SHAPES = {
    "conv1_1": [(4, 3, 3, 3), (4,)],
    "conv2_1": [(8, 4, 3, 3), (8,)],
    "conv3_1": [(16, 8, 3, 3), (16,)],
    "conv3_2": [(16, 16, 3, 3), (16,)],
    "conv4_1": [(16, 16, 3, 3), (16,)],
    "conv4_2": [(16, 16, 3, 3), (16,)],
    "conv5_1": [(16, 16, 3, 3), (16,)],
    "conv5_2": [(16, 16, 3, 3), (16,)],
    "fc6": [(12, 16), (12,)],
    "fc7": [(12, 12), (12,)],
    "fc8": [(10, 12), (10,)],
}


def image(size, channels=3):
    """Return an image of uint8, [height, width, channels], with something at every scale."""
    y, x, c = np.ogrid[:size, :size, :channels]
    return ((x * 7 + y * 13 + x * y // 3 + c * 71 + (x // 9) * (y // 7) * 31) % 256).astype(np.uint8)


def parse_bytes(data):
    net = schema.message("NetParameter", "test")
    net.ParseFromString(data)
    return net
