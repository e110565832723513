"""Descriptions of models: what is built, and what is refused by name."""

import json

import numpy as np
import pytest
from formats.keras.h5_files import convolution, entrance, kernel, layer, write, write_model

import swiftalexnet as sa

CONV = {"conv": kernel((3, 3, 3, 2))}


def convolved(x, weights, pads, stride=1):
    """Return a convolution of NHWC by its definition."""
    (top, bottom), (left, right) = pads
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    size, outputs = weights["kernel"].shape[0], weights["kernel"].shape[-1]
    rows, columns = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
    result = np.empty((len(x), rows, columns, outputs))
    for row in range(rows):
        for column in range(columns):
            window = x[:, row * stride : row * stride + size, column * stride : column * stride + size]
            result[:, row, column] = np.tensordot(window, weights["kernel"], 3) + weights["bias"]
    return result


def test_padding_same_puts_what_is_odd_at_the_end(tmp_path):
    weights = {"conv": kernel((3, 3, 3, 2)), "fc": kernel((4 * 4 * 2, 3), 1)}
    layers = [entrance(), convolution(strides=[2, 2]), layer("Flatten", "flat"), layer("Dense", "fc", units=3)]
    model = sa.load(write_model(tmp_path / "m.h5", layers, weights))
    assert "pad=0,0,1,1" in model.spec
    x = np.random.default_rng(2).standard_normal((2, 8, 8, 3)).astype(np.float32)
    expected = convolved(x, weights["conv"], ((0, 1), (0, 1)), 2).reshape(2, -1)
    expected = expected @ weights["fc"]["kernel"] + weights["fc"]["bias"]
    np.testing.assert_allclose(model.forward(x, layout="NHWC"), expected, rtol=1e-4, atol=1e-4)


def test_a_map_that_is_not_square(tmp_path):
    weights = {"conv": kernel((3, 3, 1, 2)), "fc": kernel((6 * 4 * 2, 3), 1)}
    layers = [entrance((6, 4, 1)), convolution(), layer("Flatten", "flat"), layer("Dense", "fc", units=3)]
    model = sa.load(write_model(tmp_path / "m.h5", layers, weights))
    x = np.random.default_rng(2).standard_normal((2, 6, 4, 1)).astype(np.float32)
    expected = convolved(x, weights["conv"], ((1, 1), (1, 1))).reshape(2, -1)
    expected = expected @ weights["fc"]["kernel"] + weights["fc"]["bias"]
    np.testing.assert_allclose(model.forward(x, layout="NHWC"), expected, rtol=1e-4, atol=1e-4)
    assert any("hand in tensors" in note for note in model.source.notes)


def test_normalisation_after_an_activation(tmp_path):
    norm = {role: np.arange(1, 3, dtype=np.float32) for role in ("gamma", "beta", "moving_mean", "moving_variance")}
    layers = [entrance(), convolution(activation="relu"), layer("BatchNormalization", "bn", epsilon=0.5)]
    layers += [layer("GlobalAveragePooling2D", "pool"), layer("Dense", "fc", units=3)]
    weights = {**CONV, "bn": norm, "fc": kernel((2, 3), 1)}
    model = sa.load(write_model(tmp_path / "m.h5", layers, weights))
    x = np.random.default_rng(2).standard_normal((2, 8, 8, 3)).astype(np.float32)
    hidden = np.maximum(convolved(x, CONV["conv"], ((1, 1), (1, 1))), 0)
    channels = np.arange(1, 3)
    hidden = channels * (hidden - channels) / np.sqrt(channels + 0.5) + channels
    expected = hidden.mean((1, 2)) @ weights["fc"]["kernel"] + weights["fc"]["bias"]
    np.testing.assert_allclose(model.forward(x, layout="NHWC"), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (layer("Lambda", "mean", function="!!"), "Lambda mean is no layer"),
        ({"module": "evil", **layer("Conv2D", "x")}, "evil.Conv2D x is no layer"),
        (layer("TFOpLambda", "tf.nn.bias_add"), "TFOpLambda tf.nn.bias_add is no layer"),
        (convolution("next", dilation_rate=[2, 2]), "Conv2D next is dilated"),
        (convolution("next", kernel_size=[3, 1]), "Conv2D next has kernel_size"),
        (convolution("next", padding="causal"), "Conv2D next has padding 'causal'"),
        (convolution("next", data_format="channels_first"), "Conv2D next has data_format"),
        (layer("Dense", "fc", units=3), "Dense fc reads a map"),
        (layer("Activation", "act", activation="gelu"), "Activation act has the activation 'gelu'"),
        (layer("ReLU", "act", max_value=6.0), "ReLU act has max_value 6.0"),
        (layer("Rescaling", "scale", scale=2.0), "Rescaling scale follows other layers"),
        (layer("BatchNormalization", "bn", axis=1), "BatchNormalization bn has axis 1"),
    ],
)
def test_what_the_engine_does_not_have_is_named(tmp_path, refused, words):
    path = write_model(tmp_path / "m.h5", [entrance(), convolution(), refused], CONV)
    with pytest.raises(sa.UnsupportedError, match=words.replace(".", r"\.")) as error:
        sa.load(path)
    assert str(path) in str(error.value)


def test_zeros_before_a_pool(tmp_path):
    layers = [entrance(), layer("ZeroPadding2D", "zeros", padding=[[1, 1], [1, 1]]), layer("MaxPooling2D", "pool")]
    with pytest.raises(sa.UnsupportedError, match="ZeroPadding2D is followed by pool"):
        sa.load(write_model(tmp_path / "m.h5", layers, CONV))


@pytest.mark.parametrize(
    "config",
    [
        "[" * 10_000,
        '{"class_name": "Sequential", "config": {"layers": ' + "[" * 10_000 + "]" * 10_000 + "}}",
        "{}",
        "null",
        '{"class_name": "Sequential", "config": {"layers": [7]}}',
        '{"class_name": "Sequential", "config": {"layers": []}}',
        '{"class_name": "Functional", "config": {"layers": [], "output_layers": []}}',
        '{"class_name": "Subclassed", "config": {}}',
        json.dumps({"class_name": "Sequential", "config": {"layers": [entrance(), convolution(filters=10**12)]}}),
        json.dumps({"class_name": "Sequential", "config": {"layers": [entrance(), convolution(filters=True)]}}),
        json.dumps({"class_name": "Sequential", "config": {"layers": [entrance(), convolution(strides=[0, 0])]}}),
        json.dumps({"class_name": "Sequential", "config": {"layers": [convolution()]}}),
        json.dumps({"class_name": "Sequential", "config": {"layers": [entrance((10**9, 10**9, 3)), convolution()]}}),
        json.dumps({"class_name": "Sequential", "config": {"layers": [entrance(), *[convolution()] * 2]}}),
        json.dumps({"class_name": "Sequential", "config": {"layers": [entrance(), convolution("without")]}}),
        " " * (1 << 20) + "{}",
    ],
    ids=range(16),
)
def test_descriptions_that_are_none(tmp_path, config):
    path = write(tmp_path / "m.h5", config, CONV)
    with pytest.raises((ValueError, sa.UnsupportedError, MemoryError)) as error:
        sa.load(path)
    assert str(path) in str(error.value)


def test_models_in_models_without_an_end(tmp_path):
    config = {"class_name": "Sequential", "config": {"layers": [entrance()]}}
    for number in range(50):
        config = {"class_name": "Sequential", "config": {"name": f"m{number}", "layers": [config]}}
    with pytest.raises(sa.UnsupportedError, match="models lie in models"):
        sa.load(write(tmp_path / "m.h5", json.dumps(config), CONV))


def branch(*inputs):
    """Return a model whose second layer reads layers."""
    first = {**entrance(), "name": "input", "inbound_nodes": []}
    second = {**convolution(), "name": "conv", "inbound_nodes": [[[name, 0, 0, {}] for name in inputs]]}
    config = {"layers": [first, second], "input_layers": [["input", 0, 0]], "output_layers": [["conv", 0, 0]]}
    return json.dumps({"class_name": "Functional", "config": config})


def test_graphs_that_are_no_chain(tmp_path):
    assert sa.load(write(tmp_path / "m.h5", branch("input"), CONV)).spec.splitlines()[-1].startswith("convolution conv")
    with pytest.raises(sa.UnsupportedError, match="Conv2D conv has 2 inputs"):
        sa.load(write(tmp_path / "m.h5", branch("input", "input"), CONV))
    with pytest.raises(sa.CheckpointCorruptError, match="reads its own output"):
        sa.load(write(tmp_path / "m.h5", branch("conv"), CONV))


def test_weights_of_another_shape(tmp_path):
    path = write_model(tmp_path / "m.h5", [entrance(), convolution()], {"conv": kernel((3, 3, 2, 3))})
    with pytest.raises(ValueError, match="conv/kernel:0 has shape"):
        sa.load(path)


def test_weights_without_a_place(tmp_path):
    path = write_model(tmp_path / "m.h5", [entrance(), convolution()], {**CONV, "other": kernel((3, 3))})
    with pytest.raises(ValueError, match="no place for model_weights/other"):
        sa.load(path)
    assert "left out" in sa.load(path, strict=False).source.notes[-1]
