"""Real jobs of MPICH's launcher: the same bits on any number of ranks, bad luck, and refusals."""

import random
import re
import signal
import time

import pytest
from bad_luck import EPOCHS, LUCK, alone, job, results, resumed, suffer
from hosts import HostsUnavailableError


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The result of an uninterrupted run by one process."""
    return alone(tmp_path_factory.mktemp("straight"), epochs=EPOCHS)


@pytest.mark.parametrize("ranks", [1, 2, 4, 8])
def test_the_same_bits_on_any_number_of_ranks(ranks, tmp_path, straight):
    ended = job(ranks, tmp_path, epochs=EPOCHS)
    assert ended.status == 0, ended.errors
    assert results(ended) == [straight] * ranks
    assert not ended.errors


def test_the_narrow_wire(tmp_path):
    options = {"wire": "bfloat16", "epochs": 2}
    expected = alone(tmp_path, **options)
    ended = job(4, tmp_path, **options)
    assert results(ended) == [expected] * 4, ended.errors


@pytest.mark.parametrize("what", LUCK)
def test_bad_luck(what, tmp_path, straight):
    chance = random.Random(what)
    try:
        suffer(what, 2, chance, tmp_path)
    except HostsUnavailableError as error:
        pytest.skip(str(error))
    for result in resumed(chance.choice([1, 4]), tmp_path):
        assert result == straight


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_launcher_is_ended(number, tmp_path, straight):
    def during(launcher):
        while "epoch 1" not in launcher.output.read_text():
            assert launcher.poll() is None, launcher.errors.read_text()
            time.sleep(0.01)
        launcher.send_signal(number)

    options = {"epochs": EPOCHS, "pause": 0.01, "checkpoint": str(tmp_path / "run")}
    assert job(2, tmp_path, during, **options).status != 0  # and none is left
    for result in resumed(4, tmp_path):
        assert result == straight


def test_instruction_sets_that_differ_are_refused(tmp_path):
    ended = job(2, tmp_path, portable_rank=1)
    assert ended.status != 0
    assert "ValueError: fit: the ranks differ in the instruction set (SWIFTALEXNET_ISA): " in ended.errors
    assert "portable on rank 1" in ended.errors


def test_versions_that_differ_are_refused(tmp_path):
    ended = job(2, tmp_path, other_rank=1)
    assert ended.status != 0
    assert "ValueError: fit: the ranks differ in the version of Pillow: " in ended.errors
    assert "0.1 on rank 1" in ended.errors


def test_ranks_wait_for_one_that_validates_longer_than_the_timeout(tmp_path):
    expected = alone(tmp_path, epochs=1, validation_images=300)
    ended = job(2, tmp_path, epochs=1, timeout=2, validation_images=300, pause_of_validation=0.02)
    assert results(ended) == [expected] * 2, ended.errors


def test_a_validation_that_does_not_go_on_ends_all(tmp_path):
    ended = job(2, tmp_path, epochs=1, timeout=2, pause_of_validation=1000)
    assert ended.status != 0
    assert re.search(r"waited 2 s .* for rank 1 \(process \d+ on .*\): validating for \d", ended.errors), ended.errors
