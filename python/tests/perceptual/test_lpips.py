"""LPIPS: forms of images, pairs of any size, all pairs, gradients, refusals; peers/test_perceptual has the values."""

import copy
import pickle

import numpy as np
import pytest
from lpips_trunk import trunk
from PIL import Image
from safetensors.numpy import save_file
from small_weights import torchvision_alexnet

import swiftalexnet as sa
from swiftalexnet.perceptual import measure


@pytest.fixture(scope="module")
def metric():
    return sa.LPIPS(backbone=trunk())


def images(seed, count=3, height=40, width=52):
    """Return smooth images with noise, so that not all are equally far from each other."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, width)[:, None] * random.uniform(0.2, 1, (count, 1, 1, 3))
    return (ramp + random.integers(0, 50, (count, height, width, 3))).astype(np.uint8)


A, B = images(1), images(2)


def test_one_pair_and_what_is_recorded(metric):
    found = metric(A[0], B[0])
    assert found.value > 0 and float(found) == found.value
    assert sum(found.per_layer.values()) == pytest.approx(found.value, rel=1e-6)
    assert list(found.per_layer) == ["relu1", "relu2", "relu3", "relu4", "relu5"] and found.map is None
    assert (found.net, found.version, found.value_range) == ("alex", "0.1", (0, 255))
    assert repr(found) == f"<LPIPS {found.value:.6g}: net alex, version 0.1, values 0 to 255>"
    assert float(metric(A[0], A[0])) == 0 and float(metric(B[0], A[0])) == found.value


def test_all_forms_of_images_agree(metric, tmp_path):
    expected = metric(A, B).values
    paths = []
    for number, image in enumerate(A):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(image).save(paths[-1])
    one_by_one = [float(metric(a, b)) for a, b in zip(A, B, strict=True)]
    forms = {
        "lists": metric(list(A), list(B)),
        "paths": metric(paths, B),
        "strings and Pillow": metric(list(map(str, paths)), [Image.fromarray(image) for image in B]),
        "NCHW": metric(A.transpose(0, 3, 1, 2), B.transpose(0, 3, 1, 2), layout="NCHW"),
        "memoryview": metric(memoryview(A), B),
        "one by one": one_by_one,
    }
    for name, found in forms.items():
        np.testing.assert_array_equal(np.asarray(found), expected, name)
    floats = metric(A / 255, B.astype(np.float32) / 255, value_range=(0, 1))
    np.testing.assert_allclose(floats.values, expected, rtol=1e-5)
    assert floats.value_range == (0, 1)
    np.testing.assert_allclose(metric(A.astype(np.int16), B, value_range=(0, 255)).values, expected, rtol=1e-5)


def test_floats_are_not_rounded(metric):
    x = np.full((40, 40, 3), 0.5, np.float32)
    assert float(metric(x, x + 1e-3, value_range=(0, 1))) != float(metric(x, x, value_range=(0, 1)))


def test_a_grey_image_is_one_with_equal_channels(metric, tmp_path):
    grey = A[0, :, :, 0]
    expected = float(metric(np.repeat(grey[..., None], 3, -1), B[0]))
    Image.fromarray(grey).save(tmp_path / "grey.png")
    for form in (grey, grey[..., None], tmp_path / "grey.png"):
        assert float(metric(form, B[0])) == expected
    assert float(metric(grey / 255, B[0], value_range=(0, 1))) == pytest.approx(expected, rel=1e-5)


def test_one_image_for_all_of_the_other_side(metric):
    expected = [float(metric(a, B[0])) for a in A]
    np.testing.assert_array_equal(metric(A, B[0]).values, expected)
    np.testing.assert_array_equal(metric(B[0], list(A)).values, expected)
    np.testing.assert_array_equal(metric(A, B[:1]).values, expected)
    assert len(metric(A[:1], B[0])) == 1  # a batch of one is a batch


def test_pairs_of_many_sizes(metric, monkeypatch):
    sides = [(40, 52), (64, 35), (64, 35), (40, 52), (40, 52)]
    a, b = ([images(seed + n, 1, *size)[0] for n, size in enumerate(sides)] for seed in (10, 20))
    expected = [float(metric(*pair)) for pair in zip(a, b, strict=True)]
    np.testing.assert_array_equal(metric(a, b).values, expected)
    monkeypatch.setattr(measure, "_AT_ONCE", 1)
    found = metric(a, b, spatial=True)
    np.testing.assert_array_equal(found.values, expected)
    assert [each.shape for each in found.maps] == sides


def test_maps(metric):
    found = metric(A, B, spatial=True)
    assert len(found.maps) == 3 and all((each >= 0).all() for each in found.maps)
    np.testing.assert_array_equal(found.values, metric(A, B).values)
    np.testing.assert_array_equal(found[1].map, metric(A[1], B[1], spatial=True).map)
    changed = A[0].copy()
    changed[:8, :8] = 255
    where = metric(A[0], changed, spatial=True).map
    assert where[:8, :8].mean() > 3 * where[-8:, -8:].mean()


def test_results_as_a_table(metric):
    found = metric(A, B)
    assert len(found) == 3 and [each.value for each in found] == found.values.tolist()
    assert found[-1].value == found.values[2] and found.per_layer.shape == (3, 5)
    with pytest.raises(IndexError, match="Distances"):
        found[3]
    assert "3 pairs" in repr(found)
    pytest.importorskip("pandas")
    frame = found.to_frame()
    assert list(frame.columns) == ["lpips", *found.layers] and len(frame) == 3


def test_files_are_turned_as_their_camera_says(metric, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(np.rot90(A[0])).save(tmp_path / "turned.png", exif=exif)
    assert float(metric(tmp_path / "turned.png", A[0])) == 0


# All pairs


def test_all_pairs_are_those_of_calls(metric):
    x = np.concatenate([A, A[:1], B])
    x[3, 0, 0, 0] ^= 1  # nearly a copy
    expected = np.array([[float(metric(a, b)) for b in x] for a in x])
    found = metric.cdist(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-10)
    assert found[0, 3] == pytest.approx(expected[0, 3], rel=1e-3) and expected[0, 3] < 1e-3
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(metric.cdist(A, x)[:, :3], found[:3, :3])


def test_features_are_computed_once_if_they_fit(metric, monkeypatch):
    seen = []
    features = metric._measure._trunk.features
    monkeypatch.setattr(metric._measure._trunk, "features", lambda levels: seen.append(len(levels)) or features(levels))
    x = images(3, 7)
    whole = metric.cdist(x)
    assert sum(seen) == 7
    for vectors in (1, 2, 4, 6):
        np.testing.assert_array_equal(metric.cdist(x, max_bytes=vectors * 4 * metric.embed(x[:1]).size), whole)
        np.testing.assert_array_equal(
            metric.cdist(x[:5], x[3:], max_bytes=vectors * 4 * metric.embed(x[:1]).size), whole[:5, 3:]
        )


def test_vectors(metric):
    vectors = metric.embed(A)
    assert vectors.dtype == np.float32 and len(vectors) == 3
    assert ((vectors[0].astype(np.float64) - vectors[1]) ** 2).sum() == pytest.approx(float(metric(A[0], A[1])), 1e-5)


# Gradients


def test_a_step_down_the_gradient_comes_nearer(metric):
    x, reference = A[0].astype(np.float64), B[0]
    value, gradient = metric.value_and_grad(x, reference, value_range=(0, 255))
    x -= gradient * 0.1 * value / (gradient.astype(np.float64) ** 2).sum()
    nearer, _ = metric.value_and_grad(x, reference, value_range=(0, 255))
    assert nearer == pytest.approx(0.9 * value, rel=0.02)


def test_gradients_have_the_form_of_the_images(metric, tmp_path):
    value, expected = metric.value_and_grad(A, B)
    np.testing.assert_allclose(value, metric(A, B).values, rtol=1e-5)
    assert expected.dtype == np.float32 and expected.shape == A.shape
    one, gradient = metric.value_and_grad(A[1], B[1])
    assert one == value[1]
    np.testing.assert_array_equal(gradient, expected[1])
    _, several = metric.value_and_grad(list(A), B)
    np.testing.assert_array_equal(np.stack(several), expected)
    _, chw = metric.value_and_grad(A.transpose(0, 3, 1, 2), B.transpose(0, 3, 1, 2), layout="NCHW")
    np.testing.assert_array_equal(chw, expected.transpose(0, 3, 1, 2))
    _, unit = metric.value_and_grad(A / 255, B / 255, value_range=(0, 1))
    np.testing.assert_allclose(unit / 255, expected, atol=1e-4 * np.abs(expected).max())
    Image.fromarray(A[1]).save(tmp_path / "one.png")
    for form in (tmp_path / "one.png", Image.fromarray(A[1])):
        np.testing.assert_array_equal(metric.value_and_grad(form, B[1])[1], gradient)
    grey = A[0, :, :, 0]
    _, whole = metric.value_and_grad(np.repeat(grey[..., None], 3, -1), B[0])
    np.testing.assert_allclose(metric.value_and_grad(grey, B[0])[1], whole.sum(axis=-1), rtol=1e-5)
    np.testing.assert_allclose(metric.value_and_grad(grey[None, ..., None], B[0])[1][0, ..., 0], whole.sum(axis=-1))


def test_many_images_and_one_reference(metric, monkeypatch):
    _, expected = metric.value_and_grad(A, np.stack([B[0]] * 3))
    monkeypatch.setattr(measure, "_AT_ONCE", 1)
    np.testing.assert_array_equal(metric.value_and_grad(A, B[0])[1], expected)
    with pytest.raises(ValueError, match="1 image and 3 references"):
        metric.value_and_grad(A[0], B)


def test_gradients_are_finite_where_features_are_zero():
    model = trunk()
    for name, parameter in model.parameters().items():
        if name.endswith("bias"):
            parameter[...] = 0
    black = np.zeros((40, 40, 3), np.float32)
    for version in ("0.1", "0.0"):
        metric = sa.LPIPS("alex", version, backbone=model)
        middle = -0.03 + 1 if version == "0.1" else 1.0  # where the first layer's input is zero, but for red's shift
        value, gradient = metric.value_and_grad(
            black + np.float32(middle / 2), B[0][:40, :40] / 255, value_range=(0, 1)
        )
        assert np.isfinite(value) and np.isfinite(gradient).all()
    for name, parameter in model.parameters().items():
        if name == "conv1.bias":
            parameter[...] = -1e6
    value, gradient = sa.LPIPS(backbone=model).value_and_grad(A[0], B[0])
    assert value == 0 and not gradient.any()


def test_an_optimiser_may_leave_the_range_by_its_width(metric):
    x = np.full((40, 40, 3), 1.9)
    assert metric.value_and_grad(x, x * 0, value_range=(0, 1))[0] > 0
    with pytest.raises(ValueError, match="outside value_range"):
        metric.value_and_grad(x * 100, x * 0, value_range=(0, 1))
    with pytest.raises(ValueError, match="outside value_range"):
        metric(x, x * 0, value_range=(0, 1))


# The backbone


def test_only_the_convolutional_part_is_kept_and_training_the_model_changes_nothing(tmp_path):
    model = sa.Model.from_spec(trunk().spec + "max_pool pool5 kernel=3 stride=2 pad=0,0,0,0 ceil=0\n", "torchvision")
    metric = sa.LPIPS(backbone=model)
    before = float(metric(A[0], B[0]))
    model.save(tmp_path / "model.safetensors")
    from_file = sa.LPIPS(backbone=tmp_path / "model.safetensors")
    model.parameters()["conv1.weight"][...] = 0
    assert float(metric(A[0], B[0])) == before == float(from_file(A[0], B[0]))
    assert [row.name for row in metric._measure._trunk.model.summary().rows][-1] == "relu5"


def test_exact_sums(metric):
    exact = sa.LPIPS(backbone=trunk(), fast_math=False)
    np.testing.assert_allclose(metric(A, B).values, exact(A, B).values, rtol=1e-5)
    np.testing.assert_array_equal(exact.value_and_grad(A, B)[0], exact(A, B).values)
    with pytest.raises(TypeError, match="fast_math"):
        sa.LPIPS(backbone=trunk(), fast_math="yes")


def test_copies_and_pickles(metric):
    for copied in (copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
        assert repr(copied) == repr(metric)
        np.testing.assert_array_equal(copied(A, B).values, metric(A, B).values)


def test_versions_differ():
    model = trunk()
    assert float(sa.LPIPS("alex", "0.0", model)(A[0], B[0])) != float(sa.LPIPS("alex", "0.1", model)(A[0], B[0]))


def test_weights_that_are_not_here(monkeypatch, tmp_path):
    for name in ("SWIFTALEXNET_HOME", "TORCH_HOME", "HF_HOME", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("SWIFTALEXNET_OFFLINE", "1")
    for net, file in (("alex", "alexnet-owt-7be5be79"), ("vgg", "vgg16-397923af")):
        with pytest.raises(OSError, match=rf"LPIPS.*not on this machine.*{file}.*put it at"):
            sa.LPIPS(net)


def test_backbones_of_other_networks_are_refused(tmp_path):
    narrow = tmp_path / "narrow.pth"
    save_file(torchvision_alexnet(), narrow)
    grey = trunk().spec.replace("channels=3", "channels=1")
    others = {
        "expected": sa.Model.from_spec(grey, "zeros"),
        "outputs=96.*where.*outputs=64": sa.Model.from_spec(
            sa.alexnet("caffe", 2, image_size=67, initialization="zeros").spec, "zeros"
        ),
        "outputs=64": narrow,
        "stands on VGG-16": trunk(),
    }
    for words, other in others.items():
        with pytest.raises(ValueError, match=words):
            sa.LPIPS("vgg" if "VGG" in words else "alex", backbone=other)
    trunk().save(tmp_path / "alex.safetensors")
    with pytest.raises(ValueError, match="stands on VGG-16.*relu5_3"):
        sa.LPIPS("vgg", backbone=tmp_path / "alex.safetensors")
    (tmp_path / "broken").write_bytes(b"broken")
    with pytest.raises(sa.CheckpointCorruptError):
        sa.LPIPS(backbone=tmp_path / "broken")
    with pytest.raises(FileNotFoundError):
        sa.LPIPS(backbone=tmp_path / "missing")
    with pytest.raises(TypeError, match="backbone is 5"):
        sa.LPIPS(backbone=5)


@pytest.mark.parametrize(("name", "words"), [("net", "alex, vgg; did you mean 'vgg'"), ("version", "0.1, 0.0")])
def test_unknown_words(name, words):
    with pytest.raises(ValueError, match=words):
        sa.LPIPS(**{name: "vgg16"})
    with pytest.raises(TypeError, match="version is 0.1, expected a text: '0.1' or '0.0'"):
        sa.LPIPS(version=0.1)


# What is refused

SMALL = np.zeros((8, 8, 3), np.uint8)
REFUSALS = {
    "floats": (lambda m: m(A[0] / 255, B[0] / 255), ValueError, "value_range"),
    "two sizes": (lambda m: m(A[0], B[0, :39]), ValueError, "40 × 52 and 39 × 52 pixels.*resize or crop"),
    "two sizes in a list": (lambda m: m([A[0], A[0]], [B[0], B[0, :39]]), ValueError, "pair 1"),
    "numbers": (lambda m: m(A, B[:2]), ValueError, "got 3 and 2 images.*cdist"),
    "too small": (lambda m: m(SMALL, SMALL), ValueError, "8 × 8 pixels are too small"),
    "four channels": (
        lambda m: m(np.zeros((40, 40, 4), np.uint8), A[0]),
        ValueError,
        r"shape \(40, 40, 4\).*\[\.\.\., :3\]",
    ),
    "four channels in a list": (lambda m: m([np.zeros((40, 40, 4), np.uint8)], A[:1]), ValueError, "4 channels|shape"),
    "no images": (lambda m: m([], []), ValueError, "empty list"),
    "nothing": (lambda m: m(None, A[0]), TypeError, "NoneType"),
    "cdist of two sizes": (lambda m: m.cdist([A[0], A[0, :39]]), ValueError, "image 1, an array, has 39 × 52"),
    "cdist of x and y": (lambda m: m.cdist(A, B[:, :39]), ValueError, "x has images of 40 × 52 pixels, y of 39"),
    "embed two sizes": (lambda m: m.embed([A[0], A[0, :39]]), ValueError, "one size"),
    "spatial": (lambda m: m(A[0], B[0], spatial="no"), TypeError, "spatial is 'no', expected True or False"),
    "max_bytes": (lambda m: m.cdist(A, max_bytes=0), ValueError, "max_bytes is 0"),
    "gradient of floats": (lambda m: m.value_and_grad(A[0] / 255, B[0]), ValueError, "value_range"),
    "a missing file": (lambda m: m("missing.png", A[0]), FileNotFoundError, "missing.png"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(metric, name):
    call, kind, words = REFUSALS[name]
    with pytest.raises(kind, match=words):
        call(metric)


def test_features_that_are_not_finite():
    model = trunk()
    for _ in range(2):
        model.parameters()["conv1.weight"][...] *= 1e18
    metric = sa.LPIPS(backbone=model)
    for call in (metric, metric.value_and_grad, metric.cdist):
        with pytest.raises(sa.NonFiniteError, match="0 is not finite"):
            call(A[:2], B[:2])


def test_sizes_are_checked_before_anything_is_computed(metric, monkeypatch, tmp_path):
    monkeypatch.setattr(metric._measure._trunk, "features", None)
    paths = []
    for number, height in enumerate((40, 40, 41)):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(images(1, 1, height)[0]).save(paths[-1])
    with pytest.raises(ValueError, match=r"pair 2.*2\.png"):
        metric(paths, list(A))
    with pytest.raises(ValueError, match="image 2"):
        metric.cdist(paths)
