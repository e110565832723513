import hashlib
import shutil
import threading
from dataclasses import replace

import fresh_process
import numpy as np
import pytest
from web_server import serving

import swiftalexnet as sa
from swiftalexnet.errors import UnsupportedError
from swiftalexnet.files.digest import Digest
from swiftalexnet.formats.pretrained.places import own_path, places
from swiftalexnet.formats.pretrained.registry import registry


def change(monkeypatch, entry, **changes):
    changed = replace(entry, **changes)
    monkeypatch.setitem(registry(), entry.name, changed)
    return changed


def load():
    return sa.pretrained("small-owt", progress=False)


def test_downloaded_once(entry, server, homes, weights):
    model = load()
    assert [path.name for path in homes["SWIFTALEXNET_HOME"].iterdir()] == [entry.file]
    again = load()
    assert len(server.asked) == 1
    for name, array in again.parameters().items():
        np.testing.assert_array_equal(array, model.parameters()[name])


def test_what_the_model_knows(entry):
    model = load()
    assert model.variant == "owt" and model.num_classes == 10
    assert model.preprocessing.to_json() == entry.preprocessing.to_json()
    source = model.source
    assert (source.name, source.publisher, source.licence) == (entry.file, entry.publisher, entry.licence)
    assert source.address == entry.address and source.sha256 == entry.digest.digits


CACHES = {
    "SWIFTALEXNET_HOME": "small.safetensors",
    "TORCH_HOME": "hub/checkpoints/small.pth",
    "KERAS_HOME": "models/small.h5",
    "HF_HOME": "hub/models--timm--small/snapshots/0123abc/model.safetensors",
}


@pytest.mark.parametrize("home", CACHES)
def test_found_where_it_lies(entry, server, homes, weights, home):
    path = homes[home] / CACHES[home]
    path.parent.mkdir(parents=True)
    shutil.copy(weights, path)
    load()
    assert not server.asked
    assert [place.path for place in places(entry)] == [path]


def test_default_folders(entry, tmp_path, monkeypatch):
    for name in CACHES:
        monkeypatch.delenv(name)
    cache = tmp_path / "home" / ".cache"
    assert own_path(entry) == cache / "swiftalexnet" / entry.file
    paths = {
        cache / "swiftalexnet" / "small.safetensors",
        cache / "torch/hub/checkpoints/small.pth",
        tmp_path / "home/.keras/models/small.h5",
        cache / "huggingface" / CACHES["HF_HOME"],
    }
    for path in paths:
        path.parent.mkdir(parents=True)
        path.touch()
    assert {place.path for place in places(entry)} == paths
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert own_path(entry) == tmp_path / "xdg" / "swiftalexnet" / entry.file


@pytest.mark.parametrize("content", [b"", b"another file"])
def test_another_file_of_the_name_is_replaced(entry, server, homes, content):
    own_path(entry).parent.mkdir()
    own_path(entry).write_bytes(content)
    with pytest.warns(UserWarning, match="expected .*: it is not used"):
        load()
    assert own_path(entry).stat().st_size == entry.bytes
    assert len(server.asked) == 1


def test_another_file_in_a_cache_of_others_is_left_alone(entry, server, homes):
    path = homes["TORCH_HOME"] / CACHES["TORCH_HOME"]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * entry.bytes)
    with pytest.warns(UserWarning, match="SHA-256"):
        load()
    assert path.read_bytes() == b"x" * entry.bytes


def test_folders_in_place_of_files(entry, server, homes):
    (homes["TORCH_HOME"] / CACHES["TORCH_HOME"]).mkdir(parents=True)
    load()
    own_path(entry).unlink()
    own_path(entry).mkdir()
    with pytest.raises(OSError, match="directory"):
        load()


# Not downloaded


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_offline(entry, server, monkeypatch, value):
    monkeypatch.setenv("SWIFTALEXNET_OFFLINE", value)
    with pytest.raises(OSError, match="SWIFTALEXNET_OFFLINE") as raised:
        load()
    message = str(raised.value)
    assert entry.address in message and str(own_path(entry)) in message and entry.digest.digits in message
    assert not server.asked
    assert not own_path(entry).parent.exists()


def test_offline_with_the_file_here(entry, weights, monkeypatch):
    monkeypatch.setenv("SWIFTALEXNET_OFFLINE", "1")
    own_path(entry).parent.mkdir()
    shutil.copy(weights, own_path(entry))
    assert load().num_classes == 10
    own_path(entry).write_bytes(b"other")
    with pytest.raises(OSError, match="has 5 bytes, expected"):
        load()


@pytest.mark.parametrize("value", ["", "0", "false", "No", "off"])
def test_not_offline(entry, server, monkeypatch, value):
    monkeypatch.setenv("SWIFTALEXNET_OFFLINE", value)
    load()
    assert server.asked


def test_no_network(entry, server, homes):
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError, match="could not be downloaded") as raised:
        load()
    assert entry.address in str(raised.value) and str(own_path(entry)) in str(raised.value)
    assert not list(homes["SWIFTALEXNET_HOME"].iterdir())


def test_a_wrong_file_from_the_server(entry, server, monkeypatch, homes):
    change(monkeypatch, entry, digest=Digest("sha256", "0" * 64))
    with pytest.raises(ValueError, match="not kept"):
        load()
    assert not list(homes["SWIFTALEXNET_HOME"].iterdir())


def test_a_redirection_to_http(entry, server, weights, homes):
    with serving(weights.read_bytes()) as other:
        server.redirects = {"/small": f"{other.address}/small"}
        with pytest.raises(OSError, match="not https"):
            load()
        assert not other.asked
    assert not list(homes["SWIFTALEXNET_HOME"].iterdir())


def test_an_entry_without_https(entry, server, weights, monkeypatch):
    entry = change(monkeypatch, entry, address="http://localhost/weights")
    with pytest.raises(UnsupportedError, match="no https address") as raised:
        load()
    assert str(own_path(entry)) in str(raised.value)
    own_path(entry).parent.mkdir()
    shutil.copy(weights, own_path(entry))
    assert load().num_classes == 10


def test_an_entry_without_a_digest(entry, server, weights, homes, monkeypatch):
    entry = change(monkeypatch, entry, digest=None, digest_source=None)
    own_path(entry).parent.mkdir()
    shutil.copy(weights, own_path(entry))
    with pytest.raises(UnsupportedError, match=r"no digest .*sa\.load\(path, variant='owt'\).*cannot be checked"):
        load()
    assert not server.asked


def test_the_hub_s_cache_names_files_by_their_digest(entry, server, weights, homes, monkeypatch):
    change(monkeypatch, entry, digest=None, digest_source=None)
    snapshot = homes["HF_HOME"] / CACHES["HF_HOME"]
    blobs = snapshot.parents[2] / "blobs"
    for folder in (snapshot.parent, blobs):
        folder.mkdir(parents=True)
    blob = blobs / hashlib.sha256(weights.read_bytes()).hexdigest()
    shutil.copy(weights, blob)
    snapshot.symlink_to(f"../../blobs/{blob.name}")
    assert load().num_classes == 10
    blob.write_bytes(b"another")
    with pytest.raises(UnsupportedError, match="no digest .*has 7 bytes"):
        load()


@pytest.mark.parametrize("name", [None, 3, "", "small_owt", "vgg", "x" * 10_000, "\0"])
def test_names(entry, name):
    with pytest.raises(ValueError, match="expected one of alexnet-torchvision"):
        sa.pretrained(name)


def test_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean 'vgg16-keras'"):
        sa.pretrained("vgg16_keras")


@pytest.mark.parametrize("value", ["~", "~nobody-of-this-name", "relative"])
def test_strange_homes(entry, server, monkeypatch, tmp_path, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    for name in CACHES:
        monkeypatch.setenv(name, value)
    assert load().num_classes == 10


LOAD = """
import sys
from dataclasses import replace
import swiftalexnet as sa
from swiftalexnet.files import download
from swiftalexnet.files.digest import Digest
from swiftalexnet.formats.pretrained import registry
download.is_secure = registry.is_secure = lambda address: True
address, digits = sys.argv[1:]
example = registry.registry()["alexnet-torchvision"]
digest = Digest("sha256", digits)
registry.registry()["small"] = replace(example, address=address, digest=digest, bytes=None, file="small", caches={})
print(sa.pretrained("small", progress=False).num_classes)
"""


def test_processes_at_once(entry, server, homes):
    server.pause, said = 0.1, []
    arguments = f"{server.address}/small", entry.digest.digits
    threads = [threading.Thread(target=lambda: said.append(fresh_process.run(LOAD, *arguments))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["10", "10"]
    assert len(server.asked) == 1
    assert [path.name for path in homes["SWIFTALEXNET_HOME"].iterdir()] == ["small"]
