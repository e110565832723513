"""ONNX files of other makers against ours, and ours against ONNX Runtime."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from formats.onnx.test_writing import WRITTEN, narrow

import swiftalexnet as sa

onnx = pytest.importorskip("onnx", reason="make test-peers installs onnx and runs this")
runtime = pytest.importorskip("onnxruntime", reason="make test-peers installs onnxruntime and runs this")


def run(path: Path, data: np.ndarray) -> list[np.ndarray]:
    """Return the outputs that ONNX Runtime computes."""
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(None, {session.get_inputs()[0].name: data})
    return outputs


def assert_close(found: np.ndarray, wanted: np.ndarray) -> None:
    """Fail unless logits agree to 1e-5 of the largest."""
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


# ---- Ours, in ONNX Runtime ----


@pytest.mark.parametrize(("variant", "size"), [*((name, 0) for name in WRITTEN), ("owt", 96)])
def test_logits_of_every_variant(tmp_path: Path, variant: str, size: int) -> None:
    model = narrow(variant, size)
    model.export(tmp_path / "m.onnx")
    data = np.random.default_rng(0).standard_normal((3, *model.input_shape), np.float32) * 50
    logits, probabilities = run(tmp_path / "m.onnx", data)
    assert_close(logits, model.forward(data, keep=False))
    assert np.allclose(probabilities.sum(1), 1)


@pytest.mark.parametrize("variant", WRITTEN)
def test_images_go_in(tmp_path: Path, variant: str) -> None:
    model, random = narrow(variant), np.random.default_rng(1)
    size, channels = model.preprocessing.resize, model.input_shape[0]
    if model.preprocessing.learn_mean is True:  # as training would
        mean = random.uniform(90, 150, (size, size, channels))
        model.preprocessing = model.preprocessing.replace(mean=mean, learn_mean=False)
    model.export(tmp_path / "m.onnx", preprocessing=True)
    images = random.integers(0, 256, (2, size, size, channels), dtype=np.uint8)
    _, probabilities = run(tmp_path / "m.onnx", images)
    np.testing.assert_allclose(probabilities, model.probabilities(images, crops=1), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_other_activations(tmp_path: Path, activation: str) -> None:
    model = narrow("caffe")
    other = sa.Model.from_spec(model.spec.replace("\nrelu ", f"\n{activation} "), "torchvision", 0)
    other.export(tmp_path / "m.onnx")
    data = np.random.default_rng(0).standard_normal((2, *model.input_shape), np.float32)
    assert_close(run(tmp_path / "m.onnx", data)[0], other.forward(data, keep=False))


def test_pools_that_round_up(tmp_path: Path) -> None:
    """Every size of a small map, kernel, stride and padding: the same logits, or refused."""
    written = 0
    for size in range(5, 10):
        for kernel, stride, pad in [(2, 2, 0), (3, 2, 0), (3, 2, 1), (3, 3, 1), (2, 3, 1), (4, 3, 2)]:
            for kind, more in (("max_pool", ""), ("average_pool", " count_include_pad=0")):
                pool = f"{kind} pool kernel={kernel} stride={stride} pad={pad},{pad},{pad},{pad} ceil=1{more}"
                spec = f"network n\ndata channels=3 height={size} width={size}\n{pool}\ndense fc outputs=4\nsoftmax p\n"
                model = sa.Model.from_spec(spec, "torchvision", 0)
                try:
                    model.export(tmp_path / "m.onnx")
                except sa.UnsupportedError as error:
                    assert "node pool" in str(error)
                    continue
                data = np.random.default_rng(0).standard_normal((2, 3, size, size), np.float32)
                assert_close(run(tmp_path / "m.onnx", data)[0], model.forward(data, keep=False))
                written += 1
    assert written > 40


# ---- onnx's own models ----


def weighted_light_model(name: str, path: Path) -> Path:
    """Write a model of the `onnx` package with random weights in place of its constant ones.

    They fill 240 MB from a file of 4 kB, which the reader refuses: no file may take more memory than twice its size.
    """
    folder = Path(onnx.__file__).parent / "backend/test/data/light"
    model = onnx.load(folder / f"light_{name}.onnx")
    shapes = {tensor.name: tuple(onnx.numpy_helper.to_array(tensor)) for tensor in model.graph.initializer}
    random, kept = np.random.default_rng(0), []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        shape = shapes[node.input[0]]
        values = random.standard_normal(shape, np.float32) * (2 / np.prod(shape[1:])) ** 0.5
        values = np.abs(values) if len(shape) == 1 else values  # some are variances
        model.graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float32), node.output[0]))
    del model.graph.node[:]
    model.graph.node.extend(kept)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(("name", "variant"), [("bvlc_alexnet", "caffe"), ("vgg19", "vgg-E")])
def test_light_models(tmp_path: Path, name: str, variant: str) -> None:
    path = weighted_light_model(name, tmp_path / "m.onnx")
    model = sa.load(path, strict=False)
    assert model.variant == variant and model.input_shape == (3, 224, 224)
    data = np.random.default_rng(1).standard_normal((1, 3, 224, 224), np.float32)
    # The file's network reads blue, green, red.
    logits = model.forward(np.ascontiguousarray(data[:, ::-1]), keep=False)
    (probabilities,) = run(path, data)
    ours = np.exp(logits - logits.max())
    np.testing.assert_allclose(ours / ours.sum(), probabilities, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize(
    "name", ["squeezenet", "resnet50", "inception_v1", "densenet121", "shufflenet", "inception_v2"]
)
def test_other_light_models_are_refused_by_a_node(tmp_path: Path, name: str) -> None:
    path = weighted_light_model(name, tmp_path / "m.onnx")
    with pytest.raises(sa.UnsupportedError, match=r"m\.onnx: node \w+ \(\w+\): "):
        sa.load(path)


# ---- PyTorch's exporters and tf2onnx ----


@pytest.mark.parametrize("name", ["alexnet", "vgg11", "vgg13_bn", "vgg16", "vgg19_bn"])
@pytest.mark.parametrize(
    ("dynamo", "opset"), [(False, 9), (False, 11), (False, 17), (False, 20), (True, 18), (True, 20), (True, 21)]
)
@pytest.mark.parametrize("dynamic", [False, True])
def test_torch(tmp_path: Path, name: str, dynamo: bool, opset: int, dynamic: bool) -> None:
    torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
    from peers.make_torch_files import images, narrow

    widths = {"alexnet": (8, 12, 16, 12, 12), "vgg": (4, 4, 6, 6, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8)}
    depth = {"vgg11": 8, "vgg13_bn": 10, "vgg16": 13, "vgg19_bn": 16, "alexnet": 5}[name]
    model = narrow(name, (*widths["alexnet" if name == "alexnet" else "vgg"][:depth], 16, 12, 10))
    from peers.make_onnx_files import export_torch

    path = export_torch(model, tmp_path / "m.onnx", dynamo, dynamic, opset)
    with torch.no_grad():
        wanted = model(images()).numpy()
    assert_close(sa.load(path).forward(images().numpy(), keep=False), wanted)


@pytest.mark.parametrize("size", [64, 224])
def test_torch_with_the_weights_in_another_file(tmp_path: Path, size: int) -> None:
    torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
    from peers.make_onnx_files import export_torch
    from peers.make_torch_files import images, narrow

    model = narrow("alexnet")
    export_torch(model, tmp_path / "m.onnx", True, external_data=True)
    assert (tmp_path / "m.onnx.data").exists()
    with torch.no_grad():
        assert_close(sa.load(tmp_path / "m.onnx").forward(images().numpy(), keep=False), model(images()).numpy())
    os.rename(tmp_path / "m.onnx.data", tmp_path / "elsewhere")
    (tmp_path / "m.onnx.data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"m\.onnx\.data"):
        sa.load(tmp_path / "m.onnx")


def torch_modules() -> dict[str, Any]:
    """Return networks with other ways of writing what torchvision's have."""
    from torch import nn

    def network(*tail: nn.Module, bias: bool = True) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 8, 7, 4, (3, 3), bias=bias), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), *tail
        )

    class Viewed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = network(), nn.Linear(8 * 28 * 28, 5)

        def forward(self, x: Any) -> Any:
            x = self.body(x)
            return self.head(x.view(x.size(0), -1))

    return {
        "view": Viewed(),
        "average": network(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)),
        "quarters": network(nn.AdaptiveAvgPool2d(14), nn.Flatten(), nn.Linear(8 * 196, 5)),
        "no bias": network(nn.AvgPool2d(3, 2, 1), nn.Flatten(), nn.Linear(8 * 196, 5, bias=False), bias=False),
        "groups": network(
            nn.Conv2d(8, 6, 3, groups=2), nn.Tanh(), nn.Flatten(), nn.Linear(6 * 26 * 26, 5), nn.Softmax(1)
        ),
        "convolutions": network(nn.Conv2d(8, 6, 28), nn.Sigmoid(), nn.Conv2d(6, 5, 1), nn.Flatten()),
        "padded": network(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(8, 6, 3), nn.Flatten(), nn.Linear(6 * 27 * 29, 5)),
        "response norm": network(nn.LocalResponseNorm(5, 0.1, 0.75, 2), nn.Flatten(), nn.Linear(8 * 28 * 28, 5)),
        "normalised": network(nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 28 * 28, 5)),
    }


@pytest.mark.parametrize("dynamo", [False, True])
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize(
    "name", ["view", "average", "quarters", "no bias", "groups", "convolutions", "padded", "normalised"]
)
def test_other_torch_modules(tmp_path: Path, name: str, dynamo: bool, dynamic: bool) -> None:
    torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
    from peers.make_onnx_files import export_torch
    from peers.make_torch_files import images

    torch.manual_seed(0)
    module = torch_modules()[name].eval()
    path = export_torch(module, tmp_path / "m.onnx", dynamo, dynamic, 18 if dynamo else 17)
    logits = sa.load(path).forward(images().numpy(), keep=False)
    with torch.no_grad():
        wanted = module(images())
    if name == "groups":
        logits = torch.softmax(torch.from_numpy(logits), 1).numpy()
    assert_close(logits, wanted.numpy())


@pytest.mark.parametrize("dynamic", [False, True])
def test_torch_s_response_norm(tmp_path: Path, dynamic: bool) -> None:
    """The exporter writes it in steps; the older one needs a branch, which is refused."""
    torch = pytest.importorskip("torch", reason="make test-peers installs torch and runs this")
    from peers.make_onnx_files import export_torch
    from peers.make_torch_files import images

    torch.manual_seed(0)
    module = torch_modules()["response norm"].eval()
    path = export_torch(module, tmp_path / "m.onnx", True, dynamic, 18)
    with torch.no_grad():
        wanted = module(images()).numpy()
    model = sa.load(path)
    assert "response_norm" in model.spec
    assert_close(model.forward(images().numpy(), keep=False), wanted)
    with pytest.raises(sa.UnsupportedError, match="node "):
        sa.load(export_torch(module, tmp_path / "old.onnx", False))


@pytest.mark.parametrize("batch", [None, 1])
@pytest.mark.parametrize("opset", [12, 15, 18])
def test_tf2onnx(tmp_path: Path, opset: int, batch: int | None) -> None:
    pytest.importorskip("tf2onnx", reason="make test-peers installs tf2onnx and runs this")
    from peers import make_keras_files
    from peers.make_onnx_files import export_keras, keras_vgg

    model, pixels = keras_vgg()
    path = export_keras(model, tmp_path / "m.onnx", opset, batch)
    wanted = make_keras_files.logits(model, pixels)
    ours = sa.load(path)
    assert ours.variant == "vgg-D"
    assert_close(ours.forward(np.ascontiguousarray(pixels[..., ::-1]), layout="NHWC", keep=False), wanted)


@pytest.mark.parametrize("opset", [13, 17, 18])
def test_tf2onnx_of_other_networks(tmp_path: Path, opset: int) -> None:
    pytest.importorskip("tf2onnx", reason="make test-peers installs tf2onnx and runs this")
    import tf_keras
    from peers import make_keras_files
    from peers.make_onnx_files import export_keras

    layers = tf_keras.layers
    shape = (37, 37, 3)
    model = tf_keras.Sequential(
        [
            layers.Input(shape),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.ZeroPadding2D(((1, 2), (2, 0))),
            layers.Conv2D(6, 5, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(3, strides=2),
            layers.Conv2D(8, 4, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(scale=False),
            layers.Activation("relu"),
            layers.AveragePooling2D(2, strides=1, padding="same"),
            layers.Conv2D(8, 3, padding="same", activation="tanh"),
            layers.MaxPooling2D(3, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dense(12),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dropout(0.5),
            layers.Dense(5),
        ]
    )
    make_keras_files.randomized(model, 2)
    pixels = make_keras_files.images(shape, 3)
    ours = sa.load(export_keras(model, tmp_path / "m.onnx", opset))
    # The graph scales the image: the model's preprocessing does so too.
    np.testing.assert_allclose(ours.preprocessing.mean, [127.5] * 3, rtol=1e-6)
    prepared = (pixels - ours.preprocessing.mean) * ours.preprocessing.scale
    assert_close(ours.forward(prepared, layout="NHWC", keep=False), model.predict(pixels, verbose=0))


def test_tf2onnx_of_a_network_in_a_network(tmp_path: Path) -> None:
    pytest.importorskip("tf2onnx", reason="make test-peers installs tf2onnx and runs this")
    import tf_keras
    from peers import make_keras_files
    from peers.make_onnx_files import export_keras

    model = make_keras_files.randomized(make_keras_files.transferred(tf_keras), 4)
    pixels = make_keras_files.images((20, 20, 3), 5) / 100
    ours = sa.load(export_keras(model, tmp_path / "m.onnx"))
    assert_close(ours.forward(pixels, layout="NHWC", keep=False), model.predict(pixels, verbose=0))
