"""The registry against the packages that publish the files: addresses, digests, accuracies, preprocessing, folders."""

import inspect
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from swiftalexnet.formats.pretrained.places import places
from swiftalexnet.formats.pretrained.registry import registry

ENTRIES = registry()


def of(cache):
    return [entry for entry in ENTRIES.values() if cache in entry.caches]


def folder_of(code, **environment):
    """Return what Python code prints with other environment variables."""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("entry", of("torch"), ids=lambda entry: entry.name)
def test_torchvision(entry):
    models = pytest.importorskip("torchvision.models", reason="make test-peers installs torchvision and runs this")
    names = {
        "alexnet": "AlexNet",
        **{f"vgg{n}{b}": f"VGG{n}{b.upper()}" for n in (11, 13, 16, 19) for b in ("", "_bn")},
    }
    network = entry.name.split("-")[0]
    weights = getattr(models, f"{names[network]}_Weights")
    weights = weights.IMAGENET1K_FEATURES if entry.features_only else weights.IMAGENET1K_V1
    assert weights.url == entry.address
    metrics = weights.meta["_metrics"]["ImageNet-1K"]
    if not entry.features_only:
        assert (metrics["acc@1"], metrics["acc@5"]) == (entry.top1, entry.top5)
    if entry.bytes is not None:
        assert round(entry.bytes / 2**20, 3) == weights.meta["_file_size"]
    transforms, ours = weights.transforms(), entry.preprocessing
    assert (transforms.crop_size, transforms.resize_size) == ([ours.crop], [ours.resize])
    np.testing.assert_allclose(ours.mean, 255 * np.array(transforms.mean), rtol=1e-6)
    np.testing.assert_allclose(ours.scale, 1 / (255 * np.array(transforms.std)), rtol=1e-6)


@pytest.mark.parametrize("entry", of("keras"), ids=lambda entry: entry.name)
def test_keras(entry):
    pytest.importorskip("keras", reason="make test-peers installs keras and runs this")
    from keras.src.applications import vgg16, vgg19

    source = inspect.getsource(vgg16 if entry.name.startswith("vgg16") else vgg19)
    digests = re.findall(r'"([\w.]+\.h5)",\s+WEIGHTS_PATH\w*,\s+cache_subdir="models",\s+file_hash="(\w+)"', source)
    assert (entry.file, entry.digest.digits) in digests
    assert entry.address.endswith(entry.file) and entry.address.startswith(
        "https://storage.googleapis.com/tensorflow/keras-applications/vgg1"
    )


@pytest.mark.parametrize("entry", of("huggingface"), ids=lambda entry: entry.name)
def test_timm(entry):
    timm = pytest.importorskip("timm", reason="make test-peers installs timm and runs this")
    name = entry.caches["huggingface"].split("/")[1]
    config = timm.get_pretrained_cfg(name)
    assert config.hf_hub_id == f"timm/{name}"
    np.testing.assert_allclose(entry.preprocessing.mean, 255 * np.array(config.mean), rtol=1e-6)
    assert round(config.input_size[-1] / config.crop_pct) == entry.preprocessing.resize


HOMES = [{}, {"TORCH_HOME": "T", "KERAS_HOME": "K", "HF_HOME": "H"}, {"XDG_CACHE_HOME": "X"}, {"HF_HUB_CACHE": "C"}]


@pytest.mark.parametrize("homes", HOMES, ids=str)
@pytest.mark.parametrize("cache", ["torch", "keras", "huggingface"])
def test_folders(cache, homes, tmp_path, monkeypatch):
    for name in ("TORCH_HOME", "KERAS_HOME", "HF_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SWIFTALEXNET_HOME", str(tmp_path / "own"))
    for name, value in homes.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    entry = of(cache)[-1]
    if cache == "torch":
        pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
        place = os.path.join(folder_of("import torch; print(torch.hub.get_dir())"), "checkpoints", entry.file)
    elif cache == "keras":
        pytest.importorskip("keras", reason="make test-peers installs keras and runs this")
        code = "from keras.src.backend import config; print(config._KERAS_DIR)"
        place = os.path.join(folder_of(code), "models", entry.file)
    else:
        pytest.importorskip("huggingface_hub", reason="make test-peers installs huggingface_hub and runs this")
        code = "from huggingface_hub import constants; print(constants.HF_HUB_CACHE)"
        owner, repository, file = entry.caches[cache].split("/")
        place = os.path.join(folder_of(code), f"models--{owner}--{repository}", "snapshots", "0", file)
    os.makedirs(os.path.dirname(place))
    open(place, "w").close()
    assert [str(found.path) for found in places(entry)] == [place]
