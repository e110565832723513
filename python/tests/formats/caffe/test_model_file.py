"""A `.caffemodel`: old and new layers, the forms of a blob, and what stays in the file."""

import tracemalloc

import numpy as np
import pytest
from formats.caffe import nets

from swiftalexnet.errors import CheckpointCorruptError, UnsupportedError
from swiftalexnet.files.protobuf_wire import header, varint
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats import caffe
from swiftalexnet.formats.contents import Options

VALUES = np.random.default_rng(0).standard_normal(24).astype(np.float32)


def field(number, content):
    return header(number, len(content)) + content


def shape(*sizes):
    return field(7, field(1, b"".join(map(varint, sizes))))


def packed(values, number=5):
    return field(number, values.tobytes())


def one_by_one(values, number=5):
    key = varint(number << 3 | (5 if values.itemsize == 4 else 1))
    return b"".join(key + value.tobytes() for value in values)


def legacy(*sizes):
    return b"".join(varint(number << 3) + varint(size) for number, size in enumerate(sizes, 1))


DOUBLES = VALUES.astype(np.float64)
BLOBS = {
    "packed": (shape(2, 3, 4) + packed(VALUES), (2, 3, 4)),
    "one by one": (shape(2, 3, 4) + one_by_one(VALUES), (2, 3, 4)),
    "in pieces": (packed(VALUES[:5]) + shape(2, 3, 4) + one_by_one(VALUES[5:9]) + packed(VALUES[9:]), (2, 3, 4)),
    "with gradients": (packed(VALUES * 2, 6) + one_by_one(VALUES * 3, 6) + packed(VALUES) + shape(24), (24,)),
    "of double precision": (shape(4, 6) + packed(DOUBLES, 8), (4, 6)),
    "of double precision, one by one": (shape(4, 6) + one_by_one(DOUBLES, 8), (4, 6)),
    "old shape": (legacy(1, 2, 3, 4) + packed(VALUES), (1, 2, 3, 4)),
    "old shape first": (legacy(1, 1, 4, 6) + shape(24) + packed(VALUES), (1, 1, 4, 6)),
    "no shape": (packed(VALUES), (24,)),
    "shape not packed": (field(7, b"\x08\x04\x08\x06") + packed(VALUES), (4, 6)),
}


def layer(*blobs, number=100):
    names, place = ({100: (1, 7), 2: (4, 6)})[number]
    return field(number, field(names, b"c") + b"".join(field(place, blob) for blob in blobs))


def tensors(path):
    with opened_source(path, "load") as file:
        contents = caffe.contents(file, Options())
        return contents, {name: stored.array() for name, stored in contents.tensors.items()}


@pytest.mark.parametrize("number", [100, 2])
@pytest.mark.parametrize("form", BLOBS)
def test_blobs(form, number, tmp_path):
    blob, expected = BLOBS[form]
    path = tmp_path / "net.caffemodel"
    path.write_bytes(layer(blob, shape(0), number=number))
    contents, arrays = tensors(path)
    assert contents.format == ("Caffe (new layers)" if number == 100 else "Caffe (old layers)")
    assert arrays["c[0]"].shape == expected
    assert (arrays["c[0]"].ravel() == VALUES).all()
    assert arrays["c[1]"].size == 0
    with opened_source(path, "load") as file:
        stored = caffe.contents(file, Options()).tensors["c[0]"]
        for start in range(0, 24, 5):
            for stop in range(start, 25, 4):
                assert (stored.read(start, stop) == VALUES[start:stop]).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (layer(shape(5) + packed(VALUES)), r"c\[0\] has shape 5 and 24 values"),
        (layer(shape(2**62, 4) + packed(VALUES)), r"c\[0\] has shape 4611686018427387904 × 4 and 24"),
        (layer(legacy(24) + packed(VALUES)), r"shape 24 × 0 × 0 × 0 and 24 values"),
        (layer(shape(*[1] * 9) + packed(VALUES)), r"c\[0\] has more than 8 dimensions"),
        (layer(packed(VALUES)) * 2, "two layers with weights named 'c'"),
        (layer(*[packed(VALUES)] * 65), "layer 'c' has more than 64 blobs"),
        (layer((packed(VALUES[:1]) + legacy(1)) * 1025), "lie in more than 1024 pieces"),
        (field(100, field(106, bytes(2 << 20))), r"field 106 .* has 2,097,158 bytes"),
        (field(100, b"") * 5000, "more than 4,096 layers"),
    ],
)
def test_damage(data, message, tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(data)
    with pytest.raises(CheckpointCorruptError, match=message) as caught:
        tensors(path)
    assert str(path) in str(caught.value)


def test_format_of_2013(tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(field(2, field(1, field(1, b"conv1") + field(50, packed(VALUES)))))
    with pytest.raises(UnsupportedError, match=r"net\.caffemodel is in Caffe's first format.*upgrade_net_proto_binary"):
        tensors(path)


def test_numbers_stay_in_the_file(tmp_path):
    values = np.ones(4 << 20, np.float32)
    path = tmp_path / "net.caffemodel"
    path.write_bytes(layer(packed(values)) + layer(one_by_one(values[:100_000])).replace(b"c", b"d", 1))
    tensors(path)  # what is imported does not count
    tracemalloc.start()
    with opened_source(path, "load") as file:
        contents = caffe.contents(file, Options())
        assert contents.tensors["d[0]"].shape == (100_000,)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
        assert contents.tensors["c[0]"].read(4_000_000, 4_000_003).tolist() == [1, 1, 1]
    tracemalloc.stop()


def test_names_and_messages(tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(nets.caffemodel('name: "net"\n' + nets.alexnet_like(True), nets.ALEXNET_SHAPES))
    with opened_source(path, "inspect") as file:
        contents = caffe.contents(file, Options(operation="inspect"))
    assert contents.metadata == {"name": "net"}
    assert list(contents.tensors)[:3] == ["conv1[0]", "conv1[1]", "conv2[0]"]
