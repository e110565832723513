"""The mean that `fit` learns: of every pixel, or of every channel."""

import numpy as np
import pytest
from support import CLASSES, pictures, tiny_model

import swiftalexnet as sa
from swiftalexnet.mean_image import learn_mean


@pytest.mark.parametrize(("kind", "axes"), [(True, 0), ("image", 0), ("pixel", (0, 1, 2))])
def test_is_the_mean_of_the_training_set(kind, axes):
    images, labels = pictures(150)
    preprocessing = tiny_model().preprocessing.replace(learn_mean=kind)
    learned = learn_mean(preprocessing, sa.ArrayDataset(images, labels, CLASSES), False)
    np.testing.assert_allclose(learned.mean, images.mean(axis=axes), rtol=1e-6)
    assert learned.learn_mean is False and learned.mean.dtype == np.float32
