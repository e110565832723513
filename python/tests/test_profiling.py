"""Profiles: their numbers are consistent, and profiling changes nothing."""

import numpy as np
import pytest
from html_tables import read_html
from support import labelled_images, needs, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.network.parameters import copies

INFERENCE_STEPS = ["conv1 + relu1", "norm1 + pool1", "conv2 + relu2", "fc6 + relu6", "drop6", "fc8"]
STEPS = ["conv1 + relu1", "norm1", "pool1", "conv2 + relu2", "fc6 + relu6", "drop6", "fc8"]


@pytest.fixture(scope="module")
def training():
    return tiny_model().profile(16, training=True, repeats=3)


def test_inference_has_a_row_for_every_step():
    result = tiny_model().profile(16)
    assert [row.name for row in result.rows] == ["input", *INFERENCE_STEPS, "loss", "other"]
    assert {row.direction for row in result.rows} == {"forward"}
    assert result.batch == 16 and not result.training


def test_training_goes_back_through_the_steps_and_updates(training):
    forward = [row.name for row in training.rows if row.direction == "forward"]
    backward = [row.name for row in training.rows if row.direction == "backward"]
    assert forward == ["input", *STEPS, "loss", "update", "other"]
    assert backward == STEPS[::-1]
    assert [row.name for row in training.rows][-3:] == ["conv1 + relu1", "update", "other"]


def test_the_parts_add_up_to_the_whole(training):
    assert sum(row.milliseconds for row in training.rows) == pytest.approx(training.milliseconds, rel=0.25)
    assert training.images_per_second == pytest.approx(16e3 / training.milliseconds)


def test_rates_and_shares_follow_from_the_work(training):
    model = tiny_model()
    macs = {row.name: row.macs for row in model.summary().rows}
    rows = {(row.name, row.direction): row for row in training.rows}
    conv1 = rows["conv1 + relu1", "forward"]
    assert conv1.gflops == pytest.approx(2 * 16 * macs["conv1"] / conv1.milliseconds / 1e6)
    # The first layer has no gradient of its input to compute, the others have.
    assert _operations(rows["conv1 + relu1", "backward"]) == pytest.approx(_operations(conv1))
    assert _operations(rows["fc8", "backward"]) == pytest.approx(2 * _operations(rows["fc8", "forward"]))
    for row in training.rows:
        if row.limit == "arithmetic":
            assert row.share == pytest.approx(100 * row.gflops / training.gflops_limit)
        elif row.limit == "memory":
            assert row.share == pytest.approx(100 * row.gigabytes / training.gigabytes_limit)
    assert rows["norm1", "forward"].gflops is None and rows["norm1", "forward"].limit == "memory"
    assert rows["other", "forward"].share is None


def _operations(row):
    return row.gflops * row.milliseconds


def test_the_machines_limits_are_plausible(training):
    assert 0.5 < training.gflops_limit < 1e5
    assert 0.1 < training.gigabytes_limit < 1e4


def test_a_profile_changes_nothing():
    model = tiny_model()
    x, labels = np.random.default_rng(0).random((4, 3, 20, 20), np.float32), np.arange(4) % 4
    model.train_step(x, labels)
    logits = model.forward(x)
    model.backward(logits)
    kinds = (_native.VALUE, _native.GRADIENT, _native.VELOCITY)
    before = [copies(model.network, kind) for kind in kinds]
    live = _native.tensor_bytes()[0]
    model.profile(8, training=True, repeats=1)
    model.profile(8, repeats=1)
    assert _native.tensor_bytes()[0] == live
    for kind, old in zip(kinds, before, strict=True):
        for name, new in copies(model.network, kind).items():
            np.testing.assert_array_equal(new, old[name])
    logits = model.forward(x)
    model.profile(8, training=True, repeats=1)
    model.backward(logits)  # of the forward before the profile


def test_images_of_the_caller():
    images, _ = labelled_images(5)
    assert tiny_model().profile(images, repeats=1).batch == 5
    augmentation = sa.Augmentation(color_noise=0.1)
    assert tiny_model().profile(images, training=True, repeats=1, augmentation=augmentation).batch == 5


def test_a_chunked_batch_is_one_pass():
    rows = tiny_model().profile(200, repeats=1).rows
    assert [row.name for row in rows] == ["input", *INFERENCE_STEPS, "loss", "other"]


def test_text_html_and_frame(training):
    lines = str(training).splitlines()
    assert len(lines) == len(training.rows) + 5
    assert "images/s; the machine allows" in lines[-1]
    captions, (table,) = read_html(training)
    assert captions[0] == training.title and [row[0] for row in table[1:]] == [row.name for row in training.rows]
    needs("pandas")
    assert training.to_frame()["milliseconds"].tolist() == [row.milliseconds for row in training.rows]


def test_image(training, tmp_path):
    needs("matplotlib")
    training.plot().savefig(tmp_path / "profile.png")
    assert (tmp_path / "profile.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch": 0}, ValueError, "batch"),
        ({"batch": 2**30}, ValueError, "batch"),
        ({"batch": 4, "repeats": 0}, ValueError, "repeats"),
        ({"batch": 4, "repeats": 1001}, ValueError, "repeats"),
        ({"batch": 4, "precision": "float16"}, ValueError, "precision"),
        ({"batch": 4, "training": True, "augmentation": "paper"}, TypeError, "augmentation"),
        ({"batch": "no such file.jpg"}, OSError, "no such file"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        tiny_model().profile(**arguments)


def test_a_twin_that_does_not_fit():
    _native.fail_allocation_after(0)
    try:
        with pytest.raises(MemoryError):
            tiny_model().network.profile_images(
                np.zeros((1, 20, 20, 3), np.uint8), (20, 20, None, None, 0), None, (0, 0, 0), 1
            )
    finally:
        _native.fail_allocation_after(-1)
