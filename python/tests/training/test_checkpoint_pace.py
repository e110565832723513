"""How often a checkpoint is written, by a clock that the test sets."""

import numpy as np
import pytest
from support import dataset, quick_recipe, tiny_model

from swiftalexnet.training import checkpoint_pace
from swiftalexnet.training.checkpoint_pace import Pace, as_pace


class Clock:
    """A clock that advances on request, and with every write."""

    def __init__(self, monkeypatch, write_takes: float = 0.0):
        self.now, self.writes, self._takes = 100.0, [], write_takes
        monkeypatch.setattr(checkpoint_pace.time, "perf_counter", lambda: self.now)

    def write(self) -> None:
        self.writes.append(self.now)
        self.now += self._takes


def test_after_a_number_of_steps(monkeypatch):
    clock = Clock(monkeypatch)
    pace = Pace(clock.write, 3)
    for step in range(1, 10):
        clock.now = step
        pace.after_step(step)
    pace.after_epoch()
    assert clock.writes == [3, 6, 9]


def test_after_every_epoch(monkeypatch):
    clock = Clock(monkeypatch)
    pace = Pace(clock.write, None)
    pace.after_step(1)
    pace.after_epoch()
    pace.after_epoch()
    assert len(clock.writes) == 2


def test_auto_writes_after_an_epoch_if_that_is_cheap(monkeypatch):
    clock = Clock(monkeypatch, write_takes=2)
    pace = Pace(clock.write, "auto")
    for _ in range(100):
        clock.now += 1
        pace.after_epoch()
    assert clock.writes[0] == 101 and 3 <= len(clock.writes) <= 4
    assert np.diff(clock.writes).min() >= 40


def test_auto_does_not_wait_for_the_end_of_a_long_epoch(monkeypatch):
    clock = Clock(monkeypatch, write_takes=1)
    pace = Pace(clock.write, "auto")
    for step in range(1, 200):
        clock.now += 1
        pace.after_step(step)
    assert len(clock.writes) == 3 and np.diff(clock.writes).min() >= 60


@pytest.mark.parametrize("every", ["often", "", 0, -1])
def test_invalid_paces(every):
    with pytest.raises(ValueError, match="checkpoint_every"):
        as_pace(every)


@pytest.mark.parametrize("every", [1.5, [1], np.zeros(2)])
def test_other_types_than_numbers(every):
    with pytest.raises(TypeError, match="checkpoint_every"):
        as_pace(every)


def test_numbers_of_numpy():
    assert type(as_pace(np.int64(3))) is int and as_pace("auto") == "auto" and as_pace(None) is None


def test_fit_saves_the_run_whatever_ends_it(tmp_path):
    def end(row):
        raise RuntimeError("enough")

    for every in ("auto", 10**9):
        folder = tmp_path / str(every)
        with pytest.raises(RuntimeError, match="enough"):
            tiny_model().fit(
                dataset(), epochs=3, recipe=quick_recipe(), progress=False, checkpoint=folder, checkpoint_every=every,
                on_epoch_end=end,
            )  # fmt: skip
        history = tiny_model().fit(
            dataset(), epochs=3, recipe=quick_recipe(), progress=False, checkpoint=folder, resume=True
        )
        assert len(history) == 3


def test_a_run_that_has_not_made_a_step_leaves_no_checkpoint(tmp_path, monkeypatch):
    model = tiny_model()
    monkeypatch.setattr("swiftalexnet.training.run.Run.steps", lambda self: iter([1 / 0]))
    with pytest.raises(ZeroDivisionError):
        model.fit(dataset(), epochs=1, recipe=quick_recipe(), progress=False, checkpoint=tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()
