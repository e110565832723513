"""Evaluations of given probabilities."""

import numpy as np

import swiftalexnet as sa
from swiftalexnet.evaluation.evaluate import Tally


class Told:
    """The attributes of a model that an evaluation needs."""

    def __init__(self, num_classes, classes=None):
        self.num_classes, self.classes = num_classes, classes


def evaluation(probabilities, labels, classes=None, data=None):
    """Return what a model would get that gives these probabilities [count, classes]."""
    table = np.asarray(probabilities, np.float32)
    data = data or sa.ArrayDataset(np.zeros((len(table), 4, 4, 3), np.uint8), labels, classes)
    tally = Tally(data)
    for part in np.array_split(np.arange(len(table), dtype=np.int32), min(3, len(table))):
        tally.add(table[part], part)
    return tally.evaluation(Told(table.shape[1], classes), sa.Views())


def made_up(count, classes, seed=0, names=None, skill=2.0):
    """Return (evaluation, probabilities, labels): right more often than by chance."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    scores = random.normal(size=(count, classes))
    scores[np.arange(count), labels] += skill
    table = np.exp(scores)
    table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    return evaluation(table, labels, names), table, labels
