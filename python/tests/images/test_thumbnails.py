"""Thumbnails in the tables of notebooks: the right images, few of them, and never an error."""

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from html_tables import images_in_html, read_html
from PIL import Image
from support import CLASSES, labelled_images, photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.images.thumbnails import MOST, SIDE, Thumbnail

RED, GREEN = (220, 30, 30), (30, 200, 60)


@pytest.fixture
def in_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1)))


def colored(color, width=90, height=60):
    return Image.new("RGB", (width, height), color)


def means(shown):
    return [image.reshape(SIDE, SIDE, -1).mean((0, 1)) for image in images_in_html(shown)]


def test_files_are_shown_with_their_names(tmp_path):
    paths = [tmp_path / "a <b> & c.png", tmp_path / "two\nlines.png"]
    for path, color in zip(paths, (RED, GREEN), strict=True):
        colored(color).save(path)
    found = tiny_model().predict(paths, top=1)
    _, (table,) = read_html(found)
    assert table[0] == ["", "image", "likeliest class"]
    assert [row[1] for row in table[1:]] == ["a <b> & c.png", r"two\nlines.png"]
    assert np.allclose(means(found), (RED, GREEN), atol=4)
    assert found == tiny_model().predict([np.asarray(colored(color)) for color in (RED, GREEN)], top=1)


def test_arrays_and_pillow_images_are_shown_in_a_notebook_only(in_notebook, monkeypatch):
    model, images = tiny_model(), np.stack([np.full((50, 40, 3), color, np.uint8) for color in (RED, GREEN)])
    many = [images, list(images), [colored(RED), colored(GREEN)], images.astype(np.float32) / 255]
    for given in many:
        options = {"value_range": (0, 1)} if isinstance(given, np.ndarray) and given.dtype == np.float32 else {}
        found = model.predict(given, **options)
        assert np.allclose(means(found), (RED, GREEN), atol=4)
        assert [row[1] for row in read_html(found)[1][0][1:]] == ["0", "1"]
        found.reverse()
        assert np.allclose(means(found), (GREEN, RED), atol=4), "an image stays with its answer"
    monkeypatch.setitem(sys.modules, "IPython", None)
    for given in many[:3]:
        assert not images_in_html(model.predict(given))


def test_a_grey_network_shows_grey(in_notebook):
    (image,) = images_in_html(tiny_model(channels=1).predict(np.full((30, 30), 77, np.uint8)))
    assert image.shape == (SIDE, SIDE) and np.allclose(image, 77, atol=2)


def test_the_middle_of_a_long_image_is_shown(in_notebook):
    image = np.zeros((20, 400, 3), np.uint8)
    image[:, 190:210] = 200
    (shown,) = images_in_html(tiny_model().predict(image))
    assert shown.shape == (SIDE, SIDE, 3) and shown.mean() > 190


def test_their_number_and_size_are_bounded(in_notebook):
    found = tiny_model().predict(labelled_images(60)[0])
    assert len(images_in_html(found)) == MOST
    captions, (table,) = read_html(found)
    assert captions == ["the first 50 of 60 images"] and len(table) == 51
    assert len(found._repr_html_()) < 200_000 and len(pickle.dumps(found)) < 200_000
    assert pickle.loads(pickle.dumps(found))._repr_html_() == found._repr_html_()


def test_files_that_are_gone_or_broken_are_left_out(tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        colored(RED).save(path)
    found = tiny_model().predict(paths)
    paths[0].write_bytes(b"no image")
    assert len(images_in_html(found)) == 1
    paths[1].unlink()
    assert not images_in_html(found) and read_html(found)[1][0][1][0] == "a.png"
    assert Thumbnail("", "/dev/zero").html() == ""


def test_an_ensemble_shows_them_too(in_notebook):
    ensemble = sa.Ensemble([tiny_model(), tiny_model(seed=1)])
    assert np.allclose(means(ensemble.predict([colored(GREEN)])), [GREEN], atol=4)


def test_an_evaluation_shows_the_worst_files(tmp_path):
    folder = sa.ImageFolder(photo_folder(tmp_path, count=8), CLASSES)
    evaluation = tiny_model().evaluate(folder)
    assert len(images_in_html(evaluation)) == len(evaluation.worst) == 16
    _, (_, worst) = read_html(evaluation)
    assert worst[0][:2] == ["", "image"] and worst[1][1] == evaluation.worst[0].path
    first = np.asarray(Image.open(evaluation.worst[0].path))
    assert abs(images_in_html(evaluation)[0].mean() - first.mean()) < 3
