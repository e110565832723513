"""`fit` on several ranks, which here are threads: the bits, history, files and refusals of one process."""

import re
import shutil
import warnings

import numpy as np
import pytest
from support import CLASSES, dataset, fingerprint, photo_folder, quick_recipe, tiny_model
from thread_ranks import communicators, on_ranks

import swiftalexnet as sa
from swiftalexnet.distributed import LocalCommunicator
from swiftalexnet.distributed.summing import Summing
from swiftalexnet.training.checkpoint import FILE_NAME

SIZES = (1, 2, 4, 8)
TIMES = ("seconds", "images_per_second")


def trained(communicator=None, data=None, validation=None, model=None, epochs=2, **options):
    """Return (digest of weights, history) of a run."""
    model = model or tiny_model()
    options = {"recipe": quick_recipe(), "progress": False, "timeout": 20} | options
    validation = dataset(75, 1) if validation is None else validation
    history = model.fit(data or dataset(70), validation, epochs, communicator=communicator, **options)
    return fingerprint(model), history


def comparable(result):
    """Return what must be the same as in one process."""
    if isinstance(result, BaseException):
        raise result
    digest, history = result
    return digest, [{name: row[name] for name in row if name not in TIMES} for row in history], history.skipped


def same_on_all(size, work, expected):
    """Check that all ranks end as one process does, and with the same times."""
    results = on_ranks(size, work)
    assert [comparable(each) for each in results] == [expected] * size
    assert len({str(history.rows) for _, history in results}) == 1


@pytest.mark.parametrize("wire", ["float32", "bfloat16", "factors"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_bits_on_any_number_of_ranks(wire, precision):
    if precision not in sa.info()["precisions"]:
        pytest.skip("this processor has no instructions for it")
    options = {"wire": wire, "precision": precision}
    expected = comparable(trained(shards=8, **options))
    for size in SIZES:
        same_on_all(size, lambda each: trained(each, **options), expected)


def test_factors_give_the_bits_of_gradients():
    assert comparable(trained(shards=8, wire="factors")) == comparable(trained(shards=8))


def test_more_ranks_than_images():
    options = {"data": dataset(5), "shards": 16}
    expected = comparable(trained(LocalCommunicator(), **options))
    same_on_all(16, lambda each: trained(each, **options), expected)


def test_without_shards_nothing_changes():
    assert comparable(trained(shards=1))[0] != comparable(trained(shards=8))[0]


@pytest.mark.parametrize("class_weight", ["balanced", {"dark": 0, "top": 2.5}])
def test_weights_of_images(class_weight):
    options = {"class_weight": class_weight, "sample_weight": np.linspace(0, 2, 70)}
    expected = comparable(trained(shards=8, **options))
    same_on_all(4, lambda each: trained(each, **options), expected)


def test_images_that_cannot_be_read(tmp_path):
    folder = photo_folder(tmp_path, 16)
    for name in ("dark/3.png", "top/7.png", "low/1.png"):
        (folder / name).write_bytes(b"no image")
    held_out = photo_folder(tmp_path / "held out", 5)
    (held_out / "low" / "2.png").write_bytes((held_out / "low" / "3.png").read_bytes()[:90])

    def work(communicator=None, **options):
        data = sa.ImageFolder(folder / ".", CLASSES, on_error="skip", workers=1)
        validation = sa.ImageFolder(held_out, CLASSES, on_error="skip", workers=1)
        return trained(communicator, data, validation, **options)

    shutil.move(held_out, tmp_path.parent / "held out")
    held_out = tmp_path.parent / "held out"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = comparable(work(shards=8))
        assert expected[2] == {
            "train": {name: {"broken": 1} for name in ("dark", "low", "top")},
            "validation": {"low": {"broken": 1}},
        }
        same_on_all(4, work, expected)


def test_one_warning_counts_all_skipped_images(tmp_path, recwarn):
    folder = photo_folder(tmp_path, 8)
    for name in CLASSES:
        (folder / name / "3.png").write_bytes(b"no image")
    on_ranks(4, lambda each: trained(each, sa.ImageFolder(folder, on_error="skip")))
    assert len([each for each in recwarn if "4 files were left out" in str(each.message)]) == 1


def test_a_class_without_images_ends_all(tmp_path):
    folder = photo_folder(tmp_path, 4)
    for path in (folder / "dark").iterdir():
        path.write_bytes(b"no image")
    for error in on_ranks(2, lambda each: trained(each, sa.ImageFolder(folder, on_error="skip"))):
        assert isinstance(error, ValueError)
        assert "none of the 4 images of dark can be read" in str(error)


def test_too_many_broken_images_end_all(tmp_path):
    folder = photo_folder(tmp_path, 8)
    for name in CLASSES:
        (folder / name / "3.png").write_bytes(b"no image")
    work = lambda each: trained(each, sa.ImageFolder(folder, on_error="skip", max_errors=2))  # noqa: E731
    for error in on_ranks(2, work):
        assert isinstance(error, ValueError)
        assert "cannot be read, max_errors allows 2" in str(error)


@pytest.mark.parametrize("learned", [{"learn_mean": True}, {"learn_mean": "pixel"}, {"learn_whitening": 0.1}])
def test_statistics_of_the_images(learned, tmp_path):
    folder = photo_folder(tmp_path, 9)

    def work(communicator=None, **options):
        model = tiny_model()
        model.preprocessing = model.preprocessing.replace(**learned)
        digest, history = trained(communicator, sa.ImageFolder(folder), model=model, epochs=1, **options)
        kept = [
            array.tobytes() for array in (model.preprocessing.mean, model.preprocessing.whitening) if array is not None
        ]
        assert kept
        return digest + str(hash(tuple(kept))), history

    expected = comparable(work(shards=8))
    same_on_all(4, work, expected)


@pytest.mark.parametrize("schedule", [sa.PlateauSchedule(patience=1)])
def test_a_schedule_that_waits_for_validation(schedule):
    recipe = quick_recipe(schedule=schedule)
    expected = comparable(trained(shards=8, recipe=recipe, epochs=4))
    same_on_all(2, lambda each: trained(each, recipe=recipe, epochs=4), expected)


@pytest.mark.parametrize("kept", [True, "files"])
def test_features_of_a_frozen_part(kept, tmp_path):
    recipe = quick_recipe(crop=False, color_noise=0.0)
    folder = photo_folder(tmp_path / "photos", 9)
    (folder / "top" / "2.png").write_bytes(b"no image")

    def work(communicator=None, **options):
        model = tiny_model()
        model.freeze("conv")
        data = sa.ImageFolder(folder, on_error="skip", workers=1)
        return trained(communicator, data, model=model, recipe=recipe, **options)

    cached = {"cache_features": tmp_path / "files" if kept == "files" else True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = comparable(work(shards=8))
        assert comparable(work(shards=8, **cached)) == expected
        same_on_all(4, lambda each: work(each, **cached), expected)


class Stop(Exception):
    """A callback has had enough."""


def stop_after(epoch):
    def callback(row):
        if row["epoch"] == epoch:
            raise Stop

    return callback


@pytest.mark.parametrize("sizes", [(2, 8, 1), (8, 1, 4)])
def test_resume_on_another_number_of_ranks(sizes, tmp_path):
    expected = comparable(trained(shards=8, epochs=3))
    options = {"checkpoint": tmp_path, "resume": True, "checkpoint_every": 3, "epochs": 3}
    for number, size in enumerate(sizes[:-1]):
        work = lambda each: trained(each, on_epoch_end=stop_after(number), **options)  # noqa: B023, E731
        assert all(isinstance(each, (Stop, RuntimeError)) for each in on_ranks(size, work))
    same_on_all(sizes[-1], lambda each: trained(each, **options), expected)


def test_shards_and_wire_belong_to_the_checkpoint(tmp_path):
    trained(shards=4, checkpoint=tmp_path, epochs=1)
    with pytest.raises(ValueError, match="belongs to a run with shards 4, this run has 8"):
        trained(shards=8, checkpoint=tmp_path, resume=True)
    with pytest.raises(ValueError, match="belongs to a run with wire float32, this run has bfloat16"):
        trained(shards=4, wire="bfloat16", checkpoint=tmp_path, resume=True)


def test_only_rank_0_writes(tmp_path):
    seen = []

    def work(communicator):
        result = trained(
            communicator, checkpoint=tmp_path / "run", on_epoch_end=lambda _: seen.append(communicator.rank)
        )
        assert (tmp_path / "run" / FILE_NAME).exists()
        return result

    for each in on_ranks(2, work):
        comparable(each)
    assert sorted(seen) == [0, 0, 1, 1]
    assert sa.load(tmp_path / "run" / FILE_NAME).num_classes == 4


def test_a_checkpoint_that_cannot_be_written_ends_all(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / FILE_NAME).mkdir()
    for rank, error in enumerate(on_ranks(2, lambda each: trained(each, checkpoint=tmp_path / "run"))):
        assert isinstance(error, OSError)
        assert ("rank 0: " in str(error)) == (rank == 1)


class Failing:
    """A network without memory for its third step."""

    def __init__(self, network):
        self._network, self._calls = network, 0

    def __getattr__(self, name):
        return getattr(self._network, name)

    def gradients_images(self, *arguments):
        self._calls += 1
        if self._calls == 3:
            raise MemoryError("no room for a step")
        return self._network.gradients_images(*arguments)


def test_memory_that_ends_on_one_rank_ends_all():
    def work(communicator):
        model = tiny_model()
        if communicator.rank:
            model._network = Failing(model.network)
        return trained(communicator, model=model)

    for rank, error in enumerate(on_ranks(2, work)):
        assert isinstance(error, MemoryError)
        assert str(error) == ("no room for a step" if rank else "rank 1: no room for a step")


@pytest.mark.parametrize("non_finite", ["raise", "stop"])
def test_weights_that_are_not_finite_any_more_end_all(non_finite, tmp_path):
    recipe = quick_recipe(learning_rate=1e9)
    work = lambda each: trained(each, recipe=recipe, non_finite=non_finite, checkpoint=tmp_path)  # noqa: E731
    for each in on_ranks(2, work):
        if non_finite == "raise":
            assert isinstance(each, sa.NonFiniteError)
            assert str(each).count("epoch 1, step") == 1
        else:
            assert comparable(each)[1] == []


DIFFERENT = {
    "seed": ({"seed": 7}, "seed: 7 on rank 1|seed: 0 on ranks 0, 2, 3, 7 on rank 1"),
    "wire": ({"wire": "bfloat16"}, "wire: float32 on ranks 0, 2, 3, bfloat16 on rank 1"),
    "epochs": ({"epochs": 3}, "the number of epochs: 2 on ranks 0, 2, 3, 3 on rank 1"),
    "recipe": ({"recipe": quick_recipe(momentum=0.5)}, "recipe: .*momentum.*0.9.* on ranks 0, 2, 3, .*0.5.* on rank 1"),
    "labels": ({"data": dataset(70, 3)}, "the labels of the training set|labels"),
    "pixels": (
        {"data": sa.ArrayDataset(255 - dataset(70).images, dataset(70).labels, CLASSES)},
        "the pixels or sizes of files of the training set",
    ),
    "validation": ({"validation": dataset(75, 2)}, "the labels of the validation set"),
    "weights": ({"model": tiny_model(seed=5)}, "the weights"),
    "classes": ({"class_weight": "balanced"}, "class_weight: None on ranks 0, 2, 3, balanced on rank 1"),
    "timeout": ({"timeout": 25}, "timeout: 20 on ranks 0, 2, 3, 25 on rank 1"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_ranks_that_differ_are_refused_by_name(what):
    options, words = DIFFERENT[what]
    for error in on_ranks(4, lambda each: trained(each, **options if each.rank == 1 else {})):
        assert isinstance(error, ValueError)
        assert re.search(words, str(error)), error


def test_an_argument_that_one_rank_refuses_ends_all():
    work = lambda each: trained(each, **{"batch": 3} if each.rank == 1 else {})  # noqa: E731
    for error in on_ranks(2, work):
        assert isinstance(error, TypeError)
        assert "unknown option 'batch'" in str(error)


def test_numbers_that_do_not_fit():
    three = communicators(4)[0]
    three.size = 3
    sixteen = communicators(16)[0]
    for options, words in (
        ({"shards": 3}, "shards is 3, expected a power of two"),
        ({"shards": 0}, "shards"),
        ({"communicator": three}, "3 ranks do not divide 8 shards, expected 1, 2, 4, 8 ranks"),
        ({"communicator": sixteen}, "16 ranks do not divide 8 shards.* or shards=16"),
        ({"shards": 8, "wire": "float16"}, "unknown wire 'float16'"),
        ({"wire": "bfloat16"}, "needs communicator= or shards="),
        ({"shards": 8, "timeout": 0}, "timeout is 0"),
    ):
        with pytest.raises(ValueError, match=words):
            trained(**options)
    with pytest.raises(TypeError, match="communicator is 'mpi', expected a communicator"):
        trained("mpi")


@pytest.mark.parametrize("wire", ["float32", "factors"])
def test_nothing_counts_as_finished_when_a_step_begins(wire, monkeypatch):
    found, enter = [], Summing.__enter__

    def watched(self):
        found.append([begins() for begins, _ in self._exchanges])
        return enter(self)

    monkeypatch.setattr(Summing, "__enter__", watched)

    def use(model):
        model.forward(np.ones((2, *model.input_shape), np.float32))
        model.backward(np.ones((2, model.num_classes), np.float32))

    def work(communicator):
        model, train = tiny_model(), dataset(32)
        options = {"communicator": communicator, "wire": wire, "shards": 4, "progress": False}
        model.fit(train, epochs=3, recipe=quick_recipe(), on_epoch_end=lambda row: use(model), **options)

    assert on_ranks(2, work) == [None, None]
    assert len(found) > 6
    assert not any(any(each) for each in found)
