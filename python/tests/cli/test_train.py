"""The command `train`: where it writes, which images it uses, and that no interruption loses the run."""

import json
import os
import shutil

import pytest
from command_line import refused, run
from support import fingerprint, photo_folder

import swiftalexnet as sa
from swiftalexnet.cli.run_folder import OPTIONS_NAME
from swiftalexnet.files import safetensors
from swiftalexnet.network import batch_size

QUICK = ["--batch-size", "8", "--quiet"]


def test_it_writes_the_given_file_and_nothing_else(photos, tmp_path, capsys):
    code, out, err = run(capsys, "train", "photos", "--epochs", 2, "--output", "m.safetensors", *QUICK)
    assert (code, out, err) == (0, "saved m.safetensors\n", "")
    assert sorted(os.listdir(tmp_path)) == ["m.safetensors", "photos"]
    assert sa.load("m.safetensors").classes == ("bright", "dark", "low", "top")


def test_standard_output_is_only_json(photos, capsys):
    code, out, err = run(capsys, "train", "photos", "--epochs", 2, "--batch-size", 8, "--json")
    result = json.loads(out)
    assert code == 0 and result["model"] == "model.safetensors" and len(result["history"]) == 2
    assert "epoch" in err


def test_the_history_is_printed_once_and_epochs_count_from_one(photos, capsys):
    code, out, err = run(capsys, "train", "photos", "--epochs", 2, "--batch-size", 8)
    assert code == 0 and (out + err).count("train loss") == 1
    rows = [line.split()[0] for line in (out + err).splitlines() if line[:5].strip().isdecimal()]
    assert rows == ["1", "2"]


def test_it_prints_at_the_start_where_the_run_is_kept(photos, capsys):
    _, _, err = run(capsys, "train", "photos", "--epochs", 1, "--output", "m", "--batch-size", 8)
    assert "m.run" in err and err.index("m.run") < err.index("train loss")


@pytest.mark.parametrize("existing", ["m", "m.run/checkpoint.safetensors", f"m.run/{OPTIONS_NAME}"])
def test_without_force_it_replaces_only_its_own_files(photos, existing, tmp_path, capsys, monkeypatch):
    (tmp_path / "m.run").mkdir()
    (tmp_path / existing).write_text("somebody's")
    monkeypatch.setattr(sa, "ImageFolder", lambda *_, **__: pytest.fail("work began"))
    error = refused(capsys, "train", "photos", "--epochs", 1, "--output", "m", *QUICK)
    assert existing in error and "--force" in error
    assert (tmp_path / existing).read_text() == "somebody's"


@pytest.mark.parametrize("existing", ["m", "m.run/checkpoint.safetensors", f"m.run/{OPTIONS_NAME}"])
def test_force_replaces_them(photos, existing, tmp_path, capsys):
    (tmp_path / "m.run").mkdir()
    (tmp_path / existing).write_text("somebody's")
    assert run(capsys, "train", "photos", "--epochs", 1, "--output", "m", "--force", *QUICK)[0] == 0
    assert sa.load("m").num_classes == 4
    assert not (tmp_path / "m.run").exists()


def test_other_files_in_the_runs_folder_stay(photos, tmp_path, capsys):
    (tmp_path / "m.run").mkdir()
    (tmp_path / "m.run" / "notes").write_text("mine")
    assert run(capsys, "train", "photos", "--epochs", 1, "--output", "m", *QUICK)[0] == 0
    assert os.listdir(tmp_path / "m.run") == ["notes"]


def test_a_file_created_during_training_is_kept_and_nothing_is_lost(photos, tmp_path, capsys, monkeypatch):
    fit = sa.Model.fit

    def meanwhile(*arguments, **options):
        history = fit(*arguments, **options)
        (tmp_path / "m").write_text("somebody's")
        return history

    with monkeypatch.context() as patched:
        patched.setattr(sa.Model, "fit", meanwhile)
        code, _, err = run(capsys, "train", "photos", "--epochs", 1, "--output", "m", *QUICK)
    assert code == 2 and "resume m.run" in err and (tmp_path / "m").read_text() == "somebody's"
    assert run(capsys, "resume", "m.run", "--output", "other", "--quiet")[0] == 0
    assert sa.load("other").num_classes == 4


@pytest.mark.parametrize("output", ["missing/m", ".", "/dev/null", "locked/m"])
def test_output_is_checked_before_training(photos, output, tmp_path, capsys, monkeypatch):
    (tmp_path / "locked").mkdir()
    writable = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "locked" not in str(path) and writable(path, mode))
    monkeypatch.setattr(sa.Model, "fit", lambda *_, **__: pytest.fail("training began"))
    refused(capsys, "train", "photos", "--output", output)


def test_a_run_without_a_finished_step_leaves_nothing(photos, tmp_path, capsys):
    for name in os.listdir(photos / "low"):
        (photos / "low" / name).write_bytes(b"broken")
    code, _, err = run(capsys, "train", "photos", "--on-error", "raise", "--batch-size", 30, "--quiet")
    assert code == 2 and "low" in err and "resume" not in err
    assert os.listdir(tmp_path) == ["photos"]


def test_ctrl_c_saves_the_run_and_prints_how_to_resume(photos, stop, capsys):
    stop(3)
    code, out, err = run(capsys, "train", "photos", "--epochs", 3, "--output", "a model", *QUICK)
    assert code == 130 and not out
    assert "a model.run" in err and "swiftalexnet resume 'a model.run'" in err
    assert os.path.exists("a model.run/checkpoint.safetensors") and not os.path.exists("a model")


def test_a_folder_with_train_and_validation_is_used_as_such(photos, capsys):
    os.mkdir("whole")
    shutil.copytree("photos", "whole/train")
    shutil.copytree("photos", "whole/validation")
    code, _, err = run(capsys, "train", "whole", "--epochs", 1, "--batch-size", 8)
    assert code == 0 and "24 images of 4 classes for training, 24 for validation (whole/validation)" in err


def test_without_validation_the_rate_is_constant(photos, capsys):
    code, out, err = run(capsys, "train", "photos", "--no-validation", "--epochs", 1, "--batch-size", 8, "--json")
    assert code == 0 and "constant" in err
    assert json.loads(out)["history"][0]["validation_loss"] is None


def test_the_batch_size_may_be_automatic(photos, capsys, monkeypatch):
    monkeypatch.setattr(batch_size, "_largest", lambda *_: 8)
    code, _, err = run(capsys, "train", "photos", "--epochs", 1, "--quiet", "--batch-size", "auto")
    assert code == 0 and err.startswith("swiftalexnet: warning: ") and "'auto' is 8" in err
    assert "--batch-size" in refused(capsys, "train", "photos", "--batch-size", "most")


def test_a_model_of_the_same_classes_is_trained_further(photos, capsys):
    run(capsys, "train", "photos", "--epochs", 1, "--output", "first", *QUICK)
    code, _, err = run(
        capsys,
        "train",
        "photos",
        "--from",
        "first",
        "--old-rate",
        0,
        "--epochs",
        1,
        "--output",
        "second",
        "--batch-size",
        8,
    )
    assert code == 0 and "new: none" in err
    assert fingerprint(sa.load("first")) == fingerprint(sa.load("second"))


def test_a_model_is_fine_tuned_to_other_classes(photos, tmp_path, capsys):
    run(capsys, "train", "photos", "--epochs", 1, "--output", "first", *QUICK)
    os.rename("photos/low", "photos/other")
    shutil.rmtree("photos/top")
    tuned = ["train", "photos", "--from", "first", "--epochs", 2, "--batch-size", 8]
    code, _, err = run(capsys, *tuned, "--freeze", "conv", "--output", "second")
    assert code == 0 and "conv1, conv2, fc6; new: fc8" in err
    base, model = sa.load("first"), sa.load("second")
    assert model.classes == ("bright", "dark", "other")
    before, after = base.state_dict(), model.state_dict()
    assert all((before[name] == after[name]).all() for name in before if name.startswith("conv"))
    assert (before["fc6.weight"] != after["fc6.weight"]).any()
    assert set(model.multipliers().values()) == {(1.0, 1.0)}
    assert (base.preprocessing.mean == model.preprocessing.mean).all()


def test_frozen_layers_are_computed_once(photos, tmp_path, capsys):
    run(capsys, "train", "photos", "--epochs", 1, "--output", "first", *QUICK)
    tuned = ["train", "photos", "--from", "first", "--epochs", 3, "--batch-size", 8, "--freeze", "conv"]
    code, _, err = run(capsys, *tuned, "--cache-features", "--output", "second")
    assert code == 0 and "mirror images only, without the recipe's crop" in err and "features: train" in err
    base, model = sa.load("first"), sa.load("second")
    assert (base.parameters()["conv2.weight"] == model.parameters()["conv2.weight"]).all()
    assert (base.parameters()["fc6.weight"] != model.parameters()["fc6.weight"]).any()
    assert sorted(os.listdir(tmp_path)) == ["first", "photos", "second"]
    kept = [*tuned, "--cache-features", "--checkpoint", "run", "--quiet"]
    assert run(capsys, *kept, "--output", "third")[0] == 0
    assert fingerprint(sa.load("third")) == fingerprint(model)
    assert len(list((tmp_path / "run").glob("*.features"))) == 2
    assert run(capsys, "resume", "run", "--epochs", 4, "--output", "fourth", "--quiet")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--from", "first", "--variant", "owt"], "--variant"),
        (["--from", "first", "--freeze", "conv9"], "conv9"),
        (["--from", "missing"], "missing"),
        (["--freeze", "conv1"], "--from"),
        (["--cache-features"], "--from MODEL --freeze conv"),
        (["--from", "first", "--cache-features"], "--from MODEL --freeze conv"),
        (["--image-size", "3"], "--image-size 3"),
        (["--hold-out", "0.01"], "--no-validation"),
        (["--validation", "missing"], "missing"),
        (["--disk-cache", "missing/file"], "missing"),
        (["--recipe", "vgg", "--image-size", "300"], "scale"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(words, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos")
    sa.cifar_net("80sec", num_classes=4).save("first")
    assert message in refused(capsys, "train", "photos", "--quiet", *words)
    assert sorted(os.listdir()) == ["first", "photos"]


def test_classes_may_count_the_same(photos, capsys):
    few = ["--no-validation", "--epochs", 1, *QUICK]
    assert run(capsys, "train", "photos", "--class-weight", "balanced", "--checkpoint", "kept", *few)[0] == 0
    training = safetensors.read("kept/checkpoint.safetensors")[1]["training"]
    assert training["identity"]["class_weight"] == "balanced"
    assert "did you mean 'balanced'" in refused(capsys, "train", "photos", "--class-weight", "balance")


def test_one_class_is_refused(photos, capsys):
    for name in ("bright", "dark", "low"):
        shutil.rmtree(photos / name)
    assert "two or more" in refused(capsys, "train", "photos")


def test_a_folder_must_be_named(capsys):
    assert "FOLDER" in refused(capsys, "train")


def test_the_rate_follows_the_batch_if_asked(photos, capsys):
    words = "train", "photos", "--epochs", 1, "--output", "m", "--batch-size", 32, "--scale-rate"
    code, _, err = run(capsys, *words, "sqrt")
    assert code == 0 and "batches of 32, learning rate 0.005\n" in err
    assert "did you mean 'goyal'" in refused(capsys, *words, "goyall")


@pytest.mark.parametrize("size", [(), ("--batch-size", "auto")], ids=["none", "auto"])
def test_the_rate_follows_a_number_of_images(size, photos, capsys):
    assert "--batch-size N" in refused(capsys, "train", "photos", "--scale-rate", "goyal", *size)
