"""The mean that `fit` learns: of every pixel, or of every channel."""

import numpy as np
import pytest
from support import CLASSES, labelled_images, tiny_model

import swiftalexnet as sa
from swiftalexnet.statistics import mean_image
from swiftalexnet.statistics.mean_image import learn_mean


@pytest.mark.parametrize(("kind", "axes"), [(True, 0), ("image", 0), ("pixel", (0, 1, 2))])
def test_is_the_mean_of_the_training_set(kind, axes):
    images, labels = labelled_images(150)
    preprocessing = tiny_model().preprocessing.replace(learn_mean=kind)
    learned = learn_mean(preprocessing, sa.ArrayDataset(images, labels, CLASSES), False)
    np.testing.assert_allclose(learned.mean, images.mean(axis=axes), rtol=1e-6)
    assert learned.learn_mean is False and learned.mean.dtype == np.float32


class Decoded:
    """The images of an array as a data set that is not one: as if each had to be decoded."""

    def __init__(self, data: sa.ArrayDataset):
        self._data, self.labels, self.classes, self.workers, self.skipped = data, data.labels, data.classes, 1, 0

    def __len__(self) -> int:
        return len(self._data)

    def image(self, index, geometry):
        return self._data.image(index, geometry)


@pytest.mark.parametrize("count", [257, 700])
def test_all_images_in_memory_count(monkeypatch, count):
    monkeypatch.setattr(mean_image, "IMAGES", 10)
    images, labels = labelled_images(count)
    images[:257] = 255  # the largest sum that a block can have
    preprocessing, data = tiny_model().preprocessing, sa.ArrayDataset(images, labels, CLASSES)
    expected = (images.sum(axis=0, dtype=np.int64) / count).astype(np.float32)
    assert np.array_equal(learn_mean(preprocessing, data, False).mean, expected)
    some = np.linspace(0, count - 1, 10).astype(int)
    expected = (images[some].sum(axis=0, dtype=np.int64) / 10).astype(np.float32)
    assert np.array_equal(learn_mean(preprocessing, Decoded(data), False).mean, expected)


def test_images_in_memory_of_other_sizes_count_too(monkeypatch):
    monkeypatch.setattr(mean_image, "IMAGES", 10)
    images, labels = labelled_images(90, side=31)
    preprocessing, data = tiny_model().preprocessing, sa.ArrayDataset(images, labels, CLASSES)
    squares = np.stack([data.image(index, preprocessing.geometry) for index in range(90)])
    expected = (squares.sum(axis=0, dtype=np.int64) / 90).astype(np.float32)
    assert np.array_equal(learn_mean(preprocessing, data, False).mean, expected)


def test_a_subclass_gives_its_own_images():
    class Inverted(sa.ArrayDataset):
        def image(self, index, geometry):
            return 255 - super().image(index, geometry)

    images, labels = labelled_images(30)
    learned = learn_mean(tiny_model().preprocessing, Inverted(images, labels, CLASSES), False)
    np.testing.assert_allclose(learned.mean, 255 - images.mean(axis=0), rtol=1e-5)
