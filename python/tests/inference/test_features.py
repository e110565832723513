"""Features in memory: names of layers, forms, labelled tables, images of every kind."""

import warnings

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, labelled_images, needs, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet._support.native_arguments import FLOAT32
from swiftalexnet.inference import feature_layers
from swiftalexnet.inference.feature_layers import Form, Layers
from swiftalexnet.network import layer_names
from swiftalexnet.network.catalog import catalog

MAPS, VECTOR = "conv1", "fc6"


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def images():
    return labelled_images(10)[0]


def test_before_and_after_relu_are_different_and_one_is_made_of_the_other(model, images):
    found = model.features(images, ["conv1", "relu1", "conv2", "relu2"])
    for number in "12":
        before, after = found[f"conv{number}"], found[f"relu{number}"]
        assert before.min() < 0 and np.array_equal(np.maximum(before, 0), after)


def test_outputs_are_those_of_the_engine_in_its_order(model, images):
    found = model.features(images, ["data", "pool1", VECTOR, "prob"])
    logits = model.forward(found["data"], keep=False)
    assert np.array_equal(model.probabilities(images), found["prob"])
    softmax = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(found["prob"], softmax / softmax.sum(1, keepdims=True), rtol=1e-5)
    relu = model.features(images, ["norm1"])["norm1"]
    windows = np.lib.stride_tricks.sliding_window_view(relu, (3, 3), (2, 3))[:, :, ::2, ::2]
    assert np.array_equal(windows.max((4, 5)), found["pool1"])


def test_a_layer_named_twice_shares_its_array(images):
    model = sa.alexnet("owt", num_classes=3, image_size=67)
    found = model.features(images, ["conv3", "features.6", "conv3"])
    assert list(found) == ["conv3", "features.6"] and found["conv3"] is found["features.6"]


def test_large_outputs_are_computed_a_few_images_at_a_time(model, images, monkeypatch):
    whole = model.features(images, ["conv1", "fc6"])
    monkeypatch.setattr(feature_layers, "_BYTES_AT_ONCE", 3 * 4 * (8 * 9 * 9 + 24))
    asked = Layers(model, ["conv1", "fc6"], Form(), FLOAT32, "features")
    assert [asked.at_once(size) for size in (1, 2, 3, 64)] == [1, 2, 3, 3]
    monkeypatch.setattr(feature_layers, "_BYTES_AT_ONCE", 1)
    assert asked.at_once(64) == 1
    found = model.features(images, ["conv1", "fc6"])
    assert all(np.array_equal(found[layer], whole[layer]) for layer in whole)


@pytest.mark.parametrize("pool", ["avg", "max", "gem"])
def test_pooled(pool, model, images):
    whole = model.features(images, [MAPS, VECTOR])
    found = model.features(images, [MAPS, VECTOR], pool=pool, flatten=True)
    assert found[MAPS].shape == (10, 8) and np.array_equal(found[VECTOR], whole[VECTOR])
    values = whole[MAPS].astype(np.float64)
    expected = {
        "avg": values.mean((2, 3)),
        "max": values.max((2, 3)),
        "gem": (np.maximum(values, 1e-6) ** 3).mean((2, 3)) ** (1 / 3),
    }
    np.testing.assert_allclose(found[pool and MAPS], expected[pool], rtol=1e-5, atol=1e-5)


def test_flattened_in_the_order_channels_rows_columns(model, images):
    whole, flat = (model.features(images, [MAPS, VECTOR, "data"], flatten=flatten) for flatten in (False, True))
    for layer in (MAPS, "data"):
        assert np.array_equal(flat[layer], whole[layer].reshape(10, -1))
    assert np.array_equal(flat[VECTOR], whole[VECTOR])


def test_float16_is_rounded_float32(model, images):
    whole, half = (model.features(images, [MAPS, VECTOR], dtype=dtype) for dtype in ("float32", "float16"))
    for layer in (MAPS, VECTOR):
        assert half[layer].dtype == np.float16 and np.array_equal(half[layer], whole[layer].astype(np.float16))
    assert model.features(images, [MAPS], dtype=np.float16)[MAPS].dtype == np.float16


def test_values_too_large_for_float16(images):
    model = tiny_model()
    model.parameters()["fc6.bias"][2] = 1e5
    with warnings.catch_warnings(), pytest.raises(ValueError, match=r"fc6 has values up to 1\d+.*float16 goes to 655"):
        warnings.simplefilter("error")
        model.features(images, ["fc6"], dtype="float16")


def test_labelled_table(model, tmp_path):
    needs("pandas")
    folder = photo_folder(tmp_path / "photos", 2)
    found = model.features(folder, [VECTOR, "pool1"])
    table = found.to_frame()
    assert list(table.index[:3]) == ["bright/0.png", "bright/1.png", "dark/0.png"] and table.index.name == "image"
    assert list(table.columns[:2]) == ["fc6[0]", "fc6[1]"] and "pool1[7,3,2]" in table.columns
    assert np.array_equal(table["fc6[5]"], found["fc6"][:, 5])
    assert np.array_equal(table["pool1[7,3,2]"], found["pool1"][:, 7, 3, 2])


class TestImages:
    @pytest.fixture
    def folder(self, tmp_path):
        return photo_folder(tmp_path / "photos", 3)

    def test_every_form_gives_the_same(self, folder, model):
        data = sa.ImageFolder(folder)
        expected = model.features([str(path) for path in data.paths], [VECTOR])
        assert expected.names == tuple(map(str, data.paths))
        relative = tuple(str(path.relative_to(folder)) for path in data.paths)
        pictures = [Image.open(path) for path in data.paths]
        forms = (
            (folder, relative), (str(folder), relative), (data, relative), (iter(data.paths), expected.names),
            ((np.asarray(Image.open(path)) for path in data.paths), tuple(map(str, range(12)))),
            (pictures, tuple(map(str, range(12)))), (iter(pictures), tuple(map(str, range(12)))),
        )  # fmt: skip
        for given, names in forms:
            found = model.features(given, [VECTOR], batch_size=5)
            assert np.array_equal(found[VECTOR], expected[VECTOR]) and found.names == names

    def test_a_data_set_in_memory(self, model, images):
        data = sa.ArrayDataset(images, np.zeros(10, int), CLASSES)
        assert np.array_equal(model.features(data, [VECTOR])[VECTOR], model.features(images, [VECTOR])[VECTOR])

    def test_broken_ones_are_left_out_and_named(self, folder, model):
        (folder / "dark" / "1.png").write_bytes(b"broken")
        with pytest.raises(ValueError, match=r"dark/1.png cannot be decoded"):
            model.features(folder, [VECTOR])
        for given in (folder, sa.ImageFolder(folder, on_error="skip"), iter(sa.ImageFolder(folder).paths)):
            options = {} if isinstance(given, sa.ImageFolder) else {"on_error": "skip", "max_errors": 1}
            found = model.features(given, [VECTOR], batch_size=2, **options)
            assert found[VECTOR].shape == (11, 24) and len(found.names) == 11
            ((name, why),) = found.skipped.items()
            assert name.endswith("dark/1.png") and "cannot be decoded" in why
        rest = [path for path in sa.ImageFolder(folder).paths if path.parts[-2:] != ("dark", "1.png")]
        assert np.array_equal(model.features(rest, [VECTOR])[VECTOR], found[VECTOR])

    @pytest.mark.parametrize("budget", [1, 0.1])
    def test_too_many_broken_ones(self, budget, folder, model):
        for number in range(2):
            (folder / "dark" / f"{number}.png").write_bytes(b"broken")
        with pytest.raises(
            ValueError, match=r"features: 2 images cannot be read, max_errors allows 1; one of them: .*dark"
        ):
            model.features(folder, [VECTOR], on_error="skip", max_errors=budget)

    def test_nothing_can_be_read(self, tmp_path, model):
        (tmp_path / "a.png").write_bytes(b"broken")
        found = model.features(tmp_path, [VECTOR], on_error="skip")
        assert found[VECTOR].shape == (0, 24) and list(found.skipped) == ["a.png"]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"layers": ["fc9"]}, ValueError, "unknown layer 'fc9', expected one of data, conv1, .*did you mean 'fc6'"),
        ({"layers": "fc6"}, TypeError, r"layers is 'fc6', expected a list of layer names: \['fc6'\]"),
        ({"layers": []}, TypeError, "expected a list of layer names"),
        ({"layers": [3]}, ValueError, "unknown layer 3"),
        ({"layers": [["fc6"]]}, ValueError, "unknown layer"),
        ({"pool": "average"}, ValueError, "unknown pool 'average', expected one of avg, max, gem"),
        ({"flatten": 1}, TypeError, "flatten is 1, expected True or False"),
        ({"dtype": "float64"}, ValueError, "unknown dtype 'float64', expected one of float32, float16"),
        ({"dtype": np.ones(2)}, ValueError, "unknown dtype"),
        ({"on_error": "ignore"}, ValueError, "unknown on_error 'ignore'"),
        ({"max_errors": 3}, ValueError, "max_errors needs on_error='skip'"),
        ({"resume": 1}, TypeError, "resume is 1"),
        ({"progress": "yes"}, TypeError, "progress is 'yes'"),
        ({"images": iter([1]), "on_error": "skip", "max_errors": 0.5}, TypeError, "a fraction, expected an integer"),
        ({"images": iter([1])}, TypeError, "got int, expected images"),
        ({"images": 3}, TypeError, "got int, expected images"),
        ({"images": "/nowhere.jpg"}, OSError, "nowhere"),
    ],
)
def test_bad_input(options, kind, message, model, images):
    with pytest.raises(kind, match=message):
        model.features(**{"images": images, "layers": [VECTOR]} | options)


def test_a_folder_without_images(tmp_path, model):
    with pytest.raises(ValueError, match="features: no images below"):
        model.features(tmp_path, [VECTOR])


SIDES = {"alexnet": 67, "vgg": 32, "cifar": 32}  # small, and large enough for every variant


@pytest.mark.parametrize("variant", sa.variants())
def test_every_name_of_every_layer_has_its_shape(variant):
    """Aliases are resolved and shapes known before anything is computed."""
    family, row = catalog()[variant]
    text = _native.spec(family, row.name, 2, 0, SIDES.get(family, 32), "relu", "", 0)
    model = sa.Model.from_spec(text, "zeros", variant=variant)
    outputs = {row.name: row.output for row in model.summary().rows}
    aliases = layer_names.torchvision_names(variant) | layer_names.keras_names(variant)
    names = {name: name for name in outputs} | aliases
    for form in (Form(), Form(flatten=True), Form(pool="avg"), Form("gem", True, "float16")):
        layers = Layers(model, list(names), form, FLOAT32, "features")
        assert layers.nodes == names
        for name, node in names.items():
            shape = layers.shapes[node]
            if form.pool or len(outputs[node]) == 1:
                assert shape == outputs[node][:1], name
            else:
                assert shape == ((int(np.prod(outputs[node])),) if form.flatten else outputs[node]), name
        assert layers.last == list(outputs)[-1]


@pytest.mark.parametrize(("variant", "build"), [("owt", sa.alexnet), ("D", sa.vgg)])
def test_every_alias_is_its_layer(variant, build):
    side = {"owt": 63, "D": 32}[variant]
    model = build(variant, 2, image_size=side)
    model.preprocessing = model.preprocessing.replace(resize=side)
    images = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), np.uint8)
    aliases = layer_names.torchvision_names(model.variant) | layer_names.keras_names(model.variant)
    parts = {name.partition(".")[0]: node for name, node in aliases.items() if "." in name}
    theirs = model.features(images, [*aliases, *parts])
    ours = model.features(images, list(dict.fromkeys([*aliases.values(), *parts.values()])))
    for alias, node in (aliases | parts).items():
        assert np.array_equal(theirs[alias], ours[node]), alias
    assert parts["features"] == "pool5" and parts["classifier"] == "fc8"
