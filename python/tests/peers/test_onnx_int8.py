"""Quantised models in ONNX Runtime: the same answers, computed on integers."""

from pathlib import Path

import numpy as np
import pytest
from formats.onnx.test_writing import WRITTEN, narrow
from support import dataset, quantized_model

import swiftalexnet as sa

onnx = pytest.importorskip("onnx", reason="make test-peers installs onnx and runs this")
runtime = pytest.importorskip("onnxruntime", reason="make test-peers installs onnxruntime and runs this")


def run(path: Path, data: np.ndarray, optimized: Path | None = None) -> np.ndarray:
    """Return the logits that ONNX Runtime computes, and write the graph that it has made of the file's."""
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    if optimized is not None:
        options.optimized_model_filepath = str(optimized)
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    logits: np.ndarray = session.run(None, {session.get_inputs()[0].name: data})[0]
    return logits


def structured_images(count: int, side: int, channels: int, seed: int = 0) -> np.ndarray:
    """Return images of smooth patterns, whose logits differ more than those of noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = random.uniform(1, 9, (count, channels, 2, 1, 1))
    phases = random.uniform(0, 6, (count, channels, 1, 1))
    levels = 127 + 120 * np.sin(waves[:, :, 0] * x + waves[:, :, 1] * y + phases)
    return levels.transpose(0, 2, 3, 1).astype(np.uint8)


@pytest.mark.parametrize("variant", WRITTEN)
def test_answers_of_every_variant(tmp_path: Path, variant: str) -> None:
    original = narrow(variant)
    images = structured_images(24, original.preprocessing.resize, original.input_shape[0])
    model = original.quantize(images)
    model.export(tmp_path / "m.onnx")
    data = model.features(images, ["data"], precision="float32")["data"]
    logits, ours = run(tmp_path / "m.onnx", data), model.forward(data)
    exact = original.forward(data, keep=False)
    # No farther from ours than both are from float32, and the same class where ours is clear.
    error = np.abs(ours - exact).max()
    assert np.abs(logits - ours).max() <= max(error, 0.02 * np.abs(exact).max())
    ranked = np.sort(ours, axis=1)
    is_clear = ranked[:, -1] - ranked[:, -2] > 2 * np.abs(logits - ours).max()
    assert np.array_equal(logits.argmax(1)[is_clear], ours.argmax(1)[is_clear])


@pytest.mark.parametrize("method", ["percentile", "mse"])
def test_a_trained_network_has_the_same_top_1(tmp_path: Path, method: str) -> None:
    model, data = quantized_model(method=method), dataset(200, seed=3)
    model.export(tmp_path / "m.onnx")
    inputs = model.features(data.images, ["data"], precision="float32")["data"]
    logits, ours = run(tmp_path / "m.onnx", inputs), model.forward(inputs)
    assert np.mean(logits.argmax(1) == ours.argmax(1)) >= 0.99
    assert np.abs(logits - ours).max() < 0.03 * np.abs(ours).max()


def test_layers_become_integer_operators(tmp_path: Path) -> None:
    original = narrow("owt")
    images = structured_images(16, original.preprocessing.resize, 3)
    model: sa.Model = original.quantize(images)
    model.export(tmp_path / "m.onnx")
    run(tmp_path / "m.onnx", model.features(images[:1], ["data"])["data"], tmp_path / "made.onnx")
    kinds = [node.op_type for node in onnx.load(tmp_path / "made.onnx").graph.node]
    assert kinds.count("QLinearConv") == 5 and kinds.count("QGemm") == 3
    assert not {"Conv", "Gemm", "FusedConv", "FusedGemm"} & {*kinds}
