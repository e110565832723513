"""The model object: construction, tensors, files, processes."""

import copy
import itertools
import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest
from html_tables import read_html
from support import (
    CLASSES,
    TINY,
    dataset,
    fingerprint,
    labelled_images,
    needs,
    probability_bytes,
    quick_recipe,
    tiny_model,
)

import swiftalexnet as sa


def tensors(count: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 3, 20, 20), np.float32)


# Construction


def test_absurd_sizes_are_a_memory_error():
    with pytest.raises(MemoryError):
        sa.alexnet(num_classes=2**31 - 1)


@pytest.mark.parametrize(
    "text", ["", "network x", "nonsense", TINY, TINY.format(channels=3, classes=4).replace("=2", "=a")]
)
def test_bad_specifications_are_refused(text):
    with pytest.raises(ValueError, match="specification|expected"):
        sa.Model.from_spec(text)


def test_spec_round_trip():
    model = tiny_model()
    assert sa.Model.from_spec(model.spec).spec == model.spec


def test_same_seed_same_weights():
    assert fingerprint(tiny_model(seed=3)) == fingerprint(tiny_model(seed=3)) != fingerprint(tiny_model(seed=4))


def test_summary_shows_itself():
    summary = tiny_model().summary()
    assert "conv1" in str(summary) and "total" in str(summary)
    captions, (table,) = read_html(summary)
    assert captions == [repr(tiny_model())]
    assert [row[0] for row in table[1:]] == [*(row.name for row in summary.rows), "total"]
    frame = needs("pandas") and summary.to_frame()
    assert frame.set_index("name").loc["conv1", "output"] == (8, 9, 9)


# Tensors


def test_forward_layouts_agree_and_out_is_used():
    model, x = tiny_model(), tensors()
    logits = model.forward(x)
    out = np.empty_like(logits)
    assert logits.shape == (3, 4)
    assert model.forward(np.ascontiguousarray(x.transpose(0, 2, 3, 1)), layout="NHWC", out=out) is out
    assert np.array_equal(out, logits)
    assert np.array_equal(model.forward(x[:, :, ::-1][:, :, ::-1], keep=False), logits)


def test_dropout_acts_only_in_training_and_follows_seed_and_step():
    model, x = tiny_model(), tensors()
    evaluated = model.forward(x)
    first, again = (model.forward(x, training=True, seed=1, step=2) for _ in range(2))
    other = model.forward(x, training=True, seed=1, step=3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other) and not np.array_equal(first, evaluated)


def test_backward_gives_the_slope_of_the_loss():
    model, x = tiny_model(), tensors()
    direction = np.random.default_rng(5).standard_normal((3, 4)).astype(np.float32)
    model.forward(x)
    dx = model.backward(direction)
    gradients = {name: np.array(values) for name, values in model.gradients().items()}
    weights = model.parameters()["fc8.weight"]
    step = np.zeros_like(weights)
    step[1, 2] = 1e-2
    before = float((model.forward(x, keep=False) * direction).sum())
    weights += step
    after = float((model.forward(x, keep=False) * direction).sum())
    weights -= step
    assert (after - before) / 1e-2 == pytest.approx(gradients["fc8.weight"][1, 2], rel=1e-2, abs=1e-3)
    nudged = x + 1e-3 * dx / np.abs(dx).max()
    change = float((model.forward(nudged, keep=False) * direction).sum()) - before
    assert change == pytest.approx(float((dx * (nudged - x)).sum()), rel=0.05)


def test_accumulate_adds():
    model, x = tiny_model(), tensors()
    slope = model.forward(x)
    model.backward(slope, input_gradient=False)
    once = np.array(model.gradients()["conv1.weight"])
    model.forward(x)
    assert model.backward(slope, accumulate=True, input_gradient=False) is None
    np.testing.assert_allclose(model.gradients()["conv1.weight"], 2 * once, rtol=1e-4, atol=1e-6 * np.abs(once).max())


def test_train_step_is_forward_backward_and_the_papers_update():
    model, x, labels = tiny_model(), tensors(6), np.array([0, 1, 2, 3, 0, 1])
    model.unfreeze()
    reference = copy.deepcopy(model)
    logits = reference.forward(x, training=True, seed=9, step=4)
    slope = sa.ops.softmax(logits)
    loss = -np.log(slope[np.arange(6), labels]).mean()
    slope[np.arange(6), labels] -= 1
    reference.backward(slope / np.float32(6), input_gradient=False)
    assert model.train_step(x, labels, learning_rate=0.1, weight_decay=0.01, seed=9, step=4) == pytest.approx(
        loss, 1e-5
    )
    for name, gradient in reference.gradients().items():
        old = reference.parameters()[name]
        np.testing.assert_allclose(model.parameters()[name], old - 0.1 * (gradient + 0.01 * old), rtol=1e-4, atol=1e-6)


def test_train_step_takes_weights_of_images():
    x, labels = tensors(6), np.array([0, 1, 2, 3, 0, 1])
    settings = {"learning_rate": 0.1, "momentum": 0.0, "weight_decay": 0.0}
    plain, equal, heavy, none = (tiny_model() for _ in range(4))
    loss = plain.train_step(x, labels, **settings)
    assert equal.train_step(x, labels, sample_weight=np.full(6, 0.3), **settings) == loss
    assert fingerprint(equal) == fingerprint(plain)
    first = heavy.train_step(x, labels, sample_weight=[1, 0, 0, 0, 0, 0], **settings)
    logits = tiny_model().forward(x[:1], training=True)
    assert first == pytest.approx(sa.ops.cross_entropy(logits, labels[:1])[0], rel=1e-5)
    assert none.train_step(x, labels, sample_weight=[0] * 6, **settings) == 0
    assert fingerprint(none) == fingerprint(tiny_model())


GOOD, SLOPE = tensors(), np.zeros((3, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda m: m.forward(GOOD.astype(np.float64)), TypeError),
        (lambda m: m.forward(GOOD.tolist()), TypeError),
        (lambda m: m.forward(GOOD[0]), ValueError),
        (lambda m: m.forward(GOOD[:, :2]), ValueError),
        (lambda m: m.forward(GOOD[:, :, :19]), ValueError),
        (lambda m: m.forward(GOOD[:0]), ValueError),
        (lambda m: m.forward(GOOD, layout="NHWC"), ValueError),
        (lambda m: m.forward(GOOD, layout="CHWN"), ValueError),
        (lambda m: m.forward(GOOD, precision="float16"), ValueError),
        (lambda m: m.forward(GOOD, training=True, keep=False), ValueError),
        (lambda m: m.forward(GOOD, seed=-1), ValueError),
        (lambda m: m.forward(GOOD, out=np.empty((3, 5), np.float32)), (TypeError, ValueError)),
        (lambda m: m.forward(GOOD, out=SLOPE[:, ::-1]), (TypeError, ValueError)),
        (lambda m: m.forward(np.broadcast_to(GOOD[:1, :1, :1, :1], (2**40, 3, 20, 20))), MemoryError),
        (lambda m: m.backward(SLOPE[:2]), ValueError),
        (lambda m: m.backward(SLOPE.astype(np.float64)), TypeError),
        (lambda m: m.backward(SLOPE[:, :3]), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1]), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1, 4]), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1, -1]), ValueError),
        (lambda m: m.train_step(GOOD, [0.0, 1.0, 2.0]), TypeError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], learning_rate=float("nan")), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], learning_rate=-1), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], sample_weight=[1, 2]), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], sample_weight=[1, 2, -1]), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], sample_weight="balanced"), TypeError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], learning_rate="fast"), TypeError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], momentum=1.0), ValueError),
        (lambda m: m.train_step(GOOD, [0, 1, 2], rule="adam"), ValueError),
        (lambda m: m.train_step(GOOD * np.float32(np.nan), [0, 1, 2]), sa.NonFiniteError),
        (lambda m: m.load_state_dict([]), TypeError),
        (lambda m: m.load_state_dict({}), ValueError),
        (lambda m: m.load_state_dict(m.state_dict() | {"more": GOOD}), ValueError),
        (lambda m: m.load_state_dict(m.state_dict() | {"fc8.bias": np.zeros(3, np.float32)}), ValueError),
        (lambda m: m.load_state_dict(m.state_dict() | {"fc8.bias": np.zeros(4, int)}), TypeError),
        (lambda m: m.load_state_dict(m.state_dict() | {"fc8.bias": np.array([0, 0, 0, np.inf])}), ValueError),
        (lambda m: m.load_state_dict(m.state_dict() | {"fc8.bias": np.array([0, 0, 0, 1e300])}), ValueError),
        (lambda m: m.freeze("conv9"), ValueError),
        (lambda m: m.set_multipliers(["conv1"], learning_rate=-1.0), ValueError),
        (lambda m: setattr(m, "preprocessing", None), TypeError),
        (lambda m: setattr(m, "preprocessing", m.preprocessing.replace(crop=19)), ValueError),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(call, kind):
    model = tiny_model()
    model.forward(GOOD)
    before = fingerprint(model)
    with pytest.raises(kind) as caught:
        call(model)
    assert str(caught.value)
    assert fingerprint(model) == before
    assert np.isfinite(model.train_step(GOOD, [0, 1, 2]))


def test_a_mistyped_layer_suggests_the_nearest():
    with pytest.raises(ValueError, match="expected one of conv1.weight, .*did you mean 'conv1'"):
        tiny_model().freeze("cnov1")


# Names and copies


@pytest.mark.parametrize("name", ["num_classes", "input_shape", "network", "variant", "spec"])
def test_what_a_network_is_cannot_be_changed(name):
    model = tiny_model()
    before = getattr(model, name)
    with pytest.raises(AttributeError, match=name):
        setattr(model, name, 5)
    assert getattr(model, name) == before


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["a", "b", "c"], ValueError),
        (["a", "b", "c", "d", "e"], ValueError),
        (["a", "b", "c", "c"], ValueError),
        ([], ValueError),
        (itertools.repeat("a"), ValueError),
        ("abcd", TypeError),
        (5, TypeError),
        ([1, 2, 3, 4], TypeError),
    ],
)
def test_names_of_classes_are_checked(names, kind):
    model = tiny_model()
    model.classes = list("abcd")
    with pytest.raises(kind, match="Model: classes"):
        model.classes = names
    assert model.classes == ("a", "b", "c", "d")
    model.classes = None
    assert model.classes is None


def test_a_specification_and_a_variant_are_texts():
    for text, variant in ((tiny_model().spec, 1), (tiny_model().spec, b"owt"), (None, None), (b"network", None)):
        with pytest.raises(TypeError, match=r"Model.from_spec: (text|variant) is"):
            sa.Model.from_spec(text, variant=variant)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_a_model_of_its_own(again):
    model = tiny_model()
    model.classes = list("abcd")
    model.freeze("conv1")
    copied = again(model)
    assert fingerprint(copied) == fingerprint(model)
    assert (copied.spec, copied.classes, copied.multipliers()) == (model.spec, model.classes, model.multipliers())
    copied.parameters()["fc8.bias"][...] += 1
    assert fingerprint(copied) != fingerprint(model)
    assert np.isfinite(copied.train_step(GOOD, [0, 1, 2]))


# Files and processes


def test_save_and_load(tmp_path):
    model, images = tiny_model(), labelled_images(5)[0]
    model.fit(dataset(), epochs=1, recipe=quick_recipe(), progress=False)
    model.save(tmp_path / "m.safetensors")
    again = sa.load(tmp_path / "m.safetensors")
    assert fingerprint(again) == fingerprint(model)
    assert again.classes == CLASSES and again.spec == model.spec
    assert again.preprocessing.mean.shape == (23, 23, 3)
    assert np.array_equal(again.probabilities(images), model.probabilities(images))


def test_files_keep_what_is_frozen(tmp_path):
    from swiftalexnet.files import safetensors

    model = tiny_model()
    model.save(tmp_path / "plain")
    assert "multipliers" not in safetensors.read(tmp_path / "plain")[1]["model"]
    model.freeze("conv1")
    model.set_multipliers(["fc8.bias"], 0.1, 0.3)
    model.save(tmp_path / "frozen")
    again = sa.load(tmp_path / "frozen")
    assert again.multipliers() == model.multipliers()
    before = again.state_dict()
    again.fit(dataset(), epochs=1, recipe=quick_recipe(), progress=False)
    assert np.array_equal(again.state_dict()["conv1.weight"], before["conv1.weight"])
    assert not np.array_equal(again.state_dict()["conv2.weight"], before["conv2.weight"])
    again.unfreeze("conv1")
    assert again.multipliers()["conv1.weight"] == (1, 1)


BAD_MULTIPLIERS = (
    {"conv9.weight": [0, 1]},
    {"conv1.weight": [0]},
    {"conv1.weight": [-1, 1]},
    {"conv1.weight": [1, 1e39]},
    {"conv1.weight": "01x"},
    {"conv1.weight": None},
    [0, 1],
)


def test_load_refuses_files_without_a_model(tmp_path):
    from swiftalexnet.files import safetensors

    parts = tiny_model().__reduce__()[1][1:]
    for header in (
        {},
        parts[0] | {"specification": "network x"},
        parts[0] | {"preprocessing": {}},
        parts[0] | {"classes": 3},
        *(parts[0] | {"multipliers": factors} for factors in BAD_MULTIPLIERS),
    ):
        safetensors.write(tmp_path / "m", parts[1], {"model": header})
        with pytest.raises(sa.CheckpointCorruptError, match="does not contain a model"):
            sa.load(tmp_path / "m")


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_are_independent(clone):
    model = tiny_model()
    model.freeze("conv1")
    other = clone(model)
    assert fingerprint(other) == fingerprint(model) and other.multipliers() == model.multipliers()
    other.parameters()["fc8.bias"][...] = 7
    assert fingerprint(other) != fingerprint(model)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_prediction_in_other_processes(method):
    model = tiny_model()
    expected = probability_bytes(model)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(probability_bytes, [model] * 4).get(60) == [expected] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_prediction_after_fork_without_a_copy():
    model = tiny_model()
    expected = probability_bytes(model)
    child = os.fork()
    if not child:
        os._exit(0 if probability_bytes(model) == expected else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_eight_threads_get_the_same_bits():
    model = tiny_model()
    expected, results = probability_bytes(model), []
    threads = [threading.Thread(target=lambda: results.append(probability_bytes(model))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8
