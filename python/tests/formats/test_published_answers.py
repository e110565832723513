import pytest

from swiftalexnet.formats.class_names import ilsvrc_classes
from swiftalexnet.formats.pretrained.registry import registry
from swiftalexnet.formats.published_answers import all_published_answers, published_answers

CAT = "59b67bce343d435cb8f79b6abefc6eecc79924abcda6e7c7e39f8173bb932bc1"


@pytest.mark.parametrize("answer", all_published_answers(), ids=lambda answer: answer.source)
def test_answer(answer):
    for digits in (answer.image_sha256, answer.weights_sha256):
        assert len(digits) == 64 and set(digits) <= set("0123456789abcdef")
    entry = registry()[answer.weights]
    assert answer.preprocessing.crop == entry.image_size
    assert len(answer.classes) == len(answer.probabilities) == len(set(answer.classes))
    assert sorted(answer.probabilities, reverse=True) == list(answer.probabilities)
    assert sum(answer.probabilities) <= 1 and all(0 <= each < entry.classes for each in answer.classes)
    assert answer.image_source and answer.weights_source and answer.source


def test_caffe_s_cat():
    answers = published_answers(CAT)
    assert [answer.classes for answer in answers] == [(281, 282, 285, 277, 287)] * 2
    assert answers[0].probabilities == (0.31243637, 0.2379719, 0.12387239, 0.10075711, 0.070957087)
    differences = [abs(a - b) for a, b in zip(answers[0].probabilities, answers[1].probabilities, strict=True)]
    assert max(differences) < answers[0].bound / 10
    first = ilsvrc_classes()[answers[0].classes[0]]
    assert "tabby" in first


def test_unknown_images_and_weights():
    assert published_answers("0" * 64) == []
    assert published_answers(CAT, "0" * 64) == []
    assert len(published_answers(CAT, published_answers(CAT)[0].weights_sha256)) == 2
