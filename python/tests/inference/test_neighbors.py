"""Nearest neighbours against brute force, with distances below float32's precision, and over blocks of images."""

import numpy as np
import pytest
from support import dataset, labelled_images, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.inference import neighbors
from swiftalexnet.inference.neighbors import last_hidden, nearest, nearest_images


def brute_force(features, queries, count):
    """Sort all distances, each computed by itself."""
    table = [[np.linalg.norm(row.astype(float) - query.astype(float)) for row in features] for query in queries]
    order = [sorted(range(len(row)), key=lambda index: (row[index], index))[:count] for row in table]
    return np.array(order), np.array([[row[i] for i in chosen] for row, chosen in zip(table, order, strict=True)])


@pytest.mark.parametrize("block", [1, 7, 1 << 22])
@pytest.mark.parametrize("count", [1, 5, 40])
def test_brute_force(block, count, monkeypatch):
    monkeypatch.setattr(neighbors, "_VALUES_AT_ONCE", block)
    generator = np.random.default_rng(0)
    features = generator.normal(size=(40, 6)).astype(np.float32)
    features[10:14] = features[3]  # the same distance: the first comes first
    queries = np.vstack([features[3], generator.normal(size=(4, 6)).astype(np.float32)])
    indices, distances = nearest(features, queries, count)
    expected = brute_force(features, queries, count)
    np.testing.assert_array_equal(indices, expected[0])
    np.testing.assert_allclose(distances, expected[1], rtol=1e-12, atol=0)


def test_close_rows_far_from_zero_do_not_cancel():
    features = np.full((3, 2), 1e6, np.float32)
    features[1, 0] += 0.0625
    features[2, 0] += 0.125
    indices, distances = nearest(features, features[2:], 3)
    assert indices.tolist() == [[2, 1, 0]] and distances.tolist() == [[0, 0.0625, 0.125]]


@pytest.mark.parametrize(
    ("features", "queries", "count", "message"),
    [
        (np.ones(3), np.ones((1, 3)), 1, r"features has shape \(3,\)"),
        (np.ones((4, 3)), np.ones((1, 2)), 1, "features have 3 values, queries 2"),
        (np.ones((4, 3)), np.ones((1, 3)), 5, "count is 5"),
        (np.ones((4, 3)), np.ones((1, 3)), 0, "count is 0"),
        (np.ones((4, 3)), np.full((1, 3), np.nan), 1, "queries holds values that are not finite"),
        (np.array([["a"]]), np.ones((1, 1)), 1, "of numbers"),
    ],
)
def test_arrays_that_do_not_fit(features, queries, count, message):
    with pytest.raises(ValueError, match=message):
        nearest(features, queries, count)


def test_arrays_that_do_not_fit_into_memory():
    huge = np.broadcast_to(np.float32(1), (2**40, 7))
    for features, queries in ((huge, np.ones((1, 7))), (np.ones((1, 7)), huge)):
        with pytest.raises(MemoryError, match="nearest: "):
            nearest(features, queries, 1)


def test_a_model_is_a_model():
    with pytest.raises(TypeError, match="nearest_images: model is None, expected a Model"):
        nearest_images(None, dataset(3), np.zeros((1, 9, 9, 3), np.uint8), 1)


@pytest.mark.parametrize("block", [4, 1000])
def test_images_in_blocks(block, monkeypatch):
    monkeypatch.setattr(neighbors, "_IMAGES_AT_ONCE", block)
    model, data, queries = tiny_model(), dataset(30), labelled_images(3, seed=5)[0]
    features = model.features(np.stack([data.image(i, model.preprocessing.geometry) for i in range(30)]), ["relu6"])
    wanted = model.features(queries, ["relu6"])
    indices, distances = nearest_images(model, data, queries, 6)
    expected = nearest(features["relu6"], wanted["relu6"], 6)
    np.testing.assert_array_equal(indices, expected[0])
    np.testing.assert_allclose(distances, expected[1], rtol=1e-5)


def test_images_that_cannot_be_read_are_left_out(tmp_path):
    folder, model = photo_folder(tmp_path / "photos"), tiny_model()
    whole = sa.ImageFolder(folder)
    query = whole.image(3, model.preprocessing.geometry)[None]
    assert nearest_images(model, whole, query, 2)[0][0, 0] == 3
    whole.paths[1].write_bytes(b"broken")
    data = sa.ImageFolder(folder, on_error="skip")
    assert nearest_images(model, data, query, 2)[0][0, 0] == 3
    with pytest.raises(ValueError, match="23 images could be read, expected at least 24"):
        nearest_images(model, data, query, 24)


def test_last_hidden_layer():
    assert last_hidden(tiny_model()) == "relu6"
    assert last_hidden(sa.alexnet("paper", 2, image_size=64, initialization="zeros")) == "relu7"
    shallow = "network n\ndata channels=1 height=2 width=2\ndense fc outputs=2\nsoftmax prob\n"
    with pytest.raises(ValueError, match="no hidden layer"):
        last_hidden(sa.Model.from_spec(shallow, "zeros"))
