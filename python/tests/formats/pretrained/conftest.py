"""Caches that are empty, and a published file of a small network."""

import hashlib
from dataclasses import replace

import pytest
from safetensors.numpy import save_file
from small_owt import small_owt
from web_server import serving

from swiftalexnet.files import download
from swiftalexnet.files.digest import Digest
from swiftalexnet.formats.pretrained import registry as published

CACHES = ("SWIFTALEXNET_HOME", "TORCH_HOME", "KERAS_HOME", "HF_HOME")
OTHERS = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "SWIFTALEXNET_OFFLINE")


@pytest.fixture(autouse=True)
def homes(tmp_path, monkeypatch):
    """Empty folders in place of the user's caches, by the names of their variables."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)
    for name in CACHES:
        monkeypatch.setenv(name, str(tmp_path / name))
    return {name: tmp_path / name for name in CACHES}


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A safetensors file of `small_owt`."""
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save_file(small_owt(), path)
    return path


@pytest.fixture
def server(weights, monkeypatch):
    """Serves the file; its address counts as https."""
    with serving(weights.read_bytes()) as server:

        def is_secure(address):
            return address.startswith(server.address)

        monkeypatch.setattr(download, "is_secure", is_secure)
        monkeypatch.setattr(published, "is_secure", is_secure)
        yield server


@pytest.fixture
def entry(weights, server, monkeypatch):
    """The registry's "small-owt": the file at the server, published as torchvision's would be."""
    content = weights.read_bytes()
    digest = Digest("sha256", hashlib.sha256(content).hexdigest())
    example = published.registry()["alexnet-torchvision"]
    caches = {"torch": "small.pth", "keras": "small.h5", "huggingface": "timm/small/model.safetensors"}
    changes = {"address": f"{server.address}/small", "file": "small.safetensors", "bytes": len(content)}
    entry = replace(example, name="small-owt", default=False, digest=digest, caches=caches, classes=10, **changes)
    monkeypatch.setitem(published.registry(), entry.name, entry)
    return entry
