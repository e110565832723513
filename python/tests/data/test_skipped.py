"""Files left out are reported once, by class and reason; a class that lost all its images is an error."""

import warnings

import numpy as np
import pytest
from support import CLASSES, dataset, labelled_images, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.data.skipped import report_skipped


def break_images(folder, **counts):
    """Break a number of images of each class, and return the folder."""
    for name, count in counts.items():
        for number in range(count):
            (folder / name / f"{number}.png").write_bytes(b"broken")
    return folder


def fit(data, validation=None, epochs=3, **options):
    options = {"recipe": quick_recipe(), "progress": False} | options
    return tiny_model().fit(data, validation, epochs=epochs, **options)


def said(call) -> tuple[list[str], object]:
    """Return the result of a call and its warnings, all of which are about files left out."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        result = call()
    texts = [str(each.message) for each in record]
    assert all("left out of" in text for text in texts), texts
    return texts, result


def test_fit_reports_once_what_it_left_out(tmp_path):
    folder = break_images(photo_folder(tmp_path), dark=2, top=1)
    (folder / "low" / "1.heic").write_bytes(b"")
    (folder / "low" / "2.HEIC").write_bytes(b"")
    (folder / "bright" / "notes.txt").write_text("not an image")
    data = sa.ImageFolder(folder, on_error="skip")
    texts, history = said(lambda: fit(data, data, epochs=3))
    assert len(texts) == 1
    assert "fit: 6 files were left out of ImageFolder(" in texts[0] and "dark: 2 broken" in texts[0]
    assert "2 of extension .heic (HEIC needs a plug-in: pip install pillow-heif)" in texts[0]
    assert "bright: 1 of extension .txt" in texts[0] and "top: 1 broken" in texts[0]
    assert history.skipped["train"] == history.skipped["validation"] == data.left_out()
    assert data.left_out()["dark"] == {"broken": 2} and sum(data.left_out()["low"].values()) == 2
    assert len(data.errors) == data.skipped == 3


def test_train_and_validation_are_told_apart(tmp_path):
    train = sa.ImageFolder(photo_folder(tmp_path / "train"))
    validation = sa.ImageFolder(break_images(photo_folder(tmp_path / "val"), low=1), on_error="skip")
    texts, history = said(lambda: fit(train, validation))
    assert len(texts) == 1 and "evaluate: 1 file was left out" in texts[0]
    assert history.skipped == {"validation": {"low": {"broken": 1}}}
    assert fit(train).skipped == {} == sa.History().skipped


def test_files_of_unknown_extension_are_reported_even_if_errors_are_raised(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "x.cr2").write_bytes(b"")
    data = sa.ImageFolder(folder)
    assert [path.name for path in data.others["dark"]] == ["x.cr2"]
    texts, _ = said(lambda: tiny_model().evaluate(data))
    assert len(texts) == 1 and "evaluate: 1 file was left out" in texts[0] and ".cr2" in texts[0]
    texts, history = said(lambda: fit(sa.ImageFolder(folder)))
    assert len(texts) == 1 and history.skipped["train"].keys() == {"dark"}


@pytest.mark.parametrize("door", ["evaluate", "dense", "scales", "ensemble"])
def test_evaluation_reports_it(tmp_path, door):
    data = sa.ImageFolder(break_images(photo_folder(tmp_path), top=2), on_error="skip")
    model = sa.Ensemble([tiny_model()]) if door == "ensemble" else tiny_model()
    options = {"dense": {"dense": True}, "scales": {"scales": (23, 30)}}.get(door, {})
    texts, result = said(lambda: model.evaluate(data, **options))
    assert len(texts) == 1 and "evaluate: 2 files were left out" in texts[0] and "top: 2 broken" in texts[0]
    assert (result.count, result.skipped) == (22, 2)


def test_a_class_that_lost_all_its_images_is_an_error(tmp_path):
    folder = break_images(photo_folder(tmp_path), low=6)
    data = sa.ImageFolder(folder, on_error="skip")
    for call in (lambda: fit(data, epochs=1), lambda: fit(dataset(), data), lambda: tiny_model().evaluate(data)):
        with pytest.raises(ValueError, match="none of the 6 images of low can be read: .*low/0.png cannot be decoded"):
            call()


def test_a_class_is_missed_before_the_epoch_ends(tmp_path):
    folder = break_images(photo_folder(tmp_path, count=40, side=20), low=40)
    seen = []

    class Watched(sa.ImageFolder):
        def image(self, index, geometry):
            seen.append(index)
            return super().image(index, geometry)

    model = tiny_model()
    model.preprocessing = model.preprocessing.replace(learn_mean=False)
    data = Watched(folder, on_error="skip")
    data.labels = np.where(np.arange(160) < 2, 0, np.where(data.labels == 2, 2, 3)).astype(np.int32)
    with pytest.raises(ValueError, match="none of the 40 images of low"):
        model.fit(data, epochs=50, recipe=quick_recipe(), progress=False)
    assert len(seen) <= 160


class Own:
    """A data set that leaves images out."""

    classes, workers = CLASSES, 1

    def __init__(self, missing, key=True):
        images, self.labels = labelled_images(30)
        self.data, self.missing, self.asked = sa.ArrayDataset(images, self.labels), set(missing), 0
        if not key:
            self.__class__ = Unhashable

    def __len__(self):
        return 30

    def image(self, index, geometry):
        return None if index in self.missing else self.data.image(index, geometry)


class Unhashable(Own):
    def __eq__(self, other):
        return self is other


def test_users_own_data_sets_are_counted_too():
    data = Own({0, 1, 2})
    texts, history = said(lambda: fit(data, data))
    assert len(texts) == 1 and "fit: 3 files were left out" in texts[0] and "Own.image gave None" in texts[0]
    counts = history.skipped["train"]
    assert sum(count for each in counts.values() for count in each.values()) == 3
    assert set(counts) == {CLASSES[label] for label in data.labels[:3]}
    with pytest.raises(ValueError, match="can be read: Own.image gave None"):
        fit(Own(np.flatnonzero(data.labels == 1)))
    texts, _ = said(lambda: tiny_model().evaluate(Own({4}, key=False)))
    assert len(texts) == 1


def test_only_new_losses_are_reported_again(tmp_path):
    folder = break_images(photo_folder(tmp_path), top=1)
    data = sa.ImageFolder(folder, on_error="skip")
    model = tiny_model()
    assert [len(said(lambda: model.evaluate(data))[0]) for _ in range(2)] == [1, 0]
    break_images(folder, dark=1)
    assert len(said(lambda: model.evaluate(data))[0]) == 1
    assert said(lambda: report_skipped(dataset(), [], "work"))[0] == []


@pytest.mark.parametrize(
    ("budget", "allowed"), [(3, True), (2, False), (0.125, True), (0.12, False), (0, False), (1.0, True)]
)
def test_a_budget_of_errors(tmp_path, budget, allowed):
    data = sa.ImageFolder(break_images(photo_folder(tmp_path), dark=2, top=1), on_error="skip", max_errors=budget)
    if allowed:
        assert len(said(lambda: fit(data, epochs=1))[0]) == 1
    else:
        for call in (lambda: fit(data), lambda: tiny_model().evaluate(data)):
            with pytest.raises(ValueError, match=r"\d cannot be read, max_errors allows \d; one of them: .*png"):
                call()


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"max_errors": 3}, ValueError),
        ({"max_errors": 3, "on_error": "raise"}, ValueError),
        ({"max_errors": -1, "on_error": "skip"}, ValueError),
        ({"max_errors": 1.5, "on_error": "skip"}, ValueError),
        ({"max_errors": float("nan"), "on_error": "skip"}, ValueError),
        ({"max_errors": "3", "on_error": "skip"}, TypeError),
        ({"max_errors": True, "on_error": "skip"}, TypeError),
    ],
)
def test_invalid_budgets(tmp_path, options, kind):
    with pytest.raises(kind, match="ImageFolder: max_errors"):
        sa.ImageFolder(photo_folder(tmp_path, count=1), **options)


def test_parts_of_a_split_count_for_themselves(tmp_path):
    folder = photo_folder(tmp_path, count=9)
    (folder / "dark" / "x.heic").write_bytes(b"")
    train, held_out = sa.ImageFolder(folder, on_error="skip").split(3)
    assert train.left_out() == {"dark": {"of extension .heic (HEIC needs a plug-in: pip install pillow-heif)": 1}}
    assert held_out.left_out() == {}
    train, held_out = sa.ImageFolder(folder, on_error="skip", max_errors=0.2).split(3)
    for path in held_out.paths[: len(held_out) // 5 + 1]:
        path.write_bytes(b"")
    with pytest.raises(ValueError, match=f"max_errors allows {len(held_out) // 5};"):
        tiny_model().evaluate(held_out)
