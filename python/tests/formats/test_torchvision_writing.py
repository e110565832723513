"""Writing torchvision's names: what is written is read with the same bits."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from small_weights import torchvision_alexnet, torchvision_vgg11

import swiftalexnet as sa


@pytest.mark.parametrize("state", [torchvision_alexnet(), torchvision_vgg11()], ids=["alexnet", "vgg11"])
def test_there_and_back(state, tmp_path):
    save_file(state, tmp_path / "theirs")
    sa.load(tmp_path / "theirs").export(tmp_path / "out.safetensors")
    written = load_file(tmp_path / "out.safetensors")
    assert written.keys() == state.keys()
    assert all(np.array_equal(written[name], state[name]) for name in state)


def test_networks_that_torchvision_lacks(tmp_path):
    for model in (sa.alexnet("d2l", image_size=80), sa.alexnet("owt", image_size=64, num_classes=2, activation="tanh")):
        with pytest.raises(sa.UnsupportedError, match="export: .*torchvision"):
            model.export(tmp_path / "out.safetensors")
        assert not list(tmp_path.iterdir())
