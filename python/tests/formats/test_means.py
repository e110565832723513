"""A caller's mean for weights from elsewhere."""

import numpy as np
import pytest
from safetensors.numpy import save_file
from small_weights import torchvision_alexnet

import swiftalexnet as sa


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "m"
    save_file(torchvision_alexnet(), path)
    return path


def test_a_number_a_channel(file):
    assert sa.load(file, mean=[1, 2, 3]).preprocessing.mean.tolist() == [1, 2, 3]


@pytest.mark.parametrize("shape", [(256, 256, 3), (3, 256, 256)])
def test_a_mean_image_with_channels_first_or_last(file, shape):
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    preprocessing = sa.load(file, mean=image).preprocessing
    last = image if shape[2] == 3 else image.transpose(1, 2, 0)
    assert np.array_equal(preprocessing.mean, last) and preprocessing.mean_at == "crop" and preprocessing.resize == 256


@pytest.mark.parametrize(
    "mean", [[1, 2], np.zeros((256, 256)), np.zeros((100, 100, 3)), np.zeros((256, 300, 3)), [1, 2, np.nan], "none"]
)
def test_other_means_are_refused(file, mean):
    with pytest.raises((ValueError, OSError), match="mean|No such file"):
        sa.load(file, mean=mean)
