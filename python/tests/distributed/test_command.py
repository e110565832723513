"""`swiftalexnet train --mpi`: the command on several ranks, of which the first speaks."""

import os
import re
import signal
import time

import pytest
from mpi_job import run_job
from support import ROOT, photo_folder

import swiftalexnet as sa

TRAIN = ["train", "photos", "--variant", "cifar-80sec", "--recipe", "cifar-80sec", "--batch-size", "8", "--seed", "3"]


@pytest.fixture(autouse=True)
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos", 6)


def command(ranks, tmp_path, *words, during=lambda _: None):
    words = ["-m", "swiftalexnet", *words]
    return run_job(ranks, words, 90, tmp_path, during, through_mpi4py=False)


def weights(path):
    return {name: array.tobytes() for name, array in sa.load(path).state_dict().items()}


def test_the_command_on_two_ranks_and_on_one(tmp_path):
    ended = command(2, tmp_path, *TRAIN, "--epochs", "2", "--mpi", "--output", "two", "--checkpoint", "run")
    assert ended.status == 0, ended.errors
    assert ended.out.count("saved two") == 1
    assert ended.errors.count("recipe cifar-80sec: 2 epochs") == 1
    ended = command(1, tmp_path, *TRAIN, "--epochs", "2", "--shards", "8", "--output", "one")
    assert ended.status == 0, ended.errors
    assert weights("one") == weights("two")


def test_a_run_goes_on_with_its_saved_options_on_another_number_of_ranks(tmp_path):
    epochs = ["--epochs", "60"]  # so many that none of the ranks is at the end when Ctrl-C reaches it
    assert command(1, tmp_path, *TRAIN, *epochs, "--shards", "8", "--output", "straight").status == 0

    def interrupt(launcher):
        while "   1 " not in launcher.output.read_text() + launcher.errors.read_text():
            assert launcher.poll() is None, launcher.errors.read_text()
            time.sleep(0.02)
        os.kill(launcher.pid, signal.SIGINT)

    ended = command(2, tmp_path, *TRAIN, *epochs, "--mpi", "--output", "m", during=interrupt)
    assert ended.status != 0
    assert ended.errors.count("swiftalexnet: interrupted") == 1, ended.errors
    assert ended.errors.count("to resume: ") == 1
    ended = command(4, tmp_path, "resume", "m.run", "--mpi")
    assert ended.status == 0, ended.errors
    assert weights("m") == weights("straight")
    assert not os.path.exists("m.run")


SMALL = """
import swiftalexnet as sa
fit = sa.Model.fit
sa.alexnet = lambda _, classes: sa.cifar_net("80sec", classes)
sa.Model.fit = lambda *given, **options: fit(*given, **options, epochs=1, progress=False)
"""


def test_the_program_of_the_page(tmp_path):
    photo_folder(tmp_path / "photos" / "train", 6)
    photo_folder(tmp_path / "photos" / "validation", 2)
    page = (ROOT / "docs" / "distributed.md").read_text(encoding="utf-8")
    program = re.search(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    (tmp_path / "train.py").write_text(SMALL + program)
    ended = run_job(2, ["train.py"], 90, tmp_path)
    assert ended.status == 0, ended.errors
    assert len(ended.out.splitlines()) == 2  # one table
    assert sa.load("model.safetensors").num_classes == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*TRAIN, "--output", "photos", "--mpi"), "photos"),
        ((*TRAIN, "--shards", "3", "--mpi"), "fit: shards is 3, expected a power of two"),
        (("train", "nowhere", "--mpi"), "nowhere: No such file or directory"),
        ((*TRAIN, "--towers", "--mpi"), "has no two towers"),
    ],
)
def test_refusals_are_said_once(words, message, tmp_path):
    ended = command(2, tmp_path, *words)
    assert ended.status != 0
    said = [line for line in ended.errors.splitlines() if re.match(r"(.\[K)?swiftalexnet: ", line)]
    assert [message in line for line in said if "on rank 0 of 2" not in line] == [True], ended.errors


def test_three_ranks_are_refused_by_name(tmp_path):
    ended = command(3, tmp_path, *TRAIN, "--epochs", "1", "--mpi", "--output", "m")
    assert ended.status != 0
    assert "3 ranks do not divide" in ended.errors
    assert "Invalid rank" not in ended.errors


def test_a_tower_on_each_of_two_ranks(tmp_path):
    words = ["train", "photos", "--variant", "chm145", "--batch-size", "8", "--epochs", "1", "--towers"]
    ended = command(2, tmp_path, *words, "--mpi", "--output", "towers")
    assert ended.status == 0, ended.errors
    assert ended.out.count("saved towers") == 1
    assert sa.load("towers").num_classes == 4
    ended = command(1, tmp_path, *words)
    assert "--towers needs two ranks: mpiexec -n 2 swiftalexnet train --mpi --towers" in ended.errors
