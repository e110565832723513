"""Small files whose answers OpenCV gave: tests/peers/make_caffe_files.py."""

import json
from pathlib import Path

import numpy as np
import pytest
from formats.caffe import nets

import swiftalexnet as sa
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats.caffe.means import read_mean

FILES = Path(__file__).parents[1] / "files"
ANSWERS = json.loads((FILES / "caffe_answers.json").read_text())
VARIANTS = {"caffe_alexnet": "caffe", "caffe_caffenet_old": "caffenet", "caffe_vgg_old": "vgg-A"}


@pytest.mark.parametrize("has_prototxt", [False, True])
@pytest.mark.parametrize("name", ANSWERS)
def test_answers(name, has_prototxt):
    answer = ANSWERS[name]
    prototxt = FILES / f"{name}.prototxt" if has_prototxt else None
    model = sa.load(FILES / f"{name}.caffemodel", prototxt=prototxt)
    assert model.variant == VARIANTS[name]
    assert "Caffe" in str(model.source)
    image = nets.image(answer["size"]) - np.array(answer["mean"][::-1], np.float32)
    logits = model.forward(image.transpose(2, 0, 1)[np.newaxis].copy())[0]
    assert np.abs(logits - answer["logits"]).max() <= 1e-5 * np.abs(answer["logits"]).max()


def test_answers_to_ordinary_images():
    """RGB goes in; the mean, given blue, green, red, is turned as the weights are."""
    answer = ANSWERS["caffe_alexnet"]
    model = sa.load(FILES / "caffe_alexnet.caffemodel", mean=np.array(answer["mean"], np.float32))
    assert model.preprocessing.mean.tolist() == answer["mean"][::-1]
    model.preprocessing = model.preprocessing.replace(resize=99)
    probabilities = model.probabilities(nets.image(99))[0]
    expected = np.exp(answer["logits"] - np.max(answer["logits"]))
    assert np.allclose(probabilities, expected / expected.sum(), rtol=1e-4)


def test_mean_image():
    mean = np.arange(3 * 24 * 24).reshape(3, 24, 24) / 8
    with pytest.raises(ValueError, match=r"a mean image of 24 × 24, expected a square of at least 99 pixels"):
        sa.load(FILES / "caffe_alexnet.caffemodel", mean=FILES / "caffe_mean.binaryproto")
    with opened_source(FILES / "caffe_mean.binaryproto", "load") as file:
        assert (read_mean(file) == mean.transpose(1, 2, 0)).all()
