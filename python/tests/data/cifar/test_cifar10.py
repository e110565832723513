"""CIFAR-10: the same images from every format and from a download."""

import hashlib

import cifar_files as made
import numpy as np
import pytest
from support import shared_data
from web_server import serving

import swiftalexnet as sa
from swiftalexnet.data.cifar import batches as cifar_batches
from swiftalexnet.data.cifar import cifar10
from swiftalexnet.files import download
from swiftalexnet.files.digest import Digest


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(cifar_batches, "RECORDS", made.RECORDS)


def forms(root):
    return {
        "zip": lambda: made.write_zip(root / "cifar.zip", made.jpegs()),
        "images": lambda: made.write_folder(root, made.jpegs()),
        "binary archive": lambda: made.write_tar(root / "b.tar.gz", made.binary_files(), "cifar-10-batches-bin"),
        "binary folder": lambda: made.write_folder(root, made.binary_files()),
        "unpacked binary": lambda: made.write_folder(root / "cifar-10-batches-bin", made.binary_files()).parent,
        "python archive": lambda: made.write_tar(root / "p.tar.gz", made.python_files(), "cifar-10-batches-py"),
        "python folder": lambda: made.write_folder(root, made.python_files()),
        "folder of an archive": lambda: (
            made.write_tar(root / "cifar-10-python.tar.gz", made.python_files(), "cifar-10-batches-py").parent
        ),
    }


@pytest.mark.parametrize("form", list(forms(None)))
def test_every_form_holds_the_same_images(form, tmp_path):
    train, test = sa.cifar10(forms(tmp_path)[form]())
    for data, (images, labels) in zip((train, test), made.arrays().values(), strict=True):
        np.testing.assert_array_equal(data.images, images)
        np.testing.assert_array_equal(data.labels, labels)
        assert data.classes == made.CLASSES and isinstance(data, sa.ArrayDataset)


def test_an_empty_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(ValueError, match="contains no CIFAR-10 batches"):
        sa.cifar10(tmp_path)
    with pytest.raises(FileNotFoundError):
        sa.cifar10(tmp_path / "missing.zip")
    (tmp_path / "text").write_text("no archive at all")
    with pytest.raises(ValueError, match="not a complete .tar.gz"):
        sa.cifar10(tmp_path / "text")


def test_real_images():
    train, test = sa.cifar10(shared_data("cifar10-jpeg.zip"))
    assert train.images.shape == (50_000, 32, 32, 3) and test.images.shape == (10_000, 32, 32, 3)
    assert (np.bincount(train.labels) == 5_000).all() and (np.bincount(test.labels) == 1_000).all()
    np.testing.assert_allclose(train.images.mean(axis=(0, 1, 2)), (125.3, 123.0, 113.9), atol=0.5)


# Download


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve a tiny binary archive instead of the real one, from an address that counts as https."""
    content = made.write_tar(tmp_path / "cifar.tar.gz", made.binary_files(), "cifar-10-batches-bin").read_bytes()
    with serving(content) as server:
        monkeypatch.setattr(download, "is_secure", lambda address: address.startswith(server.address))
        digest = Digest("sha256", hashlib.sha256(content).hexdigest())
        monkeypatch.setitem(cifar10.ARCHIVES, "binary", download.Remote(f"{server.address}/x", digest, len(content)))
        yield server


def test_download_once(server, tmp_path):
    target = tmp_path / "data" / "cifar"
    for _ in range(2):
        train, _ = sa.cifar10(target, download=True, progress=False)
        np.testing.assert_array_equal(train.images, made.arrays()["train"][0])
    assert [path.name for path in target.iterdir()] == ["cifar-10-binary.tar.gz"]
    assert len(server.asked) == 1


def test_another_file_is_not_kept(server, tmp_path, monkeypatch):
    changed = cifar10.ARCHIVES["binary"]._replace(digest=Digest("sha256", "0" * 64))
    monkeypatch.setitem(cifar10.ARCHIVES, "binary", changed)
    with pytest.raises(ValueError, match="SHA-256"):
        sa.cifar10(tmp_path / "data", download=True, progress=False)
    assert not list((tmp_path / "data").iterdir())


def test_no_such_file_on_the_server(server, tmp_path):
    server.answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(OSError, match="404"):
        sa.cifar10(tmp_path / "data", download=True, progress=False)
    assert not list((tmp_path / "data").iterdir())


def test_an_interrupted_download_goes_on(server, tmp_path):
    server.cut_at = 100
    with pytest.raises(OSError, match="goes on from there"):
        sa.cifar10(tmp_path, download=True, progress=False)
    server.cut_at = None
    assert len(sa.cifar10(tmp_path, download=True, progress=False)[0]) == made.TRAIN
    assert server.asked[-1][1] == "bytes=100-"


def test_download_needs_a_folder_and_a_known_name(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="folder to download into"):
        sa.cifar10(tmp_path / "file", download=True)
    with pytest.raises(ValueError, match="'binary'"):
        sa.cifar10(tmp_path, download="binery")
