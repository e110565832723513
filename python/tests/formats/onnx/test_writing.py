"""Models written as ONNX files, and read back."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from formats.onnx.graphs import read, reference
from numpy.testing import assert_allclose
from support import needs, tiny_model

import swiftalexnet as sa
from swiftalexnet.errors import NonFiniteError, UnsupportedError
from swiftalexnet.formats.chain import spec_text
from swiftalexnet.formats.onnx import writing
from swiftalexnet.formats.onnx.writing import write
from swiftalexnet.formats.templates import nodes_of, with_outputs
from swiftalexnet.network.catalog import catalog
from swiftalexnet.network.source import Source

onnx = needs("onnx")

LOCAL = [name for name in catalog() if "local" in name]
WRITTEN = [name for name in catalog() if name not in LOCAL]


def narrow(variant: str, size: int = 0, seed: int = 3) -> sa.Model:
    """Return a variant with a sixteenth of its widths."""
    template = nodes_of(variant, 0, 0, size)
    last = [node for node in template.nodes if node.is_weighted][-1]
    nodes = [
        with_outputs(node, max(4, int(node.fields["outputs"]) // 64 * 4)) if node.is_weighted and node != last else node
        for node in template.nodes
    ]
    model = sa.Model.from_spec(spec_text(variant, template.input, nodes), "torchvision", seed, variant)
    random = np.random.default_rng(seed)
    for name, values in model.parameters().items():
        if name.endswith("bias"):
            values[...] = random.standard_normal(values.shape) / 10
    return model


def assert_same_bits(first: sa.Model, second: sa.Model) -> None:
    """Fail unless two models have the same nodes and the same weights."""
    assert first.spec == second.spec
    for (name, a), (other, b) in zip(first.parameters().items(), second.parameters().items(), strict=True):
        assert name == other and a.tobytes() == b.tobytes()


@pytest.mark.parametrize(("variant", "size"), [*((name, 0) for name in WRITTEN), ("owt", 96), ("owt", 64)])
@pytest.mark.parametrize("preprocessing", [False, True])
def test_round_trip(tmp_path: Path, variant: str, size: int, preprocessing: bool) -> None:
    model = narrow(variant, size)
    model.classes = [f"class {number}" for number in range(model.num_classes)]
    write(model, tmp_path / "m.onnx", preprocessing)
    onnx.checker.check_model(str(tmp_path / "m.onnx"), full_check=True)
    back, _ = read(tmp_path / "m.onnx")
    assert_same_bits(model, back)
    assert back.variant == variant and back.classes == model.classes
    assert repr(back.preprocessing) == repr(model.preprocessing)
    assert np.array_equal(back.preprocessing.mean, model.preprocessing.mean)


@pytest.mark.parametrize("variant", LOCAL)
def test_layers_that_onnx_does_not_have(tmp_path: Path, variant: str) -> None:
    with pytest.raises(UnsupportedError, match=r"export: node local3 \(locally_connected\)"):
        write(sa.cifar_net(variant.removeprefix("cifar-")), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


# Without the normalisation across channels, of which the reference has a bug: see test_graphs.
@pytest.mark.parametrize("variant", ["cifar-18pct", "cifar-80sec"])
def test_the_reference_gives_the_same_logits(tmp_path: Path, variant: str) -> None:
    model = narrow(variant)
    write(model, tmp_path / "m.onnx")
    data = np.random.default_rng(1).standard_normal((3, 3, 32, 32)).astype(np.float32)
    assert_allclose(
        reference(onnx.load(tmp_path / "m.onnx"), data), model.forward(data, keep=False), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("mean", [[120.0, 115.0, 110.0], "image"])
@pytest.mark.parametrize("scale", [None, [0.01, 0.02, 0.03]])
def test_images_go_in(tmp_path: Path, mean: object, scale: list[float] | None) -> None:
    model, random = narrow("cifar-80sec"), np.random.default_rng(0)
    values = random.uniform(90, 150, (37, 37, 3)) if mean == "image" else mean
    model.preprocessing = sa.Preprocessing(37, 32, values, scale, mean_at="crop", resample="bilinear")
    write(model, tmp_path / "m.onnx", preprocessing=True)
    images = random.integers(0, 256, (3, 37, 37, 3), dtype=np.uint8)
    logits = reference(onnx.load(tmp_path / "m.onnx"), images)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert_allclose(probabilities, model.probabilities(images, crops=1), rtol=1e-4, atol=1e-6)
    back, _ = read(tmp_path / "m.onnx")
    assert repr(back.preprocessing) == repr(model.preprocessing)
    assert np.array_equal(back.preprocessing.mean, model.preprocessing.mean)


def test_mean_image_and_whitening_are_kept(tmp_path: Path) -> None:
    model, random = tiny_model(), np.random.default_rng(0)
    model.preprocessing = sa.Preprocessing(
        20, 20, random.uniform(90, 150, (20, 20, 3)), whitening=random.standard_normal((1200, 1200))
    )
    write(model, tmp_path / "m.onnx")
    back, _ = read(tmp_path / "m.onnx")
    assert np.array_equal(back.preprocessing.mean, model.preprocessing.mean)
    assert np.array_equal(back.preprocessing.whitening, model.preprocessing.whitening)
    with pytest.raises(UnsupportedError, match="whitens"):
        write(model, tmp_path / "images.onnx", preprocessing=True)


def test_weights_in_a_file_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = narrow("owt")
    monkeypatch.setattr(writing, "_LARGEST", 1000)
    write(model, tmp_path / "m.onnx")
    monkeypatch.undo()
    assert {path.name for path in tmp_path.iterdir()} == {"m.onnx", "m.onnx.data"}
    onnx.checker.check_model(str(tmp_path / "m.onnx"), full_check=True)
    assert (tmp_path / "m.onnx").stat().st_size < 20_000
    assert_same_bits(model, read(tmp_path / "m.onnx")[0])


def test_provenance_is_told(tmp_path: Path) -> None:
    model = tiny_model()
    model.source = Source("PyTorch (zip)", "alexnet.pth", "0" * 64, licence="BSD-3-Clause")
    write(model, tmp_path / "m.onnx")
    told = {item.key: item.value for item in onnx.load(tmp_path / "m.onnx").metadata_props}
    assert "BSD-3-Clause" in told["swiftalexnet.source"] and "swiftalexnet.variant" not in told


def test_a_network_without_classes(tmp_path: Path) -> None:
    whole = narrow("owt")
    for layer in ("pool5", "conv4"):
        model = whole.up_to(layer)
        write(model, tmp_path / "m.onnx")
        onnx.checker.check_model(str(tmp_path / "m.onnx"), full_check=True)
        assert [output.name for output in onnx.load(tmp_path / "m.onnx").graph.output] == ["features"]
        assert_same_bits(model, read(tmp_path / "m.onnx")[0])


def test_nothing_is_written_of_a_broken_model(tmp_path: Path) -> None:
    model = tiny_model()
    next(iter(model.parameters().values()))[0] = np.nan
    with pytest.raises(NonFiniteError):
        write(model, tmp_path / "m.onnx")
    with pytest.raises(TypeError, match="preprocessing is 1"):
        write(tiny_model(), tmp_path / "m.onnx", preprocessing=1)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tiny_model(), tmp_path / "m.onnx")
    old = (tmp_path / "m.onnx").read_bytes()

    def full(descriptor: int, data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match=r"m\.onnx"):
        write(tiny_model(seed=5), tmp_path / "m.onnx")
    monkeypatch.undo()
    assert (tmp_path / "m.onnx").read_bytes() == old and len(list(tmp_path.iterdir())) == 1
