"""The fuzzer's workers with planted faults: each is found and attributed to its case, and the other cases continue."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.pool import run_cases
from planted_cases import BUSY, DEATH, EXIT, SOUND, SPOILT, WAITING
from support import TESTS

import swiftalexnet as sa


def run(numbers, jobs=1, seconds=1.0):
    found = list(run_cases(numbers, 7, jobs, seconds, "planted_cases"))
    return {each.number: each for each in found}, [each.number for each in found]


def test_sound_cases():
    results, order = run([SOUND, *range(10, 90)], jobs=2)
    assert sorted(order) == [SOUND, *range(10, 90)]
    assert results[SOUND].text == "case 0 of seed 7" and all(each.fault is None for each in results.values())


@pytest.mark.parametrize(
    ("number", "result", "fault"),
    [
        (DEATH, "death", "ended with SIGABRT"),
        (EXIT, "death", "ended with status 0"),
        (BUSY, "hang", "still at work after"),
        (WAITING, "hang", "it hung for"),
    ],
)
def test_faults_are_found_and_the_others_continue(number, result, fault):
    results, order = run([10, number, 11, 12])
    assert sorted(order) == sorted([10, number, 11, 12])
    assert results[number].result == result and fault in results[number].fault
    assert [results[each].fault for each in (10, 11, 12)] == [None] * 3


def test_where_a_death_was_is_shown():
    results, _ = run([DEATH])
    assert "Fatal Python error: Aborted" in results[DEATH].fault and "planted_cases.py" in results[DEATH].fault


def test_after_a_case_that_spoilt_its_process_comes_another():
    results, order = run([10, SPOILT, 11, 12])
    assert order == [10, SPOILT, 11, 12] and all(each.fault is None for each in results.values())


def test_nothing_is_left():
    place = Path("/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else os.environ.get("TMPDIR", "/tmp"))
    before = set(place.glob("fuzz-*"))
    run([DEATH, WAITING, 10])
    assert set(place.glob("fuzz-*")) <= before


def test_the_command_repeats_a_case():
    command = [sys.executable, "-m", "fuzz", "--seed", "3", "--case", "17"]
    paths = os.pathsep.join([str(TESTS), str(Path(sa.__file__).parents[1])])
    options = {"cwd": TESTS, "env": os.environ | {"PYTHONPATH": paths}, "capture_output": True, "text": True}
    done = [subprocess.run(command, check=False, **options) for _ in range(2)]
    texts = [each.stdout.splitlines()[:2] for each in done]
    assert texts[0] == texts[1] and len(texts[0][0]) > 5
    assert "fuzz: seed 3: 1 cases" in done[0].stdout
