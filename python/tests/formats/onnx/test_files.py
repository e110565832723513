"""Small files of PyTorch's two exporters and of tf2onnx (`peers/make_onnx_files.py`), and what their networks say."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from support import needs

import swiftalexnet as sa

needs("onnx")

FILES = Path(__file__).parents[1] / "files"
ANSWERS = np.load(FILES / "onnx_answers.npz")


@pytest.mark.parametrize("exporter", ["script", "dynamo"])
@pytest.mark.parametrize(("name", "variant"), [("alexnet", "owt"), ("vgg11_bn", "vgg-A")])
def test_pytorch(name: str, variant: str, exporter: str) -> None:
    model = sa.load(FILES / f"onnx_{name}_{exporter}.onnx")
    images = np.random.default_rng(13).standard_normal((2, 3, 224, 224), np.float32)
    wanted = ANSWERS[name]
    assert_allclose(model.forward(images), wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
    assert model.variant == variant
    assert repr(model.preprocessing) == repr(sa.alexnet("owt").preprocessing)
    assert "PyTorch" in model.source.notes[0] and model.source.format == "ONNX"


def test_tf2onnx() -> None:
    model = sa.load(FILES / "onnx_keras_vgg16.onnx")
    images = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3)).astype(np.float32)
    prepared = ((images - np.array([103.939, 116.779, 123.68], np.float32)) / 100)[..., ::-1]  # ours reads RGB
    wanted = ANSWERS["keras_vgg16"]
    assert_allclose(model.forward(prepared, layout="NHWC"), wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
    assert model.variant == "vgg-D"
    assert_allclose(model.preprocessing.mean, [123.68, 116.779, 103.939])
    assert model.preprocessing.scale is None
