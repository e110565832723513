"""Damaged and malicious files of Keras: an error that names the file, whatever the library under h5py does."""

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from formats.hostile import Case, assert_survives, damaged, describing, flips, prefixes
from formats.keras.h5_files import convolution, entrance, kernel, layer, write_model
from support import needs

import swiftalexnet as sa
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats.contents import Options
from swiftalexnet.formats.keras import contents

h5py = needs("h5py")

LAYERS = [entrance((4, 4, 1)), convolution("a", filters=1), layer("GlobalAveragePooling2D", "p")]
WEIGHTS = {"a": kernel((3, 3, 1, 1))}
read = describing("keras")


@pytest.fixture
def small(tmp_path):
    """The bytes of a small model."""
    path = write_model(tmp_path / "small.h5", LAYERS, WEIGHTS)
    read(path)
    return path.read_bytes()


@pytest.fixture
def archive(tmp_path):
    """The bytes of a small .keras file."""
    return keras_file(weights_3(tmp_path / "w.h5"))


def weights_3(path, **options):
    """Return the weights of the small model as Keras 3 numbers them."""
    with h5py.File(path, "w") as file:
        for number, array in enumerate(WEIGHTS["a"].values()):
            file.create_dataset(f"layers/conv2d/vars/{number}", data=array, **(options if array.ndim > 1 else {}))
    return path.read_bytes()


def keras_file(weights, config=None, method=zipfile.ZIP_STORED):
    """Return a .keras file."""
    config = json.dumps({"class_name": "Sequential", "config": {"layers": LAYERS}}) if config is None else config
    with zipfile.ZipFile(file := io.BytesIO(), "w", method) as members:
        members.writestr("config.json", config)
        members.writestr("model.weights.h5", weights)
    return file.getvalue()


def test_prefixes_and_flipped_bits(small, tmp_path):
    used = [place for place, byte in enumerate(small) if byte]
    assert_survives(read, prefixes(small), tmp_path)
    assert assert_survives(read, flips(small, used), tmp_path) > 1000


def test_random_damage(small, archive, tmp_path):
    assert_survives(read, damaged(small, 2000, 1), tmp_path)
    assert_survives(read, damaged(archive, 1200, 2), tmp_path)


def test_compressed_chunks(tmp_path):
    data = weights_3(tmp_path / "w.h5", chunks=(3, 1, 1, 1), compression="gzip", shuffle=True, fletcher32=True)
    path = tmp_path / "m.keras"
    path.write_bytes(keras_file(data))
    model = sa.load(path)
    assert np.array_equal(model.parameters()["a.weight"][0, 0], WEIGHTS["a"]["kernel"][:, :, 0, 0])
    assert_survives(read, damaged(keras_file(data), 500, 3), tmp_path)


def test_a_chunk_that_unpacks_to_more(tmp_path):
    path = write_model(tmp_path / "m.h5", LAYERS, WEIGHTS)
    with h5py.File(path, "a") as file:
        del file["model_weights/a/a/kernel:0"]
        options = {"chunks": (3, 3, 1, 1), "compression": "gzip"}
        made = file.create_dataset("model_weights/a/a/kernel:0", (3, 3, 1, 1), "f4", **options)
        made.id.write_direct_chunk((0, 0, 0, 0), zlib.compress(bytes(300 << 10)))
    with pytest.raises(sa.CheckpointCorruptError, match="a chunk of .* unpacks to more than 40 bytes"):
        sa.load(path)
    with h5py.File(path, "a") as file:
        file["model_weights/a/a/kernel:0"].id.write_direct_chunk((0, 0, 0, 0), zlib.compress(bytes(100 << 20)))
    with pytest.raises(sa.CheckpointCorruptError, match="a chunk of .* bytes, which unpack to 40"):
        sa.load(path)


def test_a_length_of_4_gib(tmp_path):
    # The library would take that memory, which a limit on addresses turns into an error like any other.
    path = write_model(tmp_path / "m.h5", LAYERS, WEIGHTS | {"of nine 9": {}})
    data = path.read_bytes()
    listed = struct.pack("<IQ", len("of nine 9"), data.index(b"GCOL"))
    assert data.count(listed) == 1
    path.write_bytes(data.replace(listed, struct.pack("<IQ", 2**32 - 16, data.index(b"GCOL"))))
    with pytest.raises(sa.CheckpointCorruptError, match=r"its texts have 4,294,967,\d\d\d bytes"):
        sa.load(path)


def test_a_packed_archive(tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(data := keras_file(weights_3(tmp_path / "w.h5"), method=zipfile.ZIP_DEFLATED))
    assert sa.load(path).num_classes == 1
    assert_survives(read, damaged(data, 300, 4), tmp_path)


def test_tricks_of_archives(tmp_path):
    weights = weights_3(tmp_path / "w.h5")
    cases = [
        Case("a description of 100 MB", keras_file(weights, " " * (100 << 20), zipfile.ZIP_DEFLATED)),
        Case("weights of 300 MB", keras_file(bytes(300 << 20), None, zipfile.ZIP_DEFLATED)),
        Case("a description 10,000 deep", keras_file(weights, "[" * 10_000)),
        Case("a description of lists", keras_file(weights, "[" + "[]," * 300_000 + "[]]")),
        Case("no weights", keras_file(b"")),
        Case("another file", keras_file(b"PK" + weights)),
    ]
    assert assert_survives(read, cases, tmp_path) == 0


def linked(file, path):
    file["model_weights/a/a/kernel:0"] = h5py.ExternalLink(str(path), "model_weights/a/a/kernel:0")


def soft(file, path):
    file["model_weights/a/a/kernel:0"] = h5py.SoftLink("/model_weights/a/a/bias:0")


def stored_outside(file, path):
    outside = [(str(path.parent / "secret"), 0, 36)]
    file.create_dataset("model_weights/a/a/kernel:0", (3, 3, 1, 1), "f4", external=outside)


def virtual(file, path):
    layout = h5py.VirtualLayout((3, 3, 1, 1), "f4")
    layout[...] = h5py.VirtualSource(str(path), "model_weights/a/a/kernel:0", (3, 3, 1, 1))
    file.create_virtual_dataset("model_weights/a/a/kernel:0", layout)


def of_type(dtype):
    def change(file, path):
        file.create_dataset("model_weights/a/a/kernel:0", (3, 3, 1, 1), dtype)

    change.__name__ = str(dtype)
    return change


def bomb(file, path):
    file.create_dataset(
        "model_weights/a/a/kernel:0", (1 << 20, 1 << 20), "f4", chunks=(1 << 10, 1 << 10), compression="gzip"
    )


def unwritten(file, path):
    file.create_dataset("model_weights/a/a/kernel:0", (3, 3, 1, 1), "f4", chunks=(3, 3, 1, 1))


def large_chunk(file, path):
    file.create_dataset(
        "model_weights/a/a/kernel:0",
        data=np.zeros((1 << 12, 1 << 12), "f4"),
        chunks=(1 << 12, 1 << 12),
        compression="gzip",
    )


def lzf(file, path):
    file.create_dataset(
        "model_weights/a/a/kernel:0", data=np.zeros((3, 3, 1, 1), "f4"), chunks=(3, 3, 1, 1), compression="lzf"
    )


def empty(file, path):
    file.create_dataset("model_weights/a/a/kernel:0", data=h5py.Empty("f4"))


def group(file, path):
    file.create_group("model_weights/a/a/kernel:0")


def named_type(file, path):
    file["model_weights/a/a/kernel:0"] = np.dtype("f4")


def cycle(file, path):
    file["model_weights/a/a/kernel:0"] = file["model_weights"]


def twice(file, path):
    file["model_weights/a/a/kernel:0"] = file["model_weights/a/a/bias:0"]


def deep(file, path):
    file.create_group("/".join(["model_weights", *"abcdefghijklmnopqrstuvwxyz"]))


def many(file, path):
    for number in range(10_001):
        file.create_group(f"model_weights/{number}")


def long_name(file, path):
    file.create_group("model_weights/" + "x" * 2000)


def no_texts(file, path):
    file["model_weights"].attrs["layer_names"] = [1, 2]


def lists_of_texts(file, path):
    file["model_weights"].attrs["layer_names"] = np.array([b"a"] * 20_000)


def another_layer(file, path):
    file["model_weights"].attrs["layer_names"] = ["a", "../../a", "b"]


def half_a_text(file, path):
    file["model_weights"].attrs["layer_names"] = np.array([b"\xff\xfe"])


CHANGES = [
    linked,
    soft,
    stored_outside,
    virtual,
    bomb,
    unwritten,
    large_chunk,
    lzf,
    empty,
    group,
    named_type,
    cycle,
    twice,
]
CHANGES += [deep, many, long_name, no_texts, lists_of_texts, another_layer, half_a_text]
CHANGES += [of_type(dtype) for dtype in (h5py.string_dtype(), h5py.ref_dtype, "S7", [("x", "f4")], "c8", bool)]
CHANGES += [
    of_type(h5py.vlen_dtype("f4")),
    of_type(h5py.enum_dtype({"x": 1})),
    of_type("i4"),
    of_type(np.dtype(("f4", 3))),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_objects_that_keras_does_not_write(tmp_path, change):
    (tmp_path / "secret").write_bytes(np.ones(9, np.float32).tobytes())
    path = write_model(tmp_path / "m.h5", LAYERS, WEIGHTS)
    other = Path(tmp_path / "other.h5")
    other.write_bytes(path.read_bytes())
    with h5py.File(path, "a") as file:
        if change not in (deep, many, long_name):
            del file["model_weights/a/a/kernel:0"]
        change(file, other)
    with pytest.raises((ValueError, sa.UnsupportedError)) as error:
        sa.load(path)
    assert str(path) in str(error.value)
    assert assert_survives(read, [Case(change.__name__, path.read_bytes())], tmp_path) <= (change.__name__ == "i4")


def test_an_optimizer_is_not_looked_at(tmp_path):
    path = write_model(tmp_path / "m.h5", LAYERS, WEIGHTS)
    with h5py.File(path, "a") as file:
        file["optimizer_weights/link"] = h5py.SoftLink("/nowhere")
    assert sa.load(path).num_classes == 1


def test_many_small_chunks(tmp_path):
    for count in (9_000, 60_000):
        with h5py.File(tmp_path / f"{count}.h5", "w") as file:
            options = {"chunks": (1,), "compression": "gzip"}
            file.create_dataset("layers/conv2d/vars/0", data=np.arange(count, dtype=np.float32), **options)
    cases = [Case(f"{count} chunks", (tmp_path / f"{count}.h5").read_bytes()) for count in (9_000, 60_000)]
    assert assert_survives(sa.load, cases, tmp_path) == 0
    with pytest.raises(sa.UnsupportedError, match=r"60,000 chunks, expected at most 10,000"):
        sa.load(tmp_path / "60000.h5")


def test_many_groups(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for number in range(9_900):
            file.create_group(f"layers/conv2d_{number}")
    cases = [Case("9,900 groups", (tmp_path / "m.h5").read_bytes())]
    assert assert_survives(sa.load, cases, tmp_path) == 0
    assert assert_survives(lambda path: str(sa.inspect(path)), cases, tmp_path) == 1


def test_pieces_of_a_packed_dataset(tmp_path):
    kernels = np.arange(1536 * 2048, dtype=np.float32).reshape(1, 1, 1536, 2048) % 1000
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("layers/conv2d/vars/0", data=kernels, chunks=(1, 1, 256, 2048), compression="gzip")
    with opened_source(tmp_path / "m.h5", "load") as file:
        (stored,) = contents(file, Options()).tensors.values()
        pieces = list(stored.pieces())
        assert len(pieces) > 1
        for place, values in pieces:
            assert np.array_equal(values, kernels[place])
        for start, stop in ((0, 1), (2047, 2049), (5, 2048), (2048, 6144), (1536 * 2048 - 1, 1536 * 2048)):
            assert np.array_equal(stored.read(start, stop), kernels.reshape(-1)[start:stop])
