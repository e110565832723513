"""Known answers are stored with a model and computed again."""

import numpy as np
import pytest
from PIL import Image
from support import fit, tiny_model

import swiftalexnet as sa
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats import published_answers as table
from swiftalexnet.network.source import Source


@pytest.fixture
def images(tmp_path):
    random = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (30, 40, 3), np.uint8)).save(path)
    return paths


def saved(model, tmp_path, **options):
    model.save(tmp_path / "m", **options)
    return sa.load(tmp_path / "m")


def test_answers_hold_after_saving_and_for_any_of_the_images(images, tmp_path):
    model = saved(tiny_model(), tmp_path, known_answers=images)
    assert model.verify(images) and len(model.verify(images).answers) == 3
    assert len(model.verify([images[2]]).answers) == 1
    assert "3 of 3 known answers hold" in str(model.verify(images))


def test_an_answer_that_left_the_bound_is_named(images, tmp_path):
    model = saved(tiny_model(), tmp_path, known_answers=images)
    logits = model.features(images[:1], ["fc8"])["fc8"][0]
    model.parameters()["fc8.bias"][2] += 1
    found = model.verify(images[:1])
    assert not found and found.answers[0].output == 2
    assert found.answers[0].expected == pytest.approx(logits[2]) and found.answers[0].computed == pytest.approx(
        logits[2] + 1
    )
    assert "0 of 1 known answers hold" in str(found) and "differs" in str(found)


def test_a_file_that_is_too_large_for_an_image_is_not_read(tmp_path):
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(2**40)
    model = saved(tiny_model(), tmp_path, known_answers=True)
    with pytest.raises(ValueError, match="large.png' has 1,099,511,627,776 bytes, expected an image file of at most"):
        model.verify([tmp_path / "large.png"])


def test_the_built_in_image_needs_no_file(tmp_path):
    model = saved(tiny_model(), tmp_path, known_answers=True)
    assert model.verify()
    swapped = model.parameters()["conv1.weight"]
    swapped[...] = swapped[:, ::-1].copy()
    assert not model.verify()


def test_arrays_are_known_by_their_pixels(tmp_path):
    array = np.random.default_rng(1).integers(0, 256, (2, 25, 25, 3), np.uint8)
    model = saved(tiny_model(), tmp_path, known_answers=array)
    assert model.verify(list(array)) and model.verify(array.copy())
    with pytest.raises(ValueError, match="2 known answers, none for these images"):
        model.verify(array + 1)


def test_a_network_without_classes_keeps_its_maps(tmp_path):
    model = saved(tiny_model().up_to("pool1"), tmp_path, known_answers=True)
    assert not model.has_classes and model.known_answers.outputs.shape[1] > 8 and model.verify()


def test_rounded_weights_have_a_wider_bound(tmp_path):
    model = saved(tiny_model(), tmp_path, known_answers=True, float16=True)
    found = model.verify()
    assert found and found.answers[0].bound == 2e-3 and found.answers[0].difference > 0


def test_without_answers_and_after_training(tmp_path):
    with pytest.raises(ValueError, match="verify: the model has no known answers"):
        tiny_model().verify()
    model = saved(tiny_model(), tmp_path, known_answers=True)
    fit(model)
    assert model.known_answers is None
    model = saved(tiny_model(), tmp_path, known_answers=True)
    model.train_step(np.zeros((1, 3, 20, 20), np.float32), np.zeros(1, np.int32))
    assert model.known_answers is None
    model = saved(tiny_model(), tmp_path, known_answers=True)
    model.load_state_dict(tiny_model(seed=1).state_dict())
    assert model.known_answers is None


def test_published_answers_of_the_same_weights_are_compared(images, tmp_path, monkeypatch):
    model = sa.alexnet("caffenet", 10, image_size=67, seed=3)
    model.source = Source("Caffe", "x.caffemodel", "a" * 64)
    own = model.preprocessing
    prepared = own.replace(resize=67, resample="bilinear")
    model.preprocessing = prepared
    expected = model.probabilities(images[0])[0]
    model.preprocessing = own
    with opened_source(images[0], "test") as file:
        digest = file.sha256()
    classes = tuple(map(int, np.argsort(-expected)[:5]))

    def published(*, shift=0.0):
        numbers = tuple(float(expected[each]) + shift for each in classes)
        answer = table.PublishedAnswer(
            "i", digest, "s", "w", "a" * 64, "s", classes, numbers, prepared, 1e-3, "their page"
        )
        monkeypatch.setattr(table, "all_published_answers", lambda: (answer,))
        return model.verify(images[0])

    assert published() and published().answers[0].source == "their page" and model.preprocessing is own
    assert not published(shift=0.01)
    for other in (model.with_classes(1), model.up_to("pool5")):
        with pytest.raises(ValueError, match="no known answers"):
            other.verify(images[0])
    model.source = Source("Caffe", "x.caffemodel", "b" * 64)
    with pytest.raises(ValueError, match="no known answers"):
        published()
