"""Hostile `.caffemodel`, `.prototxt` and `.binaryproto` files: typed errors that name the file, in bounded memory."""

import functools

import numpy as np
import pytest
from formats.caffe import nets
from formats.hostile import Case, assert_survives, damaged, flips, numbers, prefixes

import swiftalexnet as sa
from swiftalexnet.errors import CheckpointCorruptError
from swiftalexnet.files.protobuf_wire import header, varint
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats import caffe
from swiftalexnet.formats.assembly import assemble
from swiftalexnet.formats.caffe.means import read_mean
from swiftalexnet.formats.contents import Options
from swiftalexnet.formats.malformed import malformed

TEXT = (
    nets.input_new(1, 6)
    + nets.convolution("c", "data", 2, 3)
    + nets.relu("r", "c")
    + nets.norm("n", "c")
    + nets.pool("p", "n", 2, 2)
    + nets.dropout("d", "p")
    + nets.dense("fc", "p", 2)
    + nets.softmax("fc")
)
SHAPES = {"c": [(2, 1, 3, 3), (2,)], "fc": [(2, 8), (2,)]}


@functools.cache
def small():
    return nets.caffemodel(TEXT, SHAPES)


@functools.cache
def small_old():
    text = nets.old(nets.input_dim(1, 6) + TEXT[len(nets.input_new(1, 6)) :])
    return nets.caffemodel(text, SHAPES, is_legacy=True)


FILES = {"new": small, "old": small_old}


def read(path, prototxt=None):
    """Read with the reader itself, whatever the first bytes are, and without the thread that computes the hash."""
    with opened_source(path, "load") as file, malformed(file):
        return assemble(sa.Model, caffe.contents(file, Options(prototxt=prototxt)).chain(), str(file))


@pytest.mark.parametrize("form", FILES)
def test_prefixes_and_flipped_bits(form, tmp_path):
    data = FILES[form]()
    assert len(data) < 600
    read_ = assert_survives(read, [Case("whole", data), *prefixes(data), *flips(data)], tmp_path)
    assert read_ > 900  # a flipped bit of a weight is a weight


@pytest.mark.parametrize("form", FILES)
def test_damage(form, tmp_path):
    data = FILES[form]()
    places = [at for at in range(len(data) - 1) if data[at] < 0x80][:60]
    assert_survives(read, [*damaged(data, 2000, 1), *numbers(data, places, 1)], tmp_path)


def field(number, content):
    return header(number, len(content)) + content


def longer(number, wire, length):
    return varint(number << 3 | wire) + varint(length)


def nested(depth, number=100):
    content = b""
    for _ in range(depth):
        content = field(number, content)
    return content


BLOB = field(5, np.zeros(8, "<f4").tobytes())
SPREAD = b"".join(varint(5 << 3 | 5) + bytes(4) + varint(11 << 3) + b"\0" for _ in range(5000))

CASES = {
    "nothing but a layer": field(100, b""),
    "ten thousand layers": field(100, b"") * 10_000,
    "ten thousand fields deep": nested(10_000),
    "ten thousand rules": field(100, field(1, b"x") + field(8, b"") * 10_000),
    "a million rules": field(100, field(1, b"x") + field(8, b"") * 1_000_000),
    "a layer of nested parameters": field(100, field(1, b"x") + field(106, nested(10_000, 7))),
    "a length of 2^31": longer(100, 2, 1 << 31),
    "a length of 2^63": longer(100, 2, 1 << 63),
    "a length of 2^64 - 1": longer(100, 2, (1 << 64) - 1),
    "a number without an end": b"\xff" * 2000,
    "a group": varint(100 << 3 | 3) + varint(100 << 3 | 4),
    "groups in groups": field(100, varint(50 << 3 | 3) * 10_000),
    "a blob of 2^40 values": field(100, field(1, b"c") + field(7, field(7, field(1, varint(1 << 40))) + BLOB)),
    "a blob of -1 values": field(100, field(1, b"c") + field(7, field(7, field(1, varint((1 << 64) - 1))) + BLOB)),
    "a blob of a thousand dimensions": field(100, field(1, b"c") + field(7, field(7, field(1, b"\1" * 1000)) + BLOB)),
    "a blob of dimensions field by field": field(100, field(7, field(7, b"\x08\1" * 1000) + BLOB)),
    "a blob in five thousand pieces": field(100, field(1, b"c") + field(7, SPREAD)),
    "a hundred blobs": field(100, field(1, b"c") + field(7, BLOB) * 100),
    "two layers of one name": field(100, field(1, b"c") + field(7, BLOB)) * 2,
    "a name that is no text": field(100, field(1, b"\xff\xfe") + field(7, BLOB)),
    "a long name": field(100, field(1, b"x" * 100_000) + field(2, b"ReLU") + field(3, b"data") + field(4, b"y")),
    "old and new layers": field(100, field(1, b"c")) + field(2, field(4, b"c")),
    "a layer of 2013": field(2, field(1, field(1, b"c") + field(50, BLOB))),
    "half a float": field(100, field(1, b"c") + field(7, field(5, b"\0" * 6))),
    "our preprocessing, deep": field(60001, b"[" * 100_000) + small(),
    "our preprocessing, of another type": field(60001, b'{"mean": 1, "crop": "x"}') + small(),
    "our preprocessing, of other fields": field(60001, b'{"mean": [1], "crop": 6, "resize": 6, "x": 1}') + small(),
}


def test_structures(tmp_path):
    assert_survives(read, [Case(name, data) for name, data in CASES.items()], tmp_path)


# ---- Text ----

TEXTS = {
    "nothing": "",
    "ten thousand deep": 'layer { name: "x" ' + "a { " * 10_000 + "}" * 10_001,
    "ten thousand deep, with angles": "layer < " + "a < " * 10_000,
    "quotes": '"\\' * 200_000,
    "a megabyte of comments": "#\n" * 500_000,
    "a long string": f'name: "{"x" * 500_000}"',
    "two megabytes": "# " * 1_000_000,
    "many layers": "layer { }\n" * 20_000,
    "a string without an end": 'layer { name: "x',
    "a number too large": TEXT.replace("num_output: 2", "num_output: 99999999999"),
    "a number below 0": TEXT.replace("num_output: 2", "num_output: -1"),
    "no outputs": TEXT.replace("num_output: 2", "num_output: 0"),
    "outputs of 2^31": TEXT.replace("num_output: 2", "num_output: 2147483648"),
    "a kernel of 2^32 - 1": TEXT.replace("kernel_size: 3", "kernel_size: 4294967295"),
    "no stride": TEXT.replace("stride: 2", "stride: 0"),
    "no groups": TEXT.replace("num_output: 2", "num_output: 2 group: 0"),
    "an unknown kind of pool": TEXT.replace("pool: MAX", "pool: MEDIAN"),
    "a norm of nothing": TEXT.replace("local_size: 5", "local_size: 0"),
    "a norm of nan": TEXT.replace("alpha: 0.0001", "alpha: nan"),
    "a dropout of infinity": TEXT.replace("dropout_ratio: 0.5", "dropout_ratio: inf"),
    "an input of 2^31": TEXT.replace("dim: 6 dim: 6", "dim: 2147483648 dim: 2147483648"),
    "an input of -1": TEXT.replace("dim: 6 dim: 6", "dim: -1 dim: -1"),
    "an input of five dimensions": TEXT.replace("dim: 6 dim: 6", "dim: 6 dim: 6 dim: 6"),
    "a mean that is not a number": TEXT.replace('top: "data"', 'top: "data" transform_param { mean_value: nan }'),
    "a scale of 0": TEXT.replace('top: "data"', 'top: "data" transform_param { scale: 0 }'),
    "two means": TEXT.replace('top: "data"', 'top: "data" transform_param { mean_value: 1 mean_value: 2 }'),
    "names with spaces": TEXT.replace('"c"', '"c outputs=9\\nrelu x"'),
    "names of nothing": TEXT.replace('name: "r"', 'name: ""').replace('name: "n"', 'name: ""'),
    "two weighted layers of one name": TEXT.replace('name: "fc"', 'name: "c"'),
    "no top": TEXT.replace('top: "n"', ""),
}


def test_many_messages(tmp_path):
    empty = lambda number, count: header(number, 0) * count  # noqa: E731
    layers = [field(100, field(1, b"%04d" % number) + empty(7, 60)) for number in range(4096)]
    cases = [
        Case("240,000 empty blobs", b"".join(layers)),
        Case("400,000 empty fields", field(100, empty(4, 400_000))),
    ]
    assert assert_survives(read, cases, tmp_path) == 0


LONG_TEXTS = {
    "layers": "layer{}" * 149_000,
    "unknown messages": "a{b{c:1}}" * 100_000,
    "fewer unknown messages": "a{b{c:1}}" * 4900,
    "unknown numbers": "c:1 " * 32_000,
    "a list": "a:[" + "1," * 60_000 + "1]",
    "16 MiB": "#" * (16 << 20),
}


@pytest.mark.parametrize("name", LONG_TEXTS)
def test_long_texts(name, tmp_path):
    model = tmp_path / "net.caffemodel"
    model.write_bytes(small())
    case = Case(name, LONG_TEXTS[name].encode())
    assert assert_survives(functools.partial(read_text, model), [case], tmp_path, "net.prototxt") == 0


def read_text(model, path):
    try:
        read(model, path)
    except ValueError as error:
        if str(model) in str(error):  # what does not fit is said of the weights' file
            raise CheckpointCorruptError(f"{path}: {error}") from error
        raise


def test_texts(tmp_path):
    model = tmp_path / "net.caffemodel"
    model.write_bytes(small())
    data = TEXT.encode()
    cases = [Case(name, text.encode()) for name, text in TEXTS.items()]
    cases += [*prefixes(data), *damaged(data, 2000, 2), *flips(data)]
    assert_survives(functools.partial(read_text, model), cases, tmp_path, "net.prototxt")


# ---- Means ----


def test_means(tmp_path):
    holder = nets.schema.message("LayerParameter", "test")
    nets.add_blob(holder, np.ones((1, 3, 4, 4), np.float32), is_legacy=True)
    data = holder.blobs[0].SerializeToString()

    def read_binaryproto(path):
        with opened_source(path, "load") as file, malformed(file):
            read_mean(file)

    assert_survives(read_binaryproto, [*prefixes(data), *flips(data), *damaged(data, 500, 3)], tmp_path)
