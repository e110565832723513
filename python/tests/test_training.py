"""`fit`: what it learns, what it writes down, what it refuses, and how it stops."""

import contextlib
import functools
import itertools
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, dataset, fingerprint, photo_folder, pictures, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.evaluation import Evaluation
from swiftalexnet.history import COLUMNS


def fit(model: sa.Model, train=None, validation=None, epochs: int = 2, **options) -> sa.History:
    """Fit with a quick recipe and no bar."""
    options = {"recipe": quick_recipe(), "progress": False} | options
    return model.fit(train if train is not None else dataset(), validation, epochs, **options)


def test_learns():
    model, held_out = tiny_model(), dataset(100, seed=1)
    history = fit(model, dataset(200), held_out, epochs=12, recipe=quick_recipe(learning_rate=0.005))
    assert history[0]["train_loss"] > 2 * history[-1]["train_loss"]
    assert model.evaluate(held_out).top1_error < 10


def test_history_has_a_row_an_epoch():
    history = fit(tiny_model(), validation=dataset(20, seed=1), epochs=3)
    assert len(history) == 3 and history.column("epoch") == [0, 1, 2]
    assert all(tuple(row) == COLUMNS for row in history)
    assert all(np.isfinite(list(row.values())).all() for row in history)
    assert history[-1]["learning_rate"] == 0.002


def test_history_without_validation():
    history = fit(tiny_model())
    assert history.column("validation_top1_error") == [None, None]
    assert "–" in str(history)


def test_training_row_is_the_mean_over_pictures():
    seen = []

    class Spy:
        def __init__(self, network):
            self.network = network

        def __getattr__(self, name):
            return getattr(self.network, name)

        def train_step_images(self, images, *rest):
            outcome = self.network.train_step_images(images, *rest)
            seen.append((len(images), *outcome))
            return outcome

    model = tiny_model()
    model.network = Spy(model.network)
    history = fit(model, dataset(60), epochs=1)
    counts, losses, errors = np.array(seen).T
    assert counts.tolist() == [16, 16, 16, 12]
    assert history[0]["train_loss"] == pytest.approx((counts * losses).sum() / 60)
    assert history[0]["train_top1_error"] == pytest.approx((counts * errors).sum() / 60)


def test_same_seed_same_bits_on_any_number_of_threads():
    results = set()
    before = sa.get_num_threads()
    try:
        for threads in (1, 2, 3, 4):
            sa.set_num_threads(threads)
            model = tiny_model()
            fit(model, seed=5)
            results.add(fingerprint(model))
    finally:
        sa.set_num_threads(before)
    assert len(results) == 1
    other = tiny_model()
    fit(other, seed=6)
    assert fingerprint(other) not in results


def test_mean_image_is_learnt_once():
    model, data = tiny_model(), dataset(30)
    fit(model, data)
    np.testing.assert_allclose(model.preprocessing.mean, data.images.mean(axis=0), rtol=1e-5)
    mean = model.preprocessing.mean
    fit(model, dataset(30, seed=4))
    assert model.preprocessing.mean is mean


def test_owt_keeps_torchvisions_mean():
    model = sa.Model.from_spec(tiny_model().spec, "torchvision", variant="owt")
    before = model.preprocessing
    fit(model)
    assert model.preprocessing is before


def test_velocities_start_at_zero():
    first, second = tiny_model(), tiny_model()
    fit(first)
    state = first.state_dict()
    fit(first)
    second.load_state_dict(state)
    second.preprocessing = first.preprocessing
    fit(second)
    assert fingerprint(first) == fingerprint(second)


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
    """A network that notes, before every step, the rates that the engine is to use."""

    def __init__(self, network):
        self.network, self.rates = network, []

    def __getattr__(self, name):
        return getattr(self.network, name)

    def train_step_images(self, images, labels, preprocessing, augmentation, options):
        names = [name for name, _ in self.network.parameters()]
        self.rates.append(dict(zip(names, zip(*options[6:8], strict=True), strict=True)))
        return self.network.train_step_images(images, labels, preprocessing, augmentation, options)


def watched_rates(epochs: int, freeze: str | None = None, **changes) -> list[dict[str, tuple[float, float]]]:
    """Return what the engine was told in every step, by parameter; there are 4 steps an epoch."""
    model = tiny_model()
    if freeze is not None:
        model.freeze(freeze)
    model.network = watched = Watched(model.network)
    fit(model, epochs=epochs, recipe=quick_recipe(**changes))
    return watched.rates


def test_the_engine_is_told_the_exact_rates():
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


def test_the_history_has_the_rate_of_the_last_step():
    history = fit(tiny_model(), recipe=quick_recipe(schedule=sa.StepSchedule((3, 4), 0.5)))
    assert history.column("learning_rate") == [0.001, 0.0005]


def test_schedules_do_not_wake_frozen_layers():
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

    model.network = Spy(model.network)
    fit(model, epochs=1, recipe=quick_recipe(bias_learning_rate=2.0))
    assert seen == [own] * 4 and engine_factors(model) == own


def test_passes_that_are_kept_during_fit_leave_the_factors():
    """A thread that has the network to itself may end the run; nothing else is lost by it."""
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


def test_a_rate_that_leaves_float32_is_refused_by_name():
    model = tiny_model()
    before = fingerprint(model)
    groups = (sa.ParameterGroup("fc8.*", 1e42),)
    with pytest.raises(ValueError, match=r"fc8.weight: got learning rate inf"):
        fit(model, recipe=quick_recipe(groups=groups))
    assert fingerprint(model) == before


def test_a_network_with_nothing_to_learn():
    model = sa.Model.from_spec("network idle\ndata channels=4 height=1 width=1\nrelu relu1\nsoftmax prob\n")
    images = np.zeros((4, 1, 1, 4), np.uint8)
    assert np.isfinite(fit(model, sa.ArrayDataset(images, range(4)), epochs=1)[0]["train_loss"])


def decoded(model: sa.Model, train, epochs: int, **changes) -> list[np.ndarray]:
    """Return the pictures that training sees, before crops and mirroring, batch by batch."""
    seen, network = [], model.network

    class Spy:
        def __getattr__(self, name):
            return getattr(network, name)

        def train_step_images(self, images, *rest):
            seen.append(images.copy())
            return network.train_step_images(images, *rest)

    model.network = Spy()
    fit(model, train, epochs=epochs, recipe=quick_recipe(**changes))
    model.network = network
    return seen


def test_scale_cuts_crops_from_whole_pictures_of_any_size(tmp_path):
    wide = np.zeros((30, 60, 3), np.uint8)
    wide[:, :, 0] = np.linspace(0, 250, 60)  # red tells the column
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        for number in range(8):
            Image.fromarray(wide).save(tmp_path / name / f"{number}.png")
    train, model = sa.ImageFolder(tmp_path), tiny_model(classes=2)
    batches = decoded(model, train, 10, scale=(20, 40))
    assert all(batch.shape == (16, 20, 20, 3) for batch in batches)
    reds = np.concatenate(batches)[:, 10, :, 0].astype(float)
    assert reds[:, 0].min() < 30 and reds[:, -1].max() > 220  # beyond the centre square, 62 … 187
    spans = reds[:, -1] - reds[:, 0]
    assert spans.min() < 75 and spans.max() > 110  # 20 of 80 columns, and of 40
    assert model.preprocessing.mean.shape == (3,)
    assert np.isfinite(model.evaluate(train).loss)
    fixed = np.concatenate(decoded(tiny_model(classes=2), train, 2, scale=(40, 40)))[:, 10, :, 0].astype(float)
    assert np.ptp(fixed[:, -1] - fixed[:, 0]) < 5


def test_vgg_is_trained_in_three_stages(tmp_path):
    train = sa.ImageFolder(photo_folder(tmp_path, count=2, side=60))
    small = {"batch_size": 8, "epochs": 1, "schedule": sa.ConstantSchedule()}
    shallow = sa.vgg("A", 4, image_size=32, initialization="glorot")
    shallow.fit(train, recipe=sa.recipe("vgg", scale=(36, 36), **small), progress=False)
    model = sa.vgg("B", 4, image_size=32, initialization="glorot", from_model=shallow)
    np.testing.assert_array_equal(model.parameters()["fc8.weight"], shallow.parameters()["fc8.weight"])
    for name, scale in (("vgg", (36, 36)), ("vgg-384", (54, 54)), ("vgg-jitter", (36, 72))):
        before = fingerprint(model)
        history = model.fit(train, recipe=sa.recipe(name, scale=scale, **small), progress=False)
        assert history[0]["train_loss"] < 5 and fingerprint(model) != before
        assert model.preprocessing.resize == {"vgg": 36, "vgg-384": 54, "vgg-jitter": 54}[name]


def test_scale_takes_the_means_of_a_mean_image():
    model = tiny_model()
    fit(model, epochs=1)
    image = model.preprocessing.mean
    fit(model, epochs=1, recipe=quick_recipe(scale=(20, 26)))
    np.testing.assert_allclose(model.preprocessing.mean, image.mean(axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize(("scale", "side"), [((40, 40), 40), ((20, 41), 30), ((20, 20), 20)])
def test_scale_brings_validation_to_its_middle(scale, side):
    class Watched(sa.ArrayDataset):
        def image(self, index, geometry):
            seen.add(geometry)
            return super().image(index, geometry)

    seen, model = set(), tiny_model()
    validation = Watched(*pictures(12), CLASSES)
    fit(model, validation=validation, epochs=1, recipe=quick_recipe(scale=scale))
    assert model.preprocessing.resize == side
    assert {geometry.side for geometry in seen} == {side}
    model.evaluate(validation, dense=True)
    assert {geometry.side for geometry in seen} == {side}, "dense evaluation too"


def test_caffes_rule_trains_to_the_papers_weights_within_rounding():
    weights = {}
    for rule in ("paper", "caffe", "pytorch"):
        model = tiny_model()
        schedule = sa.StepSchedule((3, 6), 0.3)
        fit(model, epochs=3, recipe=quick_recipe(rule=rule, schedule=schedule, bias_learning_rate=2.0))
        weights[rule] = np.concatenate([array.ravel() for array in model.state_dict().values()])
    assert not np.array_equal(weights["caffe"], weights["paper"])
    np.testing.assert_allclose(weights["caffe"], weights["paper"], rtol=0, atol=2e-6)
    assert np.abs(weights["pytorch"] - weights["paper"]).max() > 1e-4


def test_color_noise_ends_with_its_epochs():
    def noise_of_steps(**changes):
        model, seen = tiny_model(), []
        network = model.network

        class Spy:
            def __getattr__(self, name):
                return getattr(network, name)

            def train_step_images(self, images, labels, preprocessing, augmentation, options):
                seen.append(augmentation[2])
                return network.train_step_images(images, labels, preprocessing, augmentation, options)

        model.network = Spy()
        fit(model, epochs=2, recipe=quick_recipe(color_noise=0.1, **changes))
        return seen

    assert noise_of_steps() == [0.1] * 8
    assert noise_of_steps(color_noise_epochs=1) == [0.1] * 4 + [0.0] * 4
    assert noise_of_steps(color_noise_epochs=0) == [0.0] * 8


def test_frozen_layers_stay_frozen():
    model = tiny_model()
    model.freeze("conv")
    before = model.state_dict()
    fit(model)
    assert np.array_equal(model.state_dict()["conv2.weight"], before["conv2.weight"])
    assert not np.array_equal(model.state_dict()["fc6.weight"], before["fc6.weight"])


def test_folder_and_array_give_the_same_bits(tmp_path):
    folder = sa.ImageFolder(photo_folder(tmp_path, side=23), workers=3)
    geometry = tiny_model().preprocessing.geometry
    arrays = np.stack([folder.image(index, geometry) for index in range(len(folder))])
    models = tiny_model(), tiny_model()
    fit(models[0], folder)
    fit(models[1], sa.ArrayDataset(arrays, folder.labels, CLASSES))
    assert fingerprint(models[0]) == fingerprint(models[1])


def test_grey_network():
    model = tiny_model(channels=1)
    fit(model, recipe=quick_recipe(color_noise=0.1))
    assert model.preprocessing.mean.shape == (23, 23, 1)


def test_broken_pictures_raise_or_are_skipped(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "3.png").write_bytes(b"broken")
    model = tiny_model()
    before = fingerprint(model)
    with pytest.raises(ValueError, match="3.png"):
        fit(model, sa.ImageFolder(folder))
    assert fingerprint(model) == before
    data = sa.ImageFolder(folder, on_error="skip")
    fit(model, data, epochs=1)
    assert data.skipped == 1 and fingerprint(model) != before


def test_batches_that_are_skipped_whole(tmp_path):
    folder = photo_folder(tmp_path, count=1)
    for name in CLASSES[1:]:
        (folder / name / "0.png").write_bytes(b"broken")
    history = fit(tiny_model(), sa.ImageFolder(folder, on_error="skip"), batch_size=1)
    assert np.isfinite(history.column("train_loss")).all()
    (folder / CLASSES[0] / "0.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="none of 4 pictures"):
        fit(tiny_model(), sa.ImageFolder(folder, on_error="skip"))


def test_zero_epochs_change_no_weight():
    model = tiny_model()
    before = fingerprint(model)
    assert len(fit(model, epochs=0)) == 0
    assert fingerprint(model) == before


def test_callback_sees_rows_and_its_exception_ends_training():
    rows = []

    def callback(row):
        rows.append(row)
        if len(rows) == 2:
            raise RuntimeError("enough")

    model = tiny_model()
    with pytest.raises(RuntimeError, match="enough"):
        fit(model, epochs=5, on_epoch_end=callback)
    assert [row["epoch"] for row in rows] == [0, 1]
    fit(model, epochs=1)


def test_a_model_fits_once_at_a_time():
    model, inside = tiny_model(), []

    def again(_):
        for call in (lambda: fit(model), lambda: model.load_state_dict(model.state_dict())):
            with pytest.raises(sa.ConcurrentUseError) as caught:
                call()
            inside.append(str(caught.value))

    fit(model, epochs=1, on_epoch_end=again)
    assert len(inside) == 2
    errors = []

    def other():
        try:
            fit(model)
        except sa.ConcurrentUseError as error:
            errors.append(error)

    def start(_):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    fit(model, epochs=1, on_epoch_end=start)
    assert len(errors) == 1


def test_prediction_during_fit():
    model, images = tiny_model(), pictures(3)[0]
    tables, stop = [], threading.Event()

    def predict():
        while not stop.is_set():
            tables.append(model.probabilities(images))

    fit(model, epochs=1)
    thread = threading.Thread(target=predict)
    thread.start()
    fit(model, epochs=10)
    stop.set()
    thread.join()
    assert tables and all(np.isfinite(table).all() for table in tables)


def test_not_finite_raises_or_stops():
    model = tiny_model()
    recipe = quick_recipe(learning_rate=1e30)
    with pytest.raises(sa.NonFiniteError, match=r"epoch \d+, step \d+"):
        fit(model, recipe=recipe, epochs=10)
    again = tiny_model()
    fit(again, recipe=recipe, epochs=10, non_finite="stop")
    assert fingerprint(again) == fingerprint(model)


def test_a_validation_loss_that_is_not_finite_raises_or_stops(tmp_path, monkeypatch):
    broken = Evaluation(75.0, 0.0, float("nan"), 9, 0)
    monkeypatch.setattr(sa.Model, "evaluate", lambda *_, **__: broken)
    with pytest.raises(sa.NonFiniteError, match="validation loss is nan"):
        fit(tiny_model(), validation=dataset(9), checkpoint=tmp_path)
    assert len(fit(tiny_model(), validation=dataset(9), checkpoint=tmp_path, non_finite="stop")) == 0
    monkeypatch.undo()
    assert len(fit(tiny_model(), validation=dataset(9), checkpoint=tmp_path, resume=True)) == 2


def grouped(*arguments, **options) -> sa.Recipe:
    """Return a recipe with one group."""
    return quick_recipe(groups=(sa.ParameterGroup(*arguments, **options),))


MORE = sa.ArrayDataset(*pictures(8), [*CLASSES, "fifth"])
OTHER = sa.ArrayDataset(*pictures(8), CLASSES[::-1])


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"train": MORE}, ValueError, "5 classes"),
        ({"train": sa.ArrayDataset(pictures(2)[0], [0, 4])}, ValueError, "label 4"),
        ({"validation": OTHER}, ValueError, "expected the same"),
        ({"train": pictures(4)[0]}, TypeError, "data set"),
        ({"train": "photos"}, TypeError, "data set"),
        ({"validation": 3}, TypeError, "data set"),
        ({"epochs": -1}, ValueError, "epochs"),
        ({"epochs": 1.5}, TypeError, "epochs"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 2**40}, ValueError, "batch_size"),
        ({"recipe": "papr"}, ValueError, "did you mean 'paper'"),
        ({"recipe": {"learning_rate": 1}}, TypeError, "recipe"),
        ({"recipe": "paper"}, ValueError, "watches the validation error"),
        ({"recipe": quick_recipe(bias_schedule=sa.PlateauSchedule())}, ValueError, "watches the validation error"),
        ({"recipe": grouped("fc8.*", schedule=sa.PlateauSchedule())}, ValueError, "watches the validation error"),
        ({"recipe": grouped("fc9.*")}, ValueError, r"'fc9\.\*' .*conv1.weight, .*did you mean 'fc\d.\*'"),
        ({"recipe": quick_recipe(scale=(19, 30))}, ValueError, r"scale=\(19, 30\) pixels, the network reads 20 × 20"),
        ({"recipe": quick_recipe(shift=21)}, ValueError, "shift 21, expected at most 20"),
        ({"recipe": "chm146"}, ValueError, "did you mean 'chm145'"),
        ({"recipe": "cifar-18pct"}, ValueError, "'fc10.weight' of the recipe matches no parameter"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": "random"}, TypeError, "seed"),
        ({"precision": "double"}, ValueError, "precision"),
        ({"non_finite": "ignore"}, ValueError, "non_finite"),
        ({"resume": True}, ValueError, "checkpoint"),
        ({"checkpoint_every": 5}, ValueError, "checkpoint"),
        ({"checkpoint": "run", "checkpoint_every": 0}, ValueError, "checkpoint_every"),
        ({"checkpoint": 3}, TypeError, "int"),
    ],
)
def test_refuses_before_any_work(options, kind, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = tiny_model()
    before, preprocessing = fingerprint(model), model.preprocessing
    with pytest.raises(kind, match=message):
        fit(model, **options)
    assert fingerprint(model) == before and model.preprocessing is preprocessing and model.classes is None
    fit(model, epochs=1)


@pytest.mark.parametrize("delay", [0.4, 0.61, 0.83, 1.07])
def test_ctrl_c_leaves_the_weights_of_the_last_whole_step(delay, tmp_path):
    command = [sys.executable, str(Path(__file__).with_name("interrupted_fit.py")), str(delay), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    late, threads, step, same = result.stdout.split()
    assert float(late) < 0.5 and threads == "0" and int(step) > 0 and same == "True"
