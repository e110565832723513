"""Files whose checksums are right and whose content is not: one kind of error, and reading changes nothing."""

import numpy as np
import pytest
from support import dataset, fingerprint, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.cli import main
from swiftalexnet.files import safetensors
from swiftalexnet.network import parameters
from swiftalexnet.network.parts import model_to_parts

RECIPE = quick_recipe(schedule=sa.PlateauSchedule())
DEEP: list = []
for _ in range(300):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "change",
    [
        {"classes": "four"},
        {"classes": 4},
        {"classes": [1, 2, 3, 4]},
        {"classes": ["one", "two"]},
        {"variant": ["owt"]},
        {"specification": None},
        {"specification": "network"},
        {"specification": DEEP},
        {"preprocessing": None},
        {"preprocessing": {"resize": 23}},
        {"preprocessing": {"resize": 23, "crop": 19}},
        {"preprocessing": {"resize": 23, "crop": 20, "scale": [10**400] * 3}},
        {"preprocessing": {"resize": 23, "crop": 20, "scale": DEEP}},
        {"preprocessing": {"resize": 23, "crop": 20, "unknown": 1}},
        {"preprocessing": {"resize": 23, "crop": 20, "learn_mean": DEEP}},
        {"preprocessing": {"resize": 23, "crop": 20, "warp": "yes"}},
        {"preprocessing": {"resize": 23, "crop": 20, "learn_whitening": DEEP}},
        {"preprocessing": {"resize": 23, "crop": 20, "learn_whitening": -1}},
        {"preprocessing": {"resize": 23, "crop": 20, "whitening": [[1]]}},
    ],
    ids=lambda change: str(change)[:60],
)
def test_models(change, tmp_path, capsys):
    header, tensors = model_to_parts(tiny_model())
    path = tmp_path / "m.safetensors"
    safetensors.write(path, tensors, {"model": header | change})
    with pytest.raises(sa.CheckpointCorruptError, match="does not contain a model"):
        sa.load(path)
    assert main(["summary", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("model", [None, [], 3, "text"])
def test_models_without_a_header(model, tmp_path):
    _, tensors = model_to_parts(tiny_model())
    safetensors.write(tmp_path / "m", tensors, {"model": model})
    with pytest.raises(sa.CheckpointCorruptError, match="does not contain a model"):
        sa.load(tmp_path / "m")


def fit(model: sa.Model, folder, **options) -> sa.History:
    options = {"validation": dataset(9, seed=2), "recipe": RECIPE, "epochs": 2, "progress": False} | options
    return model.fit(dataset(20), checkpoint=folder, **options)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Tensors and sections of a sound checkpoint."""
    folder = tmp_path_factory.mktemp("run")
    fit(tiny_model(), folder, epochs=1)
    return safetensors.read(folder / "checkpoint.safetensors")


def text(value: str) -> np.ndarray:
    return np.frombuffer(value.encode(), np.uint8)


@pytest.mark.parametrize(
    "tensors",
    [
        {"velocity.conv1.weight": np.zeros((8, 3, 5, 4), np.float32)},
        {"velocity.conv1.weight": np.full((8, 3, 5, 5), np.nan, np.float32)},
        {"velocity.fc8.bias": np.zeros(4, np.int32)},
        {"conv1.weight": np.zeros(3, np.float32)},
        {"preprocessing.mean": np.zeros((3, 3), np.float32)},
        {"preprocessing.mean": np.zeros(1, np.float32)},
        {"preprocessing.whitening": np.zeros((3, 3), np.float32)},
        {"preprocessing.whitening": np.full((1200, 1200), np.nan, np.float32)},
        {"epoch.outcomes": np.zeros((1, 3))},
        {"epoch.outcomes": np.zeros((1, 2)), "epoch.counts": np.full(1, -3)},
        {"epoch.outcomes": np.full((1, 2), np.inf), "epoch.counts": np.full(1, 3)},
        {"epoch.outcomes": np.zeros((9, 2)), "epoch.counts": np.full(9, 3)},
        {"epoch.counts": np.zeros((1, 1), np.int64)},
        {"history": text("[")},
        {"history": text("[]")},
        {"history": text("[{}]")},
        {"history": text("[" * 100_000)},
        {"history": np.zeros((2, 2), np.uint8)},
        {"history": np.zeros(2)},
    ],
    ids=lambda tensors: " ".join(f"{name} {array.shape}" for name, array in tensors.items()),
)
def test_tensors_of_checkpoints(tensors, parts, tmp_path):
    refused(parts[0] | tensors, parts[1], tmp_path)


@pytest.mark.parametrize(
    "training",
    [
        {"epoch": "1"},
        {"epoch": -1},
        {"epoch": 1.0},
        {"epoch": 2},
        {"first_step": None},
        {"seconds": "long"},
        {"schedule": []},
        {"schedule": None},
        {"schedule": {}},
        {"schedule": {"best": "low", "waited": 0, "reductions": 0}},
        {"schedule": {"best": 1, "waited": 0, "reductions": -(10**300)}},
        {"schedule": {"best": 1, "waited": 0, "reductions": True}},
        {"identity": None},
        {"identity": {}},
        {"identity": DEEP},
    ],
    ids=lambda training: str(training)[:60],
)
def test_fields_of_checkpoints(training, parts, tmp_path):
    tensors, sections = parts
    refused(tensors, sections | {"training": sections["training"] | training}, tmp_path)


@pytest.mark.parametrize("training", [None, [], "text", 3])
def test_checkpoints_without_fields(training, parts, tmp_path):
    refused(parts[0], parts[1] | {"training": training}, tmp_path)


def refused(tensors: dict, sections: dict, folder) -> None:
    """Expect that a checkpoint of these parts is corrupt, and that trying it changes nothing."""
    safetensors.write(folder / "checkpoint.safetensors", tensors, sections)
    model = tiny_model(seed=3)
    before, preprocessing = fingerprint(model), model.preprocessing
    with pytest.raises(sa.CheckpointCorruptError, match="is not a training checkpoint"):
        fit(model, folder, resume=True)
    moving = parameters.copies(model.network, _native.VELOCITY).values()
    assert fingerprint(model) == before and not any(array.any() for array in moving)
    assert model.preprocessing is preprocessing and model.classes is None


def test_the_sound_one_is_taken(parts, tmp_path):
    safetensors.write(tmp_path / "checkpoint.safetensors", *parts)
    assert len(fit(tiny_model(seed=3), tmp_path, resume=True)) == 2
