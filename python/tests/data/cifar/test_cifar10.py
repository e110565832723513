"""CIFAR-10: the same images from every format and from a download."""

import hashlib
import http.server
import threading

import cifar_files as made
import numpy as np
import pytest
from support import shared_data

import swiftalexnet as sa
from swiftalexnet.data.cifar import batches as cifar_batches
from swiftalexnet.data.cifar import cifar10


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
def site(tmp_path):
    """Serve the files of a folder; yield (folder, address)."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # a client that leaves early is one of the tests
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def archive(site, monkeypatch):
    """Serve a tiny binary archive instead of the real one; return its expected size and hash."""
    folder, address = site
    content = made.write_tar(folder / "cifar.tar.gz", made.binary_files(), "cifar-10-batches-bin").read_bytes()
    name, sha256 = "cifar-10-binary.tar.gz", hashlib.sha256(content).hexdigest()
    download = cifar10.Download(f"{address}/cifar.tar.gz", name, len(content), sha256)
    monkeypatch.setitem(cifar10.ARCHIVES, "binary", download)
    return download


def test_download_once(archive, site, tmp_path):
    target = tmp_path / "data" / "cifar"
    train, _ = sa.cifar10(target, download=True, progress=False)
    np.testing.assert_array_equal(train.images, made.arrays()["train"][0])
    assert [path.name for path in target.iterdir()] == ["cifar-10-binary.tar.gz"]
    (site[0] / "cifar.tar.gz").unlink()
    assert len(sa.cifar10(target, download=True, progress=False)[0]) == made.TRAIN


@pytest.mark.parametrize(
    ("change", "message"),
    [({"sha256": "0" * 64}, "SHA-256"), ({"size": 10}, "more than"), ({"size": 10**6}, "ended after")],
)
def test_an_unexpected_download_is_deleted(archive, change, message, tmp_path, monkeypatch):
    monkeypatch.setitem(cifar10.ARCHIVES, "binary", archive._replace(**change))
    with pytest.raises(ValueError, match=message):
        sa.cifar10(tmp_path / "data", download=True, progress=False)
    assert not list((tmp_path / "data").iterdir())


def test_no_such_file_on_the_server(archive, tmp_path, monkeypatch):
    monkeypatch.setitem(cifar10.ARCHIVES, "binary", archive._replace(url=archive.url + ".missing"))
    with pytest.raises(OSError, match="404"):
        sa.cifar10(tmp_path / "data", download=True, progress=False)
    assert not list((tmp_path / "data").iterdir())


def test_a_slow_server_is_a_timeout(archive, tmp_path):
    with pytest.raises(TimeoutError, match="before the timeout"):
        cifar10.fetch(archive, tmp_path, progress=False, time_limit=0)
    assert not list(tmp_path.glob("*.gz*"))


def test_download_needs_a_folder_and_a_known_name(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="folder to download into"):
        sa.cifar10(tmp_path / "file", download=True)
    with pytest.raises(ValueError, match="'binary'"):
        sa.cifar10(tmp_path, download="binery")
