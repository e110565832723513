"""Results of an evaluation: confusion matrix, classes, chance, calibration, worst images."""

import copy
import pickle

import numpy as np
import pytest
from evaluations import evaluation, made_up

import swiftalexnet as sa


def test_confusion_matrix_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics", reason="pip install 'swiftalexnet[demo]' to compare with it")
    result, table, labels = made_up(400, 7)
    expected = metrics.confusion_matrix(labels, table.argmax(axis=1), labels=range(7))
    np.testing.assert_array_equal(result.confusion, expected)
    assert result.confusion.dtype == np.int64
    recall = metrics.recall_score(labels, table.argmax(axis=1), average=None)
    np.testing.assert_allclose(result.class_errors, 100 * (1 - recall))


def test_numbers_of_single_images():
    result, table, labels = made_up(50, 4)
    predicted = table.argmax(axis=1)
    np.testing.assert_array_equal(result.indices, np.arange(50))
    np.testing.assert_array_equal(result.labels, labels)
    np.testing.assert_array_equal(result.predicted, predicted)
    np.testing.assert_array_equal(result.confidence, table.max(axis=1))
    np.testing.assert_allclose(result.losses, -np.log(table[np.arange(50), labels]), rtol=1e-6)
    assert result.loss == pytest.approx(result.losses.mean(dtype=np.float64), rel=1e-6)
    assert result.top1_error == pytest.approx(100 * (predicted != labels).mean())


def test_rows_and_columns():
    result = evaluation(np.eye(3)[[1, 1, 2, 2, 2]], [0, 1, 2, 2, 0], ("a", "b", "c"))
    assert result.confusion.tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 2]]
    assert [part.tolist() for part in result.confusions] == [[0, 0, 1, 2], [1, 2, 1, 2], [1, 1, 1, 2]]
    assert result.class_counts.tolist() == [2, 1, 2] and result.class_mistakes.tolist() == [2, 0, 0]


def test_equal_probabilities_share_the_credit_of_top1_and_are_the_first_in_the_matrix():
    result = evaluation(np.full((2, 4), 0.25), [0, 3])
    assert result.top1_error == pytest.approx(75)
    assert result.confusion.tolist() == [[1, 0, 0, 0], [0] * 4, [0] * 4, [1, 0, 0, 0]]


def test_a_class_without_images_has_no_error():
    result = evaluation(np.eye(3)[[0, 1]], [0, 1])
    assert result.class_errors.tolist()[:2] == [0, 0] and np.isnan(result.class_errors[2])


@pytest.mark.parametrize(
    ("labels", "chance"), [([0, 1, 2, 3], 75), ([0, 0, 0, 1], 25), ([2, 2, 1, 0, 1, 2], 50), ([3], 0)]
)
def test_chance_is_the_error_of_the_commonest_class(labels, chance):
    result = evaluation(np.eye(4)[labels], labels)
    assert result.chance_error == pytest.approx(chance)
    always = evaluation(np.eye(4)[np.full(len(labels), result.commonest)], labels)
    assert always.top1_error == pytest.approx(chance)


@pytest.mark.parametrize(("right", "near"), [(50, True), (59, True), (60, True), (61, False), (100, False), (0, True)])
def test_near_chance_is_two_standard_errors(right, near):
    labels = np.arange(100) % 2  # √(0.5 · 0.5 / 100) is 5 %, so that two of them end at 40 %
    answers = np.where(np.arange(100) < right, labels, 1 - labels)
    result = evaluation(np.eye(2)[answers], labels)
    assert result.top1_error == pytest.approx(100 - right)
    assert result.chance_deviation == pytest.approx(5)
    assert result.near_chance is near


def test_one_class_tells_nothing_about_chance():
    assert not evaluation(np.eye(2)[[0, 0]], [0, 0]).near_chance
    assert not evaluation(np.ones((3, 1)), [0, 0, 0]).near_chance


def test_calibration():
    result = evaluation([[0.9, 0.1], [0.7, 0.3], [0.35, 0.65]], [0, 1, 1])
    assert result.calibration.counts.sum() == 3 and len(result.calibration.counts) == 15
    assert result.calibration.error == pytest.approx(100 * (0.1 + 0.7 + 0.35) / 3, rel=1e-6)


def test_worst_images_have_the_largest_loss():
    result, table, labels = made_up(200, 5)
    chances = table[np.arange(200), labels]
    order = np.argsort(chances)[:16]
    assert [worst.index for worst in result.worst] == order.tolist()
    for worst in result.worst:
        assert (worst.label, worst.predicted) == (labels[worst.index], table[worst.index].argmax())
        assert worst.probability == table[worst.index].max()
        assert worst.loss == pytest.approx(-np.log(chances[worst.index]), rel=1e-5)
        assert worst.path is None
    assert len(made_up(3, 2)[0].worst) == 3


def test_a_right_class_of_probability_zero_has_a_finite_loss():
    result = evaluation([[1, 0], [1, 0]], [1, 0])
    assert result.losses.tolist() == pytest.approx([103.2789, 0], rel=1e-5)
    assert result.loss == pytest.approx(result.losses.mean(), rel=1e-6)


def test_many_classes_need_no_matrix(monkeypatch):
    classes = 30_000  # squared, 7 GB
    table = np.zeros((4, classes), np.float32)
    table[range(4), [5, 5, 7, 29_999]] = 1
    result = evaluation(table, [5, 6, 7, 29_999])
    assert str(result) and result.to_json()["confusion"] == [[5, 5, 1], [6, 5, 1], [7, 7, 1], [29_999, 29_999, 1]]
    assert result.class_counts.sum() == 4
    monkeypatch.setattr("swiftalexnet._native.available_bytes", lambda: 2**30)
    with pytest.raises(MemoryError, match="Evaluation.confusion"):
        _ = result.confusion


def test_copies_and_equality():
    result, *_ = made_up(30, 3)
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), made_up(30, 3)[0]):
        assert again == result and hash(again) == hash(result)
        np.testing.assert_array_equal(again.confusion, result.confusion)
    assert made_up(30, 3, seed=1)[0] != result


def test_is_public():
    assert sa.Evaluation is type(made_up(3, 2)[0])
