"""The fuzzer's verdicts on planted faults, and that a case is a function of (seed, number)."""

from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
import small_network
from fuzz import cases
from fuzz.cases import Cases
from fuzz.hostile.objects import Planned
from fuzz.judge import Guard, fingerprint, untyped
from fuzz.trials.calls import make_call
from fuzz.trials.readings import Reading
from fuzz.world import Shared, World
from PIL import UnidentifiedImageError
from support import tiny_model

import swiftalexnet as sa


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """What cases share, in a folder that pytest removes; the current folder is put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("swiftalexnet.data.cifar.batches.RECORDS", 8)
    made = Shared()
    yield made
    made.close()


def outcome(monkeypatch, shared, trial):
    """Return what the fuzzer says of a trial."""
    monkeypatch.setattr(cases, "KINDS", {lambda world: trial(world): 1})
    return Cases(0, shared).run(0)


def raising(error):
    def run():
        raise error

    return lambda world: Reading("planted", run)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        TypeError("x"),
        MemoryError("x"),
        FileNotFoundError(2, "x"),
        sa.CheckpointCorruptError("x"),
        sa.NonFiniteError("x"),
        sa.UnsupportedError("x"),
        sa.ConcurrentUseError("x"),
        ImportError("x"),
        Planned("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_callers_can_expect(error, monkeypatch, shared):
    assert untyped(error) is None
    assert outcome(monkeypatch, shared, raising(error)) == ("planted", type(error).__name__, None, False)


class Own(ValueError):
    """A class that no caller knows."""


@pytest.mark.parametrize(
    "error",
    [
        AttributeError("x"),
        KeyError("x"),
        IndexError("x"),
        RecursionError("x"),
        AssertionError("x"),
        SystemError("x"),
        RuntimeError("x"),
        OverflowError("x"),
        ZeroDivisionError("x"),
        Exception("x"),
        SystemExit("x"),
        UnidentifiedImageError("x"),
        np.linalg.LinAlgError("x"),
        Own("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_they_cannot(error, monkeypatch, shared):
    assert untyped(error).endswith(type(error).__name__)
    found = outcome(monkeypatch, shared, raising(error))
    assert found.fault.startswith(untyped(error)) and "test_cases.py" in found.fault


def test_documented_errors_are_expected():
    assert untyped(KeyError("x"), (KeyError,)) is None


def test_a_changed_shared_model_is_found(monkeypatch, shared):
    def change():
        shared.model.parameters()["conv1.bias"][0] += 1

    found = outcome(monkeypatch, shared, lambda world: Reading("planted", change))
    assert "has changed" in found.fault and found.spoilt


def test_a_closed_descriptor_is_found(tmp_path):
    file = (tmp_path / "file").open("wb")
    guard = Guard([], [file.fileno()])
    assert guard.damage() is None
    file.close()
    assert "have been closed" in guard.damage()


def test_a_model_that_a_refused_call_changed_is_found(monkeypatch, shared):
    def call(world):
        made = make_call(world, "Model.freeze")

        def run():
            world.model().parameters()["conv1.bias"][0] += 1
            raise ValueError("refused")

        made.run = run
        return made

    assert "although the call was refused" in outcome(monkeypatch, shared, call).fault


def test_a_sound_call_that_is_refused_is_found(monkeypatch, shared):
    def call(world):
        made = make_call(world, "Model.summary", hostile=False)
        made.run = lambda: int("x")
        return made

    assert outcome(monkeypatch, shared, call).fault.startswith("a sound call was refused")


def test_damage_that_a_reader_does_not_notice_is_found(monkeypatch, shared):
    reading = Reading("planted", lambda: 3, lambda result: f"{result} was not noticed")
    assert outcome(monkeypatch, shared, lambda world: reading).fault == "3 was not noticed"


@pytest.mark.parametrize("change", [
    lambda model: model.parameters()["fc8.weight"].__setitem__((0, 0), 9),
    lambda model: model.freeze("conv1"),
    lambda model: setattr(model, "classes", ("a", "b", "c", "d")),
    lambda model: setattr(model, "preprocessing", model.preprocessing.replace(mean=np.ones(3))),
    lambda model: model.train_step(np.ones((2, 3, 20, 20), np.float32), [0, 1]),
])  # fmt: skip
def test_fingerprints_tell_models_apart(change):
    model = tiny_model()
    before = fingerprint(model)
    assert before == fingerprint(tiny_model())
    change(model)
    assert fingerprint(model) != before


def test_fingerprints_of_networks():
    assert (
        fingerprint(small_network.make(0)) == fingerprint(small_network.make(0)) != fingerprint(small_network.make(1))
    )


def test_a_case_is_a_function_of_seed_and_number(shared):
    def texts(seed):
        found = []
        for number in range(200):
            world = World(Random(f"{seed}/{number}"), shared)
            kind = world.random.choices(list(cases.KINDS), list(cases.KINDS.values()))[0]
            found.append(kind(world).text)
            world.close()
        return found

    assert texts(1) == texts(1) != texts(2)


def test_every_kind_comes(shared):
    world = SimpleNamespace(random=Random(0))
    kinds = [world.random.choices(list(cases.KINDS), list(cases.KINDS.values()))[0] for _ in range(5000)]
    assert set(kinds) == set(cases.KINDS)
