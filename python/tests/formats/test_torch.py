"""PyTorch's files: values and logits of files that torch wrote, and what damaged and hostile ones get.

The files come from peers/make_torch_files.py.
"""

import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from formats.hostile import Case, assert_survives, damaged, describing, flips, loading, numbers, prefixes

import swiftalexnet as sa
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats import torch
from swiftalexnet.formats.contents import Options

FILES = Path(__file__).parent / "files"
LOGITS = np.load(FILES / "torch_logits.npz")
IMAGES = np.random.default_rng(13).standard_normal((2, 3, 224, 224), np.float32)  # as in the script


def tensors(path: Path) -> dict[str, np.ndarray]:
    with opened_source(path, "test") as file:
        return {name: stored.array() for name, stored in torch.contents(file, Options()).tensors.items()}


def assert_close(model: sa.Model, logits: np.ndarray, tolerance: float = 1e-5) -> None:
    found = np.empty((2, logits[0].size), np.float32)
    model.network.forward(IMAGES, 0, False, False, 0, 0, (0, 0, 0), found)
    if logits.ndim == 4:  # the map that features alone end with, which the engine keeps with its channels last
        found = found.reshape(2, *logits.shape[2:], logits.shape[1]).transpose(0, 3, 1, 2)
    assert np.abs(found - logits).max() <= tolerance * np.abs(logits).max()


@pytest.mark.parametrize(
    ("name", "network", "tolerance"),
    [
        ("alexnet.pth", "alexnet", 1e-5),
        ("alexnet_legacy.pth", "alexnet", 1e-5),
        ("alexnet_half.pth", "alexnet", 3e-3),
        ("alexnet_bfloat16.pth", "alexnet", 3e-2),
        ("alexnet_double_legacy.pth", "alexnet", 1e-5),
        ("alexnet_data_parallel.pth", "alexnet", 1e-5),
        ("alexnet_protocol4.pth", "alexnet", 1e-5),
        ("alexnet_transposed.pth", "alexnet", 1e-5),
        ("checkpoint.pth", "alexnet", 1e-5),
        ("checkpoint_legacy.pth", "alexnet", 1e-5),
        ("vgg11.pth", "vgg11", 1e-5),
        ("vgg11_bn.pth", "vgg11_bn", 1e-5),
        ("vgg11_features.pth", "features", 1e-5),
        ("tiny.pth", "tiny", 1e-5),
        ("tiny_legacy.pth", "tiny", 1e-5),
    ],
)
def test_logits(name, network, tolerance):
    model = sa.load(FILES / f"torch_{name}")
    assert_close(model, LOGITS[network], tolerance)
    assert model.variant == ("owt" if network == "alexnet" else "vgg-A")
    np.testing.assert_allclose(model.preprocessing.mean, np.float32([0.485, 0.456, 0.406]) * 255, rtol=1e-4)
    assert model.source.format == ("PyTorch (legacy)" if "legacy" in name else "PyTorch (zip)")


def test_values_are_the_same_in_all_forms():
    plain = tensors(FILES / "torch_alexnet.pth")
    for name in ("legacy", "transposed", "protocol4", "double_legacy"):
        for key, values in tensors(FILES / f"torch_alexnet_{name}.pth").items():
            np.testing.assert_array_equal(values, plain[key], err_msg=f"{name} {key}")
    half, upper = (tensors(FILES / f"torch_alexnet_{name}.pth") for name in ("half", "bfloat16"))
    for key, values in plain.items():
        np.testing.assert_array_equal(half[key], values.astype(np.float16))
        np.testing.assert_allclose(upper[key], values, rtol=2**-8)
        assert half[key].dtype == np.float16 and upper[key].dtype == np.float32


def test_a_tensor_is_read_in_pieces_of_any_size(monkeypatch):
    monkeypatch.setattr("swiftalexnet.formats.stored.PIECE", 100)
    for name in ("alexnet", "alexnet_transposed", "alexnet_legacy", "alexnet_bfloat16"):
        whole = tensors(FILES / f"torch_{name}.pth")
        with opened_source(FILES / f"torch_{name}.pth", "test") as file:
            for key, stored in torch.contents(file, Options()).tensors.items():
                found = np.empty(stored.shape, stored.dtype)
                for place, values in stored.pieces():
                    found[place] = values
                np.testing.assert_array_equal(found, whole[key])


def test_notes():
    assert "state_dict" in sa.load(FILES / "torch_checkpoint.pth").source.notes[0]
    assert any("NaN" in note for note in sa.load(FILES / "torch_vgg11_features.pth").source.notes)


def test_lpips_is_read_as_tensors_and_refused_as_a_network():
    found = tensors(FILES / "torch_lpips_legacy.pth")
    assert {name: values.shape for name, values in found.items()} == {
        f"lin{i}.model.1.weight": (1, width, 1, 1) for i, width in enumerate((4, 6, 5, 6, 4))
    }
    with pytest.raises(ValueError, match="LPIPS"):
        sa.load(FILES / "torch_lpips_legacy.pth")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torch_module.pth", r"whole torch\.nn\.modules\.container\.Sequential.*torch\.save\(model\.state_dict\(\)"),
        ("torch_script.pt", "TorchScript"),
    ],
)
def test_programs_are_unsupported(name, message):
    with pytest.raises(sa.UnsupportedError, match=message):
        sa.load(FILES / name)


def test_tar_files_are_unsupported(tmp_path):
    import tarfile

    with tarfile.open(tmp_path / "old.pth", "w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("sys_info"))
    with pytest.raises(sa.UnsupportedError, match="before 2017"):
        sa.load(tmp_path / "old.pth")


# ---- Files made here ----


class Named:
    """Pickled as a name, or as a call of it."""

    def __init__(self, module: str, name: str, *arguments: object, called: bool = True):
        self.module, self.name, self.arguments, self.called = module, name, arguments, called


class Storage:
    """Pickled as a persistent identifier."""

    def __init__(self, key: str, size: int, kind: str = "FloatStorage", *more: object):
        self.id = ("storage", Named("torch", kind, called=False), key, "cpu", size, *more)


class Pickler(pickle._Pickler):
    """Writes names that need not exist."""

    def persistent_id(self, value):
        return value.id if isinstance(value, Storage) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Named):
            self.write(b"c" + f"{value.module}\n{value.name}\n".encode())
            if value.called:
                self.save(value.arguments)
                self.write(b"R")
            return
        super().save(value, save_persistent_id)


def pickled(value: object) -> bytes:
    import io

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump(value)
    return buffer.getvalue()


def tensor(storage: object, offset=0, shape=(2, 3), strides=(3, 1)) -> Named:
    return Named("torch._utils", "_rebuild_tensor_v2", storage, offset, shape, strides, False, None)


def zipped(
    saved: object, members: dict[str, bytes], method: int = zipfile.ZIP_STORED, order: bytes = b"little"
) -> bytes:
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a/data.pkl", saved if isinstance(saved, bytes) else pickled(saved))
        archive.writestr("a/byteorder", order)
        for name, content in members.items():
            archive.writestr(f"a/data/{name}", content)
    return buffer.getvalue()


SIX = np.arange(6, dtype="<f4")
ONE = {"0": SIX.tobytes()}


def read(data: bytes, tmp_path: Path) -> dict[str, np.ndarray]:
    (tmp_path / "made.pth").write_bytes(data)
    return tensors(tmp_path / "made.pth")


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (2, 3), (3, 1)),
        (0, (3, 2), (1, 3)),
        (1, (2, 2), (3, 1)),
        (0, (1, 6), (999, 1)),
        (0, (2, 1, 3), (3, 7, 1)),
        (0, (3, 1, 2), (1, 7, 3)),
        (5, (), ()),
        (2, (1,), (1,)),
        (0, (0, 3), (3, 1)),
    ],
)
def test_views(offset, shape, strides, tmp_path):
    found = read(zipped({"w": tensor(Storage("0", 6), offset, shape, strides)}, ONE), tmp_path)["w"]
    expected = np.lib.stride_tricks.as_strided(SIX[offset:], shape, [4 * stride for stride in strides])
    np.testing.assert_array_equal(found, expected)


def test_big_endian_and_old_names(tmp_path):
    big = read(zipped({"w": tensor(Storage("0", 6))}, {"0": SIX.astype(">f4").tobytes()}, order=b"big"), tmp_path)
    np.testing.assert_array_equal(big["w"], SIX.reshape(2, 3))
    named = Named("torch.nn.parameter", "Parameter", tensor(Storage("0", 6)), True)
    items = [[b"w", named], ["v", Named("torch._utils", "_rebuild_parameter", tensor(Storage("0", 6)), True, {})]]
    found = read(zipped(Named("collections", "OrderedDict", items), ONE), tmp_path)
    assert found.keys() == {"w", "v"}
    np.testing.assert_array_equal(found["w"], SIX.reshape(2, 3))


def test_unknown_objects_beside_the_state_dict_are_never_called(tmp_path):
    beside = {"args": Named("os", "mkdir", str(tmp_path / "made")), "lr": Named("builtins", "eval", "1/0")}
    found = read(zipped({"state_dict": {"w": tensor(Storage("0", 6))}, **beside}, ONE), tmp_path)
    assert found.keys() == {"w"} and not (tmp_path / "made").exists()
    with pytest.raises(sa.UnsupportedError, match=r"made\.pth: args is of type os\.mkdir"):
        read(zipped({"w": tensor(Storage("0", 6)), **beside}, ONE), tmp_path)


def test_the_counter_of_an_averaged_model_is_no_weight(tmp_path):
    averaged = {"module.w": tensor(Storage("0", 6)), "n_averaged": tensor(Storage("0", 6), 0, (), ())}
    assert read(zipped(averaged, ONE), tmp_path).keys() == {"module.w"}


def test_an_object_without_its_parts_is_a_module(tmp_path):
    with pytest.raises(sa.UnsupportedError, match=r"whole models\.Net"):
        read(zipped({"epoch": 3, "model": Named("models", "Net")}, {}), tmp_path)


W = tensor(Storage("0", 6))
SMALL = zipped({"w": W}, ONE)


DIRECTORY = SMALL.index(b"PK\x01\x02")


def directory(place: int, field: bytes, number: int) -> bytes:
    """Return the small file with another field in the directory's entry of a member."""
    at = [i for i in range(DIRECTORY, len(SMALL)) if SMALL[i : i + 4] == b"PK\x01\x02"][number] + place
    return SMALL[:at] + field + SMALL[at + len(field) :]


ORDERED = b"\x80\x02ccollections\nOrderedDict\nq\x01"
DEEP = b")" + b"\x85" * 200_000
LONG = b"q\x01](" + b"N" * 100_000 + b"eq\x02"
PAIRS = b"](" + b"".join(b"J" + struct.pack("<I", i) + b"N\x86" for i in range(30_000)) + b"eq\x02"
NAME = b"q\x01T\x00\x10\x00\x00" + b"f" * 4096 + b"q\x02"
ENTRIES = b"(" + b"".join(b"J" + struct.pack("<I", i) + b"N" for i in range(40_000)) + b"u"

BAD = {
    "storage of more elements": zipped({"w": tensor(Storage("0", 7))}, ONE),
    "storage of fewer elements": zipped({"w": tensor(Storage("0", 5), 0, (5,), (1,))}, ONE),
    "storage of another type": zipped({"w": tensor(Storage("0", 6, "DoubleStorage"))}, ONE),
    "storage of 2^63 elements": zipped({"w": tensor(Storage("0", 2**63 - 1))}, ONE),
    "storage of -1 elements": zipped({"w": tensor(Storage("0", -1))}, ONE),
    "storage without a member": zipped({"w": tensor(Storage("1", 6))}, ONE),
    "storage outside": zipped({"w": tensor(Storage("../../a/data/0", 6))}, ONE),
    "storage of an unknown type": zipped({"w": tensor(Storage("0", 6, "EvilStorage"))}, ONE),
    "two sizes of a storage": zipped({"w": W, "v": tensor(Storage("0", 5))}, ONE),
    "beyond the storage": zipped({"w": tensor(Storage("0", 6), 1)}, ONE),
    "strides beyond": zipped({"w": tensor(Storage("0", 6), 0, (2, 3), (4, 1))}, ONE),
    "negative strides": zipped({"w": tensor(Storage("0", 6), 3, (2, 3), (-3, 1))}, ONE),
    "negative offset": zipped({"w": tensor(Storage("0", 6), -1)}, ONE),
    "negative side": zipped({"w": tensor(Storage("0", 6), 0, (-2, -3), (3, 1))}, ONE),
    "huge side": zipped({"w": tensor(Storage("0", 6), 0, (2**62, 2**62), (0, 0))}, ONE),
    "repeated elements": zipped({"w": tensor(Storage("0", 6), 0, (2**30,), (0,))}, ONE),
    "more sides than strides": zipped({"w": tensor(Storage("0", 6), 0, (2, 3), (3,))}, ONE),
    "side of text": zipped({"w": tensor(Storage("0", 6), 0, ("2", 3), (3, 1))}, ONE),
    "side of a float": zipped({"w": tensor(Storage("0", 6), 0, (2.0, 3), (3, 1))}, ONE),
    "thousand sides": zipped({"w": tensor(Storage("0", 6), 0, (1,) * 1000, (1,) * 1000)}, ONE),
    "a tensor of a number": zipped({"w": tensor(7)}, ONE),
    "no arguments": zipped({"w": Named("torch._utils", "_rebuild_tensor_v2")}, ONE),
    "many views": zipped(
        {str(i): tensor(Storage("0", 30_000), 0, (30_000,), (1,)) for i in range(900)}, {"0": bytes(120_000)}
    ),
    "packed": zipped({"w": W}, ONE, zipfile.ZIP_DEFLATED),
    "order of bytes": zipped({"w": W}, ONE, order=b"middle"),
    "a number": zipped(3, {}),
    "a list": zipped([W], ONE),
    "text": zipped({"w": "x"}, {}),
    "nothing": zipped({}, {}),
    "a tensor alone": zipped(W, ONE),
    "no pickle": zipped(b"", ONE),
    "depth of lists": zipped(b"\x80\x02" + b"]" * 10_000 + b"a" * 9_999 + b".", {}),
    "depth of dicts": zipped(b"\x80\x02" + b"}U\x05model" * 10_000 + b"}" + b"s" * 10_000 + b".", {}),
    "depth of tuples": zipped(b"\x80\x02)" + b"\x85" * 200_000 + b".", {}),
    "a dict in itself": zipped(b"\x80\x02}q\x00U\x05modelh\x00s.", {}),
    "a list of itself": zipped(b"\x80\x02]q\x00h\x00a.", {}),
    "many marks": zipped(b"\x80\x02" + b"(" * 200_000 + b".", {}),
    "many steps": zipped(b"\x80\x02" + b"N" * 300_000 + b".", {}),
    "memo of 2^32": zipped(b"\x80\x02]r\xff\xff\xff\xff.", {}),
    "text of 2^32": zipped(b"\x80\x02X\xff\xff\xff\xff.", {}),
    "bytes of 2^63": zipped(b"\x80\x04\x8e" + struct.pack("<Q", 2**63) + b".", {}),
    "a deep key": zipped(ORDERED + b"](](" + DEEP + b"K\x01ee\x85R.", {}),
    "a deep key of a dict": zipped(b"\x80\x02}" + DEEP + b"K\x01s.", {}),
    "many sizes of a long list": zipped(b"\x80\x02ctorch\nSize\n" + LONG + b"h\x01h\x02\x85R" * 30_000 + b".", {}),
    "many dicts of a long list": zipped(ORDERED + PAIRS + b"h\x01h\x02\x85R" * 30_000 + b".", {}),
    "many types of a long name": zipped(b"\x80\x02cnumpy\ndtype\n" + NAME + b"h\x01h\x02\x85R" * 30_000 + b".", {}),
    "many dicts of many entries": zipped(
        b"\x80\x02}"
        + ENTRIES
        + b"q\x01}("
        + b"".join(b"J" + struct.pack("<I", i) + b"h\x01" for i in range(40_000))
        + b"u.",
        {},
    ),
    "many storages": zipped(
        b"\x80\x02(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x06tq\x01" + b"h\x01Q" * 80_000 + b".", ONE
    ),
    "extension registry": zipped(b"\x80\x02\x82\x01.", {}),
    "same name twice": zipped({"w": W}, {**ONE, "1": bytes(24)}).replace(b"a/data/1", b"a/data/0"),
    "members that overlap": directory(42, bytes(4), 2),
    "a member outside": directory(42, struct.pack("<I", 1 << 30), 2),
    "a member of 2^31 bytes": directory(20, struct.pack("<II", 1 << 31, 1 << 31), 2),
    "another checksum": directory(16, b"\0\0\0\0", 2),
    "encrypted": directory(8, b"\x01\0", 2),
    "another method": directory(10, b"\x0c\0", 2),
}


def test_the_small_file_is_sound(tmp_path):
    np.testing.assert_array_equal(read(SMALL, tmp_path)["w"], SIX.reshape(2, 3))
    with pytest.raises(ValueError, match=r"made\.pth: its tensors have names of no network"):
        sa.load(tmp_path / "made.pth")


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused(name, tmp_path):
    path = tmp_path / "bad.pth"
    path.write_bytes(BAD[name])
    with pytest.raises((ValueError, sa.UnsupportedError), match=r"bad\.pth"):
        describing("torch", network=False)(path)


def test_bad_files_take_no_memory(tmp_path):
    cases = [Case(name, data) for name, data in BAD.items()]
    assert assert_survives(describing("torch", network=False), cases, tmp_path) == 0


@pytest.mark.parametrize("name", ["small.pth", "small_legacy.pth"])
def test_damaged_files(name, tmp_path):
    data, describe = (FILES / f"torch_{name}").read_bytes(), describing("torch", network=False)
    assert assert_survives(describe, [Case("sound", data)], tmp_path) == 1
    assert assert_survives(describe, prefixes(data), tmp_path) == 0
    assert_survives(describe, flips(data), tmp_path)
    cases = [
        *damaged(data, 2000, seed=17),
        *numbers(data, range(0, len(data) - 8, 7), 4),
        *numbers(data, [len(data) // 2], 8),
    ]
    assert_survives(describe, cases, tmp_path)


@pytest.mark.parametrize("name", ["tiny.pth", "tiny_legacy.pth"])
def test_damaged_networks(name, tmp_path):
    data = (FILES / f"torch_{name}").read_bytes()
    assert_survives(loading("torch"), damaged(data, 200, seed=18), tmp_path)


def test_a_flipped_bit_of_a_storage_is_found(tmp_path):
    data = (FILES / "torch_alexnet.pth").read_bytes()
    with zipfile.ZipFile(FILES / "torch_alexnet.pth") as archive:
        largest = max(archive.infolist(), key=lambda member: member.file_size)
    path = tmp_path / "flipped.pth"
    at = largest.header_offset + 200
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.raises(sa.CheckpointCorruptError, match="checksum"):
        sa.load(path)
