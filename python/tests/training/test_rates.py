"""The rates that `fit` passes to the engine, and the model's own factors, which do not change."""

import contextlib
import functools
import itertools
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from support import dataset, fingerprint, fit, quick_recipe, tiny_model

import swiftalexnet as sa


def test_schedule_lowers_the_rate():
    history = fit(tiny_model(), epochs=3, recipe=quick_recipe(schedule=sa.EpochSchedule([1, 2])))
    assert history.column("learning_rate") == pytest.approx([0.002, 0.0002, 0.00002])


def test_plateau_watches_the_validation_error():
    recipe = quick_recipe(learning_rate=1e-9, schedule=sa.PlateauSchedule(patience=1, times=2))
    history = fit(tiny_model(), validation=dataset(9), epochs=5, recipe=recipe)
    assert history.column("learning_rate") == pytest.approx([1e-9, 1e-9, 1e-10, 1e-11, 1e-11], abs=0, rel=1e-9)


def test_bias_multipliers_act_and_stay_the_recipes():
    model = tiny_model()
    model.set_multipliers(["conv1"], learning_rate=0.5)
    before = model.multipliers()
    state = model.state_dict()
    fit(model, recipe=quick_recipe(bias_learning_rate=0.0), epochs=1)
    assert model.multipliers() == before
    after = model.state_dict()
    assert all(np.array_equal(after[name], state[name]) == name.endswith("bias") for name in state)


class Watched:
    """A network that records before every step the rates for the engine."""

    def __init__(self, network):
        self.network, self.rates = network, []

    def __getattr__(self, name):
        return getattr(self.network, name)

    def train_step_images(self, images, labels, preprocessing, augmentation, options):
        names = [name for name, _ in self.network.parameters()]
        self.rates.append(dict(zip(names, zip(*options[6:8], strict=True), strict=True)))
        return self.network.train_step_images(images, labels, preprocessing, augmentation, options)


def watched_rates(epochs: int, freeze: str | None = None, **changes) -> list[dict[str, tuple[float, float]]]:
    """Return the rates for the engine in every step, by parameter; there are 4 steps per epoch."""
    model = tiny_model()
    if freeze is not None:
        model.freeze(freeze)
    model._network = watched = Watched(model.network)
    fit(model, epochs=epochs, recipe=quick_recipe(**changes))
    return watched.rates


def test_the_engine_gets_the_exact_rates():
    rates = watched_rates(
        2,
        learning_rate=0.003,
        schedule=sa.EpochSchedule((1,)),
        bias_learning_rate=2.0,
        bias_weight_decay=0.0,
        bias_schedule=sa.ConstantSchedule(),
        groups=(sa.ParameterGroup("fc8.*", 7.0, 3.0),),
    )
    for epoch, rate in enumerate((0.003, 0.003 * 0.1)):
        for step in range(4):
            told = rates[4 * epoch + step]
            assert told["conv1.weight"] == (np.float32(rate), np.float32(5e-4))
            assert told["conv1.bias"] == (np.float32(0.003 * 2), 0)
            assert told["fc8.weight"] == (np.float32(rate * 7), np.float32(3) * np.float32(5e-4))
            assert told["fc8.bias"] == (np.float32(0.003 * 2 * 7), 0)


def test_the_rate_may_change_inside_an_epoch():
    rates = watched_rates(2, schedule=sa.StepSchedule((3, 5), 0.5), bias_schedule=sa.DexpSchedule(100, 2))
    assert [told["fc8.weight"][0] for told in rates] == [
        np.float32(0.002 * factor) for factor in (1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25)
    ]
    assert [told["fc8.bias"][0] for told in rates] == [np.float32(0.002)] * 4 + [np.float32(0.00002)] * 4


def test_a_warm_up_multiplies_all_schedules():
    rates = watched_rates(
        2,
        learning_rate=0.5,
        schedule=sa.PolynomialSchedule(),
        bias_schedule=sa.ConstantSchedule(),
        warmup_epochs=1.5,
        warmup_start=0.25,
    )
    for step, told in enumerate(rates):
        rate = 0.5 * (0.25 + 0.75 * step / 6 if step < 6 else 1.0)
        assert told["fc8.weight"][0] == np.float32(rate * (1 - step / 8) ** 2)
        assert told["fc8.bias"][0] == np.float32(rate)


def test_a_warm_up_from_zero_changes_nothing_in_its_first_step():
    seen, model = [], tiny_model()
    before = fingerprint(model)

    class Spy(Watched):
        def train_step_images(self, *arguments):
            seen.append(fingerprint(model))
            return self.network.train_step_images(*arguments)

    model._network = Spy(model.network)
    history = fit(model, epochs=1, recipe=quick_recipe(warmup_epochs=1.0))
    assert seen[:2] == [before, before] and seen[2] != before
    assert history.column("learning_rate") == pytest.approx([0.002 * 3 / 4])


def test_the_history_has_the_rate_of_the_last_step():
    history = fit(tiny_model(), recipe=quick_recipe(schedule=sa.StepSchedule((3, 4), 0.5)))
    assert history.column("learning_rate") == [0.001, 0.0005]


def test_schedules_do_not_unfreeze_layers():
    groups = (sa.ParameterGroup("conv*", 5.0, schedule=sa.EpochTableSchedule((1,), (2.0,))),)
    for told in watched_rates(2, freeze="conv1", groups=groups, bias_learning_rate=2.0):
        assert told["conv1.weight"][0] == told["conv1.bias"][0] == 0
        assert told["conv2.weight"][0] > 0


def test_a_rate_of_zero_freezes_from_its_epoch_on():
    seen = []
    model = tiny_model()
    groups = (sa.ParameterGroup("conv1.*", schedule=sa.EpochTableSchedule((1,), (0.0,))),)
    fit(
        model,
        epochs=3,
        recipe=quick_recipe(groups=groups),
        on_epoch_end=lambda _: seen.append((model.state_dict()["conv1.weight"], model.state_dict()["fc8.weight"])),
    )
    assert np.array_equal(seen[0][0], seen[1][0]) and np.array_equal(seen[1][0], seen[2][0])
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_the_models_own_factors_are_seen_and_saved_during_fit(tmp_path):
    model, seen = tiny_model(), []
    model.set_multipliers(["fc8"], learning_rate=3.0)
    own = model.multipliers()

    def look(_):
        model.save(tmp_path / "model")
        seen.extend([model.multipliers(), sa.load(tmp_path / "model").multipliers()])

    fit(model, epochs=1, checkpoint=tmp_path / "run", on_epoch_end=look, recipe=quick_recipe(bias_learning_rate=2.0))
    loaded = sa.load(tmp_path / "run" / "checkpoint.safetensors")
    assert seen == [own, own] and model.multipliers() == own == loaded.multipliers()


def engine_factors(model: sa.Model) -> list[tuple[float, float]]:
    return [model.network.multipliers(index) for index in range(len(model.network.parameters()))]


def test_the_engine_keeps_the_models_factors_throughout():
    model, seen = tiny_model(), []
    model.set_multipliers(["conv1"], 0.5, 0.25)
    own = engine_factors(model)

    class Spy(Watched):
        def train_step_images(self, *arguments):
            seen.append(engine_factors(model))
            with pytest.raises(sa.ConcurrentUseError, match="set_multipliers"):
                model.set_multipliers(["conv1"], 3.0)
            return self.network.train_step_images(*arguments)

    model._network = Spy(model.network)
    fit(model, epochs=1, recipe=quick_recipe(bias_learning_rate=2.0))
    assert seen == [own] * 4 and engine_factors(model) == own


def test_passes_that_are_kept_during_fit_leave_the_factors():
    """A thread with exclusive use of the network may end the run, without any other effect."""
    model, stop, busy = tiny_model(), threading.Event(), threading.Event()
    model.set_multipliers(["fc8"], 3.0, 0.5)
    own, x = engine_factors(model), np.zeros((4096, 3, 20, 20), np.float32)

    def forward():
        while not stop.is_set():
            with contextlib.suppress(sa.ConcurrentUseError):
                model.forward(x)
                busy.set()

    def start(row):
        if row["epoch"] == 0:
            thread.start()
            assert busy.wait(60)

    thread = threading.Thread(target=forward)
    try:
        with contextlib.suppress(sa.ConcurrentUseError):
            fit(model, epochs=5, recipe=quick_recipe(bias_learning_rate=2.0), on_epoch_end=start)
    finally:
        stop.set()
        thread.join()
    assert engine_factors(model) == own
    fit(model, epochs=1)
    assert engine_factors(model) == own


def interrupted(line: int, call) -> bool:
    """Run `call` with Ctrl-C in a line of the package, counted as they run; return whether it came that far."""
    package, left = str(Path(sa.__file__).parent), line

    def trace(frame, event, _):
        nonlocal left
        if not frame.f_code.co_filename.startswith(package):
            return None
        left -= event == "line"
        if left < 0:
            raise KeyboardInterrupt  # which ends the tracing
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_ctrl_c_anywhere_leaves_the_factors():
    for line in itertools.count(step=53):
        model = tiny_model()
        model.set_multipliers(["fc8"], 3.0, 0.5)
        own, run = engine_factors(model), functools.partial(fit, model, recipe=quick_recipe(bias_learning_rate=2.0))
        stopped = interrupted(line, run)
        assert engine_factors(model) == own
        if not stopped:
            break
    assert line > 1000


def test_a_rate_that_overflows_float32_is_refused_by_name():
    model = tiny_model()
    before = fingerprint(model)
    groups = (sa.ParameterGroup("fc8.*", 1e42),)
    with pytest.raises(ValueError, match=r"fc8.weight: got learning rate inf"):
        fit(model, recipe=quick_recipe(groups=groups))
    assert fingerprint(model) == before


def test_frozen_layers_stay_frozen():
    model = tiny_model()
    model.freeze("conv")
    before = model.state_dict()
    fit(model)
    assert np.array_equal(model.state_dict()["conv2.weight"], before["conv2.weight"])
    assert not np.array_equal(model.state_dict()["fc6.weight"], before["fc6.weight"])
