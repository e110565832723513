"""Error rates: their arithmetic, and the data they refuse."""

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, dataset, labelled_images, photo_folder, tiny_model

import swiftalexnet as sa


@pytest.mark.parametrize("crops", [1, 9, 10, 50])
def test_errors_and_loss_are_those_of_the_probabilities(crops):
    model, data = tiny_model(), dataset(50)
    probabilities = model.probabilities(data.images, crops)
    right = probabilities[np.arange(50), data.labels]
    result = model.evaluate(data, crops, batch_size=7)
    assert result.top1_error == pytest.approx(100 * (probabilities.argmax(axis=1) != data.labels).mean())
    assert result.top5_error == pytest.approx(0)
    assert result.loss == pytest.approx(-np.log(right).mean(), rel=1e-5)
    assert (result.count, result.skipped) == (50, 0)
    assert "top-1 error" in str(result)


def test_ties_share_the_credit():
    model = sa.Model.from_spec(tiny_model(classes=8).spec, "zeros")
    result = model.evaluate(sa.ArrayDataset(*labelled_images(10)))
    assert result.top1_error == pytest.approx(100 * 7 / 8)
    assert result.top5_error == pytest.approx(100 * 3 / 8)
    assert result.loss == pytest.approx(np.log(8), rel=1e-6)


def test_skipped_images_are_counted(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "0.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="evaluate: 1 file was left out"):
        result = tiny_model().evaluate(sa.ImageFolder(folder, on_error="skip"))
    assert (result.count, result.skipped) == (23, 1)
    with pytest.raises(ValueError, match="0.png"):
        tiny_model().evaluate(sa.ImageFolder(folder))


@pytest.mark.parametrize("options", [{}, {"crops": 10}, {"dense": True, "scales": [20, 23]}, {"scales": [24]}])
def test_evaluations_tell_the_result_of_each_image(options, tmp_path):
    folder = photo_folder(tmp_path, side=31)
    broken = folder / "dark" / "0.png"
    broken.write_bytes(b"")
    Image.fromarray(labelled_images(1, side=31)[0][0][:, :25]).save(folder / "bright" / "1.png")  # of another shape
    data = sa.ImageFolder(folder, on_error="skip")
    model = tiny_model()
    with pytest.warns(UserWarning, match="dark: 1 broken"):
        result = model.evaluate(data, batch_size=5, **options)
    read = [index for index, path in enumerate(data.paths) if path != broken]
    assert result.indices.tolist() == read
    table = model.probabilities([data.paths[index] for index in read], **options)
    np.testing.assert_array_equal(result.predicted, table.argmax(axis=1))
    np.testing.assert_allclose(result.confidence, table.max(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(result.labels, data.labels[read])
    assert result.classes == data.classes == tuple(sorted(CLASSES))
    assert [worst.path for worst in result.worst] == [str(data.paths[worst.index]) for worst in result.worst]
    assert result.views == sa.Views(**options | {"scales": options.get("scales") and tuple(options["scales"])})


def test_an_ensemble_evaluates_like_a_model():
    model, data = tiny_model(), dataset(40)
    alone, together = model.evaluate(data), sa.Ensemble([model, model]).evaluate(data)
    assert together == alone and str(together) == str(alone)
    np.testing.assert_array_equal(together.confusion, alone.confusion)


def test_a_users_data_set_may_have_anything_for_paths():
    data = dataset(5)
    for paths in (None, [], {}, 7, ["a", b"b", None, 4, "e"]):
        data.paths = paths
        found = {worst.index: worst.path for worst in tiny_model().evaluate(data).worst}
    assert found == {0: "a", 1: "b", 2: None, 3: None, 4: "e"}


def test_nothing_readable_is_an_error(tmp_path):
    for path in photo_folder(tmp_path, count=1).glob("*/*.png"):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="none of 4 images"):
        tiny_model().evaluate(sa.ImageFolder(tmp_path, on_error="skip"))


IMAGES, LABELS = labelled_images(5)


def relabelled(label):
    """Return data whose third label has been changed since it was checked."""
    data = sa.ArrayDataset(IMAGES, LABELS)
    data.labels = np.array([0, 1, label, 3, 0], np.int32)
    return data


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (sa.ArrayDataset(IMAGES, LABELS, [*CLASSES, "more"]), ValueError, "5 classes"),
        (sa.ArrayDataset(IMAGES, np.full(5, 4)), ValueError, "labels.0. is 4"),
        (relabelled(-3), ValueError, "labels.2. is -3, expected 0 ≤ label < 4"),
        (sa.ArrayDataset(IMAGES, LABELS, CLASSES[::-1]), ValueError, "not the model's"),
        (IMAGES, TypeError, "ndarray"),
        (None, TypeError, "NoneType"),
    ],
)
def test_refuses_other_data(data, kind, message):
    model = tiny_model()
    model.classes = CLASSES
    with pytest.raises(kind, match=message):
        model.evaluate(data)


@pytest.mark.parametrize("options", [{"crops": 3}, {"batch_size": 0}, {"batch_size": 1.5}])
def test_refuses_bad_options(options):
    with pytest.raises((ValueError, TypeError), match="evaluate"):
        tiny_model().evaluate(dataset(4), **options)
