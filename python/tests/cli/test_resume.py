"""The command `resume`, and `train --resume`: the same bits as an uninterrupted run, without repeating options."""

import json
import os
import shutil
import signal

import pytest
from command_line import interrupted, process, refused, run
from support import fingerprint, photo_folder

import swiftalexnet as sa
from swiftalexnet.cli.run_folder import OPTIONS_NAME

AFTER_TWO_EPOCHS = r"\n +2 +0\.0"
OPTIONS = ["--epochs", 3, "--batch-size", 8, "--quiet", "--seed", 7]


def weights(file: str = "model.safetensors") -> str:
    return fingerprint(sa.load(file))


@pytest.fixture
def straight(photos, capsys):
    """Return the weights of a run that was never stopped."""
    assert run(capsys, "train", "photos", *OPTIONS, "--output", "straight")[0] == 0
    return weights("straight")


@pytest.mark.parametrize("steps", [1, 3, 5, 9])
@pytest.mark.parametrize("words", [["resume", "model.run"], ["train", "--resume", "model.run"]], ids=lambda x: x[0])
def test_it_ends_at_the_same_bits(straight, stop, steps, words, capsys):
    stop(steps)
    assert run(capsys, "train", "photos", *OPTIONS)[0] == 130
    code, out, _ = run(capsys, *words, "--quiet")
    assert (code, weights()) == (0, straight) and out.endswith("model.safetensors\n")
    assert not os.path.exists("model.run")


def test_it_may_be_stopped_again_and_again(straight, stop, capsys):
    stop(2)
    assert run(capsys, "train", "photos", *OPTIONS)[0] == 130
    for _ in range(2):
        stop(2)
        code, _, err = run(capsys, "resume", "model.run", "--quiet")
        assert code == 130 and "resume model.run" in err
    assert run(capsys, "resume", "model.run", "--quiet")[0] == 0
    assert weights() == straight


def test_it_resumes_from_another_folder_and_without_the_model_it_started_from(
    photos, stop, tmp_path, capsys, monkeypatch
):
    assert run(capsys, "train", "photos", *OPTIONS, "--output", "base")[0] == 0
    shutil.rmtree("photos/top")
    tuned = [*OPTIONS, "--from", "base", "--freeze", "conv1"]
    assert run(capsys, "train", "photos", *tuned, "--output", "straight")[0] == 0
    stop(2)
    assert run(capsys, "train", "photos", *tuned)[0] == 130
    os.remove("base")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run(capsys, "resume", "../model.run", "--quiet")[0] == 0
    assert weights("../model.safetensors") == weights("../straight")
    assert os.listdir() == []


def test_images_that_have_moved_can_be_given_again(straight, stop, capsys):
    stop(4)
    assert run(capsys, "train", "photos", *OPTIONS)[0] == 130
    os.rename("photos", "moved")
    assert "photos" in refused(capsys, "resume", "model.run")
    assert run(capsys, "train", "moved", "--resume", "model.run", "--quiet")[0] == 0
    assert weights() == straight


def test_typed_options_replace_saved_ones(photos, stop, capsys):
    stop(4)
    assert run(capsys, "train", "photos", *OPTIONS)[0] == 130
    code, out, _ = run(capsys, "resume", "model.run", "--epochs", 5, "--output", "longer", "--quiet", "--json")
    assert code == 0 and len(json.loads(out)["history"]) == 5 and os.path.exists("longer")


def test_a_finished_run_in_a_given_folder_can_be_resumed(photos, capsys):
    assert run(capsys, "train", "photos", *OPTIONS, "--checkpoint", "kept")[0] == 0
    assert sorted(os.listdir("kept")) == ["checkpoint.safetensors", OPTIONS_NAME]
    assert run(capsys, "train", "--resume", "kept", "--epochs", 4, "--quiet")[0] == 0
    assert os.path.exists("kept/checkpoint.safetensors")
    with open("model.safetensors", "ab") as file:
        file.write(b"somebody's")
    assert "--force" in refused(capsys, "resume", "kept", "--epochs", 5)
    assert run(capsys, "resume", "kept", "--epochs", 5, "--quiet", "--force")[0] == 0


def test_another_run_is_refused(photos, stop, capsys):
    stop(4)
    assert run(capsys, "train", "photos", *OPTIONS)[0] == 130
    assert "batch_size" in refused(capsys, "train", "--resume", "model.run", "--batch-size", "4", "--quiet")
    assert "label" in refused(
        capsys, "train", "--resume", "model.run", str(photo_folder(photos / "deeper").parent), "--quiet"
    )


def test_a_run_does_not_move(photos, stop, capsys):
    stop(4)
    assert run(capsys, "train", "photos", *OPTIONS, "--checkpoint", "kept")[0] == 130
    assert "--checkpoint other" in refused(capsys, "train", "--resume", "kept", "--checkpoint", "other", "--quiet")
    assert run(capsys, "train", "--resume", "kept", "--checkpoint", "kept", "--quiet")[0] == 0
    assert os.path.exists("kept/checkpoint.safetensors")


def test_a_run_in_use_is_refused(photos, stop, capsys, monkeypatch):
    fit = sa.Model.fit
    statuses = []

    def meanwhile(*arguments, **options):
        monkeypatch.setattr(sa.Model, "fit", fit)
        statuses.append(run(capsys, "train", "photos", *OPTIONS, "--force"))
        return fit(*arguments, **options)

    monkeypatch.setattr(sa.Model, "fit", meanwhile)
    assert run(capsys, "train", "photos", *OPTIONS)[0] == 0
    code, _, err = statuses[0]
    assert code == 2 and "another training" in err


def test_there_must_be_a_run(tmp_path, capsys):
    for words in (["resume"], ["train", "--resume"]):
        assert str(tmp_path) in refused(capsys, *words, tmp_path)
        assert "nothing" in refused(capsys, *words, tmp_path / "nothing")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_a_signal_saves_the_run(sent, tmp_path, handled):
    handled(sent)
    photo_folder(tmp_path / "photos")
    options = ["--variant", "cifar-80sec", "--recipe", "cifar-80sec", "--epochs", 40, "--batch-size", 8]
    straight = process("train", "photos", *options, "--output", "straight", "--quiet", folder=tmp_path)
    assert straight.returncode == 0, straight.stderr
    ended = interrupted("train", "photos", *options, folder=tmp_path, when=AFTER_TWO_EPOCHS, sent=sent)
    assert ended.returncode == 128 + sent and "Traceback" not in ended.stderr
    command = ended.stderr.splitlines()[-1].partition("to resume: ")[2]
    done = process(redirection=f"; {command} --quiet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert weights(tmp_path / "model.safetensors") == weights(tmp_path / "straight")
