"""Shared by several tests: small networks, images that can be learned, folders of photographs."""

import hashlib
import os
import pty
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import swiftalexnet as sa

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parents[1]

CLASSES = ("bright", "dark", "low", "top")

# Every kind of layer that the paper's network has, small enough for hundreds of steps a second.
TINY = """\
network tiny
data channels={channels} height=20 width=20
convolution conv1 outputs=8 kernel=5 stride=2 pad=0,0,1,1 groups=1
relu relu1
response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2.0 alpha_over_n=0 groups=1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=12 kernel=3 stride=1 pad=1,1,1,1 groups=2
relu relu2
dense fc6 outputs=24
relu relu6
dropout drop6 probability=0.5 form=paper2012
dense fc8 outputs={classes}
softmax prob
"""

# Reads 20 × 20 without padding: what a crop sees, its pixels within an image see too. A position is four pixels.
UNPADDED = """\
network unpadded
data channels=3 height=20 width=20
convolution conv1 outputs=8 kernel=4 stride=2 pad=0,0,0,0 groups=1
relu relu1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
dense fc6 outputs=24
relu relu6
dropout drop6 probability=0.5 form=paper2012
dense fc8 outputs=4
softmax prob
"""

QUICK = {"schedule": sa.ConstantSchedule(), "batch_size": 16, "learning_rate": 0.002}


def tiny_model(channels: int = 3, classes: int = 4, seed: int = 0) -> sa.Model:
    """Return a network of a few thousand weights that reads 20 × 20 pixels."""
    return sa.Model.from_spec(TINY.format(channels=channels, classes=classes), "torchvision", seed)


def quantized_model(seed: int = 0, method: str = "percentile") -> sa.Model:
    """Return a tiny network that has learned a little, in eight bits."""
    model = tiny_model(seed=seed)
    model.fit(dataset(), epochs=1, recipe=quick_recipe(), progress=False)
    return model.quantize(dataset(), method)


def unpadded_model() -> sa.Model:
    """Return a network of `UNPADDED`."""
    model = sa.Model.from_spec(UNPADDED, "torchvision")
    model.preprocessing = sa.Preprocessing(24, 20, [120.0, 115.0, 110.0], scale=[0.01, 0.02, 0.03])
    return model


def quick_recipe(**changes) -> sa.Recipe:
    """Return a fast version of the paper's recipe: constant rate, small batches."""
    return sa.recipe("paper", **QUICK | changes)


def labelled_images(count: int, seed: int = 0, side: int = 23) -> tuple[np.ndarray, np.ndarray]:
    """Return (images uint8 [count, side, side, 3], labels): bright, dark, bright below, bright above."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, count)
    ramp = np.linspace(0, 1, side)
    patterns = np.stack([np.full(side, 0.9), np.full(side, 0.1), ramp, 1 - ramp])  # mirroring changes nothing
    light = patterns[labels][:, :, None, None]
    noisy = 40 + 150 * light + generator.normal(0, 20, (count, side, side, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8), labels


def dataset(count: int = 60, seed: int = 0) -> sa.ArrayDataset:
    """Return images that a tiny network learns in seconds."""
    return sa.ArrayDataset(*labelled_images(count, seed), CLASSES)


def photo_folder(root: Path, count: int = 6, side: int = 31) -> Path:
    """Write `count` PNG files for each of the four classes."""
    images, labels = labelled_images(count * 16, side=side)
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for number, image in enumerate(images[labels == label][:count]):
            Image.fromarray(image).save(root / name / f"{number}.png")
    return root


def fingerprint(model: sa.Model) -> str:
    """Return the SHA-256 of all weights."""
    hashed = hashlib.sha256()
    for name, array in model.state_dict().items():
        hashed.update(name.encode() + array.tobytes())
    return hashed.hexdigest()


EXTRAS = {
    "matplotlib": "plots",
    "pandas": "frame",
    "sklearn": "sklearn",
    "google.protobuf": "caffe",
    "h5py": "keras",
    "onnx": "onnx",
    "mpi4py": "mpi",
    "ray": "ray",
    "scipy": "test",
    "webdataset": "test",
    "pyarrow": "parquet",
    "pyarrow.parquet": "parquet",
}


def needs(module: str):
    """Import an optional library, or skip the test saying how to run it; Ray is only found: it and forks do not mix."""
    reason = f"{module} is missing: pip install 'swiftalexnet[{EXTRAS[module]}]'"
    # Folders of tests have the names of some, and would do for packages.
    if module == "sklearn":
        pytest.importorskip("sklearn.base", reason=reason)
    if module == "ray":
        found = find_spec("ray")
        return found if found and found.origin else pytest.skip(reason)
    return pytest.importorskip(module, reason=reason)


def terminal() -> tuple[int, int]:
    """Return both ends of a pseudo-terminal, or skip the test saying how to run it."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminals here ({error}): mount -t devpts devpts /dev/pts")


def shared_data(name: str) -> Path:
    """Return a folder of the shared test data, or skip the test saying why."""
    root = os.environ.get("SWIFTALEXNET_DATA")
    if not root or not (Path(root) / name).exists():
        pytest.skip(f"set SWIFTALEXNET_DATA to a folder with {name} to run it: see docs/testing.md")
    return Path(root) / name


def fit(model: sa.Model, train=None, validation=None, epochs: int = 2, **options) -> sa.History:
    """Fit with a fast recipe and without a progress bar."""
    options = {"recipe": quick_recipe(), "progress": False} | options
    return model.fit(train if train is not None else dataset(), validation, epochs, **options)


def probability_bytes(model: sa.Model) -> bytes:
    """Return the bytes of a model's probabilities; here, because a new process must be able to import it."""
    return model.probabilities(labelled_images(4)[0]).tobytes()
