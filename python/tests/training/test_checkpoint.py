"""Resume from any step with the same bits; refuse damaged files and those of another run; survive a full disk."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from interrupted_fit import CountedNetwork, Enough
from support import dataset, fingerprint, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet._support.arithmetic import DIFFERENTIABLE, choose_precision
from swiftalexnet.files import safetensors
from swiftalexnet.network import batch_size, parameters

EPOCHS, STEPS_AN_EPOCH = 4, 4
TIMES = ("images_per_second", "seconds")


def recipe() -> sa.Recipe:
    """Everything with a state: a plateau, momentum, dropout, augmentation."""
    return quick_recipe(schedule=sa.PlateauSchedule(factor=0.5, patience=1), color_noise=0.1)


def fit(model: sa.Model, folder: Path | None, epochs: int = EPOCHS, **options) -> sa.History:
    options = {"recipe": recipe(), "progress": False, "validation": dataset(20, seed=2)} | options
    return model.fit(dataset(60), epochs=epochs, checkpoint=folder, **options)


def whole_state(model: sa.Model, history: sa.History) -> tuple:
    """Weights, velocities, mean image, and the history without its times."""
    velocities = parameters.copies(model.network, _native.VELOCITY)
    rows = [{name: value for name, value in row.items() if name not in TIMES} for row in history]
    moving = {name: array.tobytes() for name, array in velocities.items()}
    return fingerprint(model), moving, model.preprocessing.mean.tobytes(), rows


def stopped_at(step: int, folder: Path) -> None:
    """Write the checkpoint of a run that was killed after `step` steps in a process that has ended."""
    model = tiny_model()
    model._network = CountedNetwork(model.network, step)
    with pytest.raises(Enough):
        fit(model, folder, checkpoint_every=1)


@pytest.fixture(scope="module")
def straight():
    model = tiny_model()
    return whole_state(model, fit(model, None))


@pytest.mark.parametrize("step", range(1, EPOCHS * STEPS_AN_EPOCH))
def test_resume_at_every_step_gives_the_same_bits(step, straight, tmp_path):
    stopped_at(step, tmp_path)
    assert safetensors.read(tmp_path / "checkpoint.safetensors")[1]["training"]["step"] == step
    model = tiny_model(seed=99)  # every weight comes from the checkpoint
    history = fit(model, tmp_path, resume=True, checkpoint_every=3)
    assert whole_state(model, history) == straight


def test_a_run_with_automatic_settings_keeps_them_when_resumed(straight, tmp_path, monkeypatch):
    words = {"batch_size": "auto", "precision": "auto"}
    began = DIFFERENTIABLE[choose_precision("test", "auto")]
    model = tiny_model()
    expected = whole_state(model, fit(model, None, batch_size=8, precision=began))
    monkeypatch.setattr(batch_size, "_largest", lambda *_: 8)
    with pytest.warns(UserWarning, match="'auto' is 8"):
        fit(tiny_model(), tmp_path, epochs=2, **words)
    monkeypatch.setattr(batch_size, "_largest", lambda *_: pytest.fail("the batch size was chosen again"))
    model = tiny_model(seed=9)
    assert whole_state(model, fit(model, tmp_path, resume=True, **words)) == expected


def test_an_automatic_precision_is_the_checkpoints(straight, tmp_path):
    fit(tiny_model(), tmp_path, epochs=2)
    model = tiny_model(seed=9)
    assert whole_state(model, fit(model, tmp_path, resume=True, precision="auto")) == straight


def test_a_checkpoint_without_its_initial_settings_is_refused(tmp_path):
    stopped_at(5, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    tensors, sections = safetensors.read(path)
    identity = sections["training"]["identity"]
    for wrong in ({"recipe": {}}, {"recipe": {"batch_size": "8"}}, {"precision": "float8"}, {"recipe": None}):
        damaged = {"training": sections["training"] | {"identity": identity | wrong}, "model": sections["model"]}
        safetensors.write(path, tensors, damaged)
        with pytest.raises(sa.CheckpointCorruptError, match="not a training checkpoint"):
            fit(tiny_model(), tmp_path, resume=True, batch_size="auto")


def test_checkpoints_do_not_change_the_run(straight, tmp_path):
    model = tiny_model()
    assert whole_state(model, fit(model, tmp_path)) == straight


MOVING = {
    "scale": {"scale": (20, 30), "chunk": 3, "color_noise": 0.1, "color_divisor": 1.1},
    "dexp": {"schedule": sa.DexpSchedule(250, 3), "bias_schedule": sa.DexpSchedule(10, 2)},
    "steps": {"schedule": sa.StepSchedule((2, 7, 9), 0.5)},
    "lars": {
        "rule": "lars",
        "learning_rate": 2.0,
        "trust_coefficient": 0.01,
        "schedule": sa.PolynomialSchedule(),
        "warmup_epochs": 1.5,
    },
    "groups": {
        "schedule": sa.EpochSchedule((2,)),
        "bias_learning_rate": 2.0,
        "bias_weight_decay": 0.0,
        "bias_schedule": sa.PlateauSchedule(0.5, patience=1),
        "color_noise": 0.1,
        "color_noise_epochs": 2,
        "groups": (
            sa.ParameterGroup("conv1.*", schedule=sa.EpochTableSchedule((1, 3), (0.1, 0.0))),
            sa.ParameterGroup("fc8.*", 3.0, 2.0, sa.PlateauSchedule(0.1, patience=2)),
        ),
    },
}


@pytest.mark.parametrize("name", MOVING)
def test_resume_while_rates_or_scales_move_gives_the_same_bits(name, tmp_path):
    options = {"recipe": quick_recipe(**MOVING[name])}
    model = tiny_model()
    expected = whole_state(model, fit(model, None, **options))
    for step in (1, 3, 5, 6, 8, 11, 15):
        stopped = tiny_model()
        stopped._network = CountedNetwork(stopped.network, step)
        with pytest.raises(Enough):
            fit(stopped, tmp_path / str(step), checkpoint_every=1, **options)
        resumed = tiny_model(seed=99)
        assert whole_state(resumed, fit(resumed, tmp_path / str(step), resume=True, **options)) == expected


def test_a_run_whose_rates_depend_on_its_length_keeps_it(tmp_path):
    recipe = quick_recipe(schedule=sa.DexpSchedule())
    fit(tiny_model(), tmp_path, epochs=2, recipe=recipe)
    with pytest.raises(ValueError, match=r"recipe \{'epochs \(a schedule depends on them\)': 2\}, this run .* 4\}"):
        fit(tiny_model(), tmp_path, epochs=4, resume=True, recipe=recipe)


def test_checkpoints_of_older_versions_can_be_resumed(straight, tmp_path):
    stopped_at(5, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    tensors, sections = safetensors.read(path)
    del sections["training"]["other_schedules"]
    identity = sections["training"]["identity"]
    identity["training pictures"] = identity.pop("training images")
    del identity["fast_math"]
    safetensors.write(path, tensors, sections)
    model = tiny_model()
    assert whole_state(model, fit(model, tmp_path, resume=True)) == straight


def test_states_of_schedules_that_do_not_fit_are_refused(tmp_path):
    stopped_at(5, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    tensors, sections = safetensors.read(path)
    for states in ([{}], {"best": 1}, 3, [None], "x"):
        sections["training"]["other_schedules"] = states
        safetensors.write(path, tensors, sections)
        with pytest.raises(sa.CheckpointCorruptError):
            fit(tiny_model(), tmp_path, resume=True)


def test_resume_with_skipped_images(tmp_path):
    folder = photo_folder(tmp_path / "photos")
    for name in ("dark/1.png", "low/2.png"):
        (folder / name).write_bytes(b"broken")
    options = {"recipe": quick_recipe(batch_size=5), "epochs": 2, "progress": False}
    model = tiny_model()
    expected = model.fit(sa.ImageFolder(folder, on_error="skip"), **options)
    stopped = tiny_model()
    stopped._network = CountedNetwork(stopped.network, 3)
    with pytest.raises(Enough):
        stopped.fit(sa.ImageFolder(folder, on_error="skip"), **options, checkpoint=tmp_path / "run", checkpoint_every=1)
    resumed = tiny_model(seed=9)
    found = resumed.fit(sa.ImageFolder(folder, on_error="skip"), **options, checkpoint=tmp_path / "run", resume=True)
    assert whole_state(resumed, found) == whole_state(model, expected)


def test_a_run_can_be_resumed_for_more_epochs(straight, tmp_path):
    fit(tiny_model(), tmp_path, epochs=2)
    model = tiny_model()
    assert whole_state(model, fit(model, tmp_path, resume=True)) == straight


def test_a_finished_run_is_left_alone(straight, tmp_path):
    fit(tiny_model(), tmp_path)
    model = tiny_model(seed=3)
    assert whole_state(model, fit(model, tmp_path, resume=True)) == straight


def test_without_resume_a_new_run_starts(straight, tmp_path):
    stopped_at(5, tmp_path)
    model = tiny_model()
    assert whole_state(model, fit(model, tmp_path)) == straight


def test_resume_without_a_checkpoint_starts_a_new_run(straight, tmp_path):
    model = tiny_model()
    assert whole_state(model, fit(model, tmp_path / "new" / "run", resume=True)) == straight


def test_a_checkpoint_is_a_model(tmp_path):
    model = tiny_model()
    fit(model, tmp_path)
    assert fingerprint(sa.load(tmp_path / "checkpoint.safetensors")) == fingerprint(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"classes": 5}}, "network .*outputs=4.*outputs=5"),
        ({"options": {"recipe": quick_recipe()}}, "recipe .*Plateau.*Constant"),
        ({"options": {"recipe": recipe().replace(chunk=2)}}, "recipe .*chunk.*None.*chunk.*2"),
        ({"options": {"batch_size": 7}}, "recipe .*16.*7"),
        ({"options": {"seed": 1}}, "seed 0, this run has 1"),
        ({"train": 61}, "training images 60, this run has 61"),
        ({"freeze": "conv1"}, "multipliers"),
    ],
)
def test_another_run_is_refused(change, message, tmp_path):
    stopped_at(3, tmp_path)
    model = tiny_model(**change.get("model", {}))
    if "freeze" in change:
        model.freeze(change["freeze"])
    before = fingerprint(model)
    options = {"recipe": recipe(), "validation": dataset(20, seed=2)} | change.get("options", {})
    train, validation = dataset(change.get("train", 60)), options.pop("validation")
    if "model" in change:
        train, validation = (sa.ArrayDataset(data.images, data.labels) for data in (train, validation))
    with pytest.raises(ValueError, match=message):
        model.fit(train, validation, 4, checkpoint=tmp_path, resume=True, progress=False, **options)
    assert fingerprint(model) == before


def test_a_damaged_checkpoint_is_refused(tmp_path):
    stopped_at(3, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    whole = path.read_bytes()
    model = tiny_model()
    before = fingerprint(model)
    generator = np.random.default_rng(0)
    for position in generator.integers(0, len(whole), 40):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 16]) + whole[position + 1 :])
        with pytest.raises(sa.CheckpointCorruptError):
            fit(model, tmp_path, resume=True)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(sa.CheckpointCorruptError):
        fit(model, tmp_path, resume=True)
    model.save(path)
    with pytest.raises(sa.CheckpointCorruptError, match="not a training checkpoint"):
        fit(model, tmp_path, resume=True)
    assert fingerprint(model) == before


def test_a_full_disk_keeps_the_old_checkpoint_and_the_model(tmp_path, monkeypatch, straight):
    stopped_at(6, tmp_path)
    old = (tmp_path / "checkpoint.safetensors").read_bytes()
    model = tiny_model()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, pytest.raises(OSError) as caught:
        patched.setattr(os, "write", full)
        fit(model, tmp_path, resume=True, checkpoint_every=2)
    assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]
    assert whole_state(model, fit(model, tmp_path, resume=True)) == straight


def test_a_long_history_can_be_read_again(tmp_path):
    options = {"recipe": quick_recipe(batch_size=60), "validation": None}
    fit(tiny_model(), tmp_path, epochs=1, **options)
    path = tmp_path / "checkpoint.safetensors"
    tensors, sections = safetensors.read(path)
    row = json.loads(tensors["history"].tobytes())[0]
    rows = json.dumps([row | {"epoch": epoch} for epoch in range(6000)]).encode()
    assert len(rows) > 1 << 20
    sections["training"]["epoch"] = 6000
    safetensors.write(path, tensors | {"history": np.frombuffer(rows, np.uint8)}, sections)
    assert len(fit(tiny_model(), tmp_path, epochs=6001, resume=True, **options)) == 6001
    assert len(fit(tiny_model(), tmp_path, epochs=6001, resume=True, **options)) == 6001


def test_other_files_are_another_run(tmp_path):
    folder = photo_folder(tmp_path / "photos")
    options = {"recipe": quick_recipe(), "epochs": 1, "progress": False, "checkpoint": tmp_path / "run"}
    tiny_model().fit(sa.ImageFolder(folder), **options)
    (folder / "dark" / "0.png").rename(folder / "dark" / "a.png")
    with pytest.raises(ValueError, match=r"file names \(SHA-256\)"):
        tiny_model().fit(sa.ImageFolder(folder), resume=True, **options)


def test_another_engine_is_a_warning(straight, tmp_path):
    stopped_at(3, tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    tensors, sections = safetensors.read(path)
    sections["training"]["engine"]["instruction_set"] = "abacus"
    safetensors.write(path, tensors, sections)
    model = tiny_model()
    with pytest.warns(UserWarning, match="instruction_set abacus there") as caught:
        history = fit(model, tmp_path, resume=True)
    assert caught[0].filename == __file__
    assert whole_state(model, history) == straight


def test_numpy_numbers_are_written(tmp_path):
    schedule = sa.PlateauSchedule(np.float32(0.5), np.int64(1), np.int32(2))
    numbers = {"learning_rate": np.float32(0.002), "batch_size": np.int64(16), "crop": np.bool_(True)}
    options = {
        "recipe": quick_recipe(schedule=schedule, **numbers),
        "seed": np.int64(3),
        "checkpoint_every": np.int8(2),
    }
    fit(tiny_model(), tmp_path, epochs=np.int64(1), **options)
    assert len(fit(tiny_model(), tmp_path, epochs=2, resume=True, **options)) == 2


class Interrupted(CountedNetwork):
    """A network that is interrupted after some steps."""

    def train_step_images(self, *arguments):
        try:
            return super().train_step_images(*arguments)
        except Enough:
            raise KeyboardInterrupt from None


def test_ctrl_c_prints_where_it_wrote_and_stays_ctrl_c(tmp_path, monkeypatch, capsys):
    model = tiny_model()
    model._network = Interrupted(model.network, 2)
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(model, tmp_path, progress=True)
    assert f"stopped: the run so far is in {tmp_path}" in capsys.readouterr().out
    assert not hasattr(caught.value, "__notes__")
    assert safetensors.read(tmp_path / "checkpoint.safetensors")[1]["training"]["step"] == 2

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    model = tiny_model()
    model._network = Interrupted(model.network, 2)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt) as caught:
        patched.setattr(os, "write", full)
        fit(model, tmp_path)
    assert "could not be written" in caught.value.__notes__[0]


def test_the_folder_must_be_one(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        fit(tiny_model(), tmp_path / "file")
