"""Users' own data sets: they are checked like ArrayDataset, and their own exceptions are passed on."""

import numpy as np
import pytest
from support import CLASSES, labelled_images, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.data.checks import snapshot, source
from swiftalexnet.data.loader import Loader
from swiftalexnet.data.order import in_order
from swiftalexnet.images.geometry import Geometry, Whole
from swiftalexnet.inference.neighbors import nearest_images

IMAGES, LABELS = labelled_images(12, side=23)
REFERENCE = sa.ArrayDataset(IMAGES, LABELS, CLASSES)


class Flowers:
    """A minimal data set, of which a test replaces parts."""

    def __init__(self, **parts):
        self.labels, self.classes = LABELS, CLASSES
        self.make = REFERENCE.image
        vars(self).update(parts)

    def __len__(self):
        return len(IMAGES)

    def image(self, index, geometry):
        """Return an image."""
        return self.make(index, geometry)


def fit(model, data):
    return model.fit(data, epochs=1, recipe=quick_recipe(), progress=False)


DOORS = {
    "fit": fit,
    "validation": lambda model, data: model.fit(REFERENCE, data, epochs=1, recipe=quick_recipe(), progress=False),
    "evaluate": lambda model, data: model.evaluate(data),
    "dense": lambda model, data: model.evaluate(data, dense=True),
    "ensemble": lambda model, data: sa.Ensemble([model]).evaluate(data),
    "search_weights": lambda model, data: sa.Ensemble([model]).search_weights(data),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_minimal_data_set_is_enough(door):
    model, twin = tiny_model(), tiny_model()
    assert repr(DOORS[door](model, Flowers())) == repr(DOORS[door](twin, REFERENCE)) or door in ("fit", "validation")
    assert np.array_equal(model.state_dict()["fc8.weight"], twin.state_dict()["fc8.weight"])


@pytest.mark.parametrize(
    "labels", [LABELS.tolist(), tuple(LABELS), LABELS.astype(np.uint8), LABELS.astype(np.int64)[::1]]
)
def test_labels_are_integers_of_any_kind(labels):
    model, twin = tiny_model(), tiny_model()
    fit(model, Flowers(labels=labels))
    fit(twin, REFERENCE)
    assert np.array_equal(model.state_dict()["fc8.weight"], twin.state_dict()["fc8.weight"])
    assert model.evaluate(Flowers(labels=labels)) == twin.evaluate(REFERENCE)


RING: list = []
RING.append(RING)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("parts", "kind", "message"),
    [
        ({"labels": LABELS + 0.7}, TypeError, r"Flowers.labels has dtype float64, expected integers"),
        ({"labels": [0, 1.7] * 6}, TypeError, r"Flowers.labels"),
        ({"labels": ["cat"] * 12}, TypeError, r"Flowers.labels"),
        ({"labels": None}, TypeError, r"Flowers.labels"),
        ({"labels": RING}, TypeError, r"Flowers.labels"),
        ({"labels": LABELS[:5]}, ValueError, r"Flowers.labels has 5 labels, expected 12"),
        ({"labels": LABELS[:, None]}, ValueError, r"Flowers.labels has shape \(12, 1\)"),
        ({"labels": LABELS - 9}, ValueError, r"Flowers.labels\[\d+\] is -9, expected 0"),
        ({"labels": LABELS + 9}, ValueError, r"Flowers.labels\[\d+\] is 12, expected 0"),
        ({"classes": "abcd"}, TypeError, r"Flowers: classes"),
        ({"classes": 4}, TypeError, r"Flowers: classes"),
        ({"classes": ["a", "a", "b", "c"]}, ValueError, r"names one class twice"),
        ({"classes": ["a", "b"]}, ValueError, r"the data has 2 classes, the model 4"),
        ({"workers": 0}, ValueError, r"Flowers.workers is 0, expected 1 to 256"),
        ({"workers": 10**9}, ValueError, r"Flowers.workers"),
        ({"workers": "2"}, TypeError, r"Flowers.workers is '2', expected an integer"),
        ({"workers": True}, TypeError, r"Flowers.workers"),
        ({"workers": 1.5}, TypeError, r"Flowers.workers"),
    ],
)
def test_faults_are_refused_before_any_work(door, parts, kind, message):
    data = Flowers(**parts, make=lambda *_: pytest.fail("read"))
    with pytest.raises(kind, match=message):
        DOORS[door](tiny_model(), data)


@pytest.mark.parametrize("classes", [list(CLASSES), CLASSES])
def test_names_may_be_a_list(classes):
    model = tiny_model()
    model.fit(Flowers(classes=classes), Flowers(), epochs=1, recipe=quick_recipe(), progress=False)
    assert model.classes == CLASSES and model.evaluate(Flowers(classes=classes)).count == 12


SQUARE = np.zeros((23, 23, 3), np.uint8)


@pytest.mark.parametrize("door", ["fit", "validation", "evaluate", "ensemble"])
@pytest.mark.parametrize(
    ("image", "kind", "message"),
    [
        (SQUARE[:20], ValueError, r"gave \(20, 23, 3\), expected \(23, 23, 3\)"),
        (SQUARE[:20, :20], ValueError, r"gave \(20, 20, 3\), expected \(23, 23, 3\).*array_to_square"),
        (SQUARE[..., :1], ValueError, r"gave \(23, 23, 1\)"),
        (SQUARE.transpose(2, 0, 1), ValueError, r"gave \(3, 23, 23\)"),
        (SQUARE[..., 0], ValueError, r"has shape \(23, 23\)"),
        (SQUARE[None], ValueError, r"has shape \(1, 23, 23, 3\)"),
        (SQUARE.astype(np.float32), TypeError, r"has dtype float32, expected uint8"),
        (SQUARE.astype(np.int64), TypeError, r"has dtype int64, expected uint8"),
        (SQUARE.tolist(), TypeError, r"of type list"),
        (np.ma.masked_array(SQUARE), TypeError, r"masked"),
        ("x.jpg", TypeError, r"of type str"),
        (b"", TypeError, r"of type bytes"),
        (False, TypeError, r"of type bool"),
    ],
)
def test_images_must_be_what_their_geometry_says(door, image, kind, message):
    with pytest.raises(kind, match=r"Flowers\.image\(index, geometry\).*" + message):
        DOORS[door](tiny_model(), Flowers(make=lambda *_: image))


def test_whole_images_must_have_their_shorter_side():
    for shape, fits in (((20, 31, 3), True), ((31, 20, 3), True), ((21, 31, 3), False), ((20, 31, 1), False)):
        data = Flowers(make=lambda *_, shape=shape: np.zeros(shape, np.uint8))
        with Loader(data, in_order(1, 1), Whole(20, 3, "area")) as loader:
            if fits:
                assert next(iter(loader)).images.shape == (1, *shape)
            else:
                with pytest.raises(ValueError, match=r"expected \(height, width, 3\), the shorter side 20"):
                    next(iter(loader))


def test_arrays_of_any_memory_are_taken():
    views = (SQUARE[::-1], np.asfortranarray(SQUARE), np.broadcast_to(np.uint8(3), SQUARE.shape), memoryview(SQUARE))
    for image in views:
        with Loader(Flowers(make=lambda *_, image=image: image), in_order(1, 1), Geometry(23, 3, "area")) as loader:
            assert np.array_equal(next(iter(loader)).images[0], np.asarray(image))


class OwnError(Exception):
    """An exception of the user's own."""


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", [OwnError, KeyError, SystemExit, KeyboardInterrupt])
def test_errors_of_the_users_own_pass_through(door, kind):
    error = kind("mine")

    def fail(*_):
        raise error

    with pytest.raises(kind) as caught:
        DOORS[door](tiny_model(), Flowers(make=fail, workers=2))
    assert caught.value is error


@pytest.mark.parametrize("missing", ["labels", "classes"])
def test_something_that_lacks_a_part(missing):
    data = Flowers()
    delattr(data, missing)
    for door in DOORS.values():
        with pytest.raises(TypeError, match=f"got Flowers, which has no {missing}, expected a data set such as"):
            door(tiny_model(), data)


@pytest.mark.parametrize("wrong", ["x", 3, None, [1, 2], IMAGES, {"a": 1}, sa.ArrayDataset])
def test_something_that_is_no_data_set(wrong):
    model, doors = tiny_model(), dict(DOORS)
    if wrong is None:
        del doors["validation"]  # which there need not be
    for call in (
        *(lambda door=door: door(model, wrong) for door in doors.values()),
        lambda: sa.color_components(wrong),
        lambda: nearest_images(model, wrong, IMAGES, 1),
    ):
        with pytest.raises(TypeError):
            call()


def test_a_data_set_without_images():
    class Empty(Flowers):
        def __len__(self):
            return 0

    for door in DOORS.values():
        with pytest.raises(ValueError, match="Empty holds no images"):
            door(tiny_model(), Empty())


class Restless(Flowers):
    """A data set that changes while it is read."""

    def __init__(self, change):
        super().__init__(labels=LABELS.copy())
        self.change, self.count = change, len(IMAGES)

    def __len__(self):
        return self.count

    def image(self, index, geometry):
        self.change(self)
        return super().image(index, geometry)


CHANGES = {
    "grows": lambda data: setattr(data, "count", 99),
    "shrinks": lambda data: setattr(data, "count", 1),
    "other labels": lambda data: data.labels.fill(77),
    "fewer labels": lambda data: setattr(data, "labels", LABELS[:2]),
    "other names": lambda data: setattr(data, "classes", ("x",)),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", CHANGES)
def test_later_changes_have_no_effect(door, name):
    model, twin = tiny_model(), tiny_model()
    found, expected = DOORS[door](model, Restless(CHANGES[name])), DOORS[door](twin, REFERENCE)
    assert np.array_equal(model.state_dict()["fc8.weight"], twin.state_dict()["fc8.weight"])
    if door in ("evaluate", "dense", "ensemble"):
        assert (found.top1_error, found.loss, found.count) == (expected.top1_error, expected.loss, expected.count)


def test_neighbours_of_a_data_set_that_changes():
    found = nearest_images(tiny_model(), Restless(CHANGES["grows"]), IMAGES[:2], 3)
    assert np.array_equal(found[0], nearest_images(tiny_model(), REFERENCE, IMAGES[:2], 3)[0])


@pytest.mark.parametrize("length", [2**63, 2**62, -1, 1.5, "3", None])
def test_invalid_lengths(length):
    class Odd(Flowers):
        def __len__(self):
            return length

    for call in (
        *(lambda door=door: door(tiny_model(), Odd()) for door in DOORS.values()),
        lambda: sa.color_components(Odd()),
        lambda: nearest_images(tiny_model(), Odd(), IMAGES, 1),
    ):
        with pytest.raises((TypeError, ValueError), match=r"Odd"):
            call()


def test_a_snapshot_is_taken_once():
    data = Flowers()
    first = snapshot(data, "work")
    assert snapshot(first, "work") is first and source(first) is data is source(data)
    assert first.make is data.make and len(first) == 12 and first.workers == 1
