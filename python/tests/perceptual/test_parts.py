"""The weights of the layers, and blocks of pairs."""

from importlib import resources

import numpy as np
import pytest

from swiftalexnet.perceptual.all_pairs import all_pairs, plan
from swiftalexnet.perceptual.heads import heads
from swiftalexnet.perceptual.inputs import batches_of


@pytest.mark.parametrize("version", ["0.1", "0.0"])
@pytest.mark.parametrize(("net", "count"), [("alex", 1152), ("vgg", 1472)])
def test_weights_of_the_layers(net, count, version):
    found = heads(net, version)
    assert len(found) == 5 and sum(map(len, found)) == count
    assert all(each.dtype == np.float32 and (each >= 0).all() and each.any() for each in found)


def test_their_licence_is_beside_them():
    text = (resources.files("swiftalexnet.perceptual") / "lpips_heads.LICENSE").read_text()
    assert text.startswith("Copyright (c) 2018, Richard Zhang") and "Redistributions in binary form" in text


@pytest.mark.parametrize("at_once", [0, 1, 2, 3, 5, 9, 100])
@pytest.mark.parametrize("rows", [None, 1, 3, 7])
def test_blocks_of_pairs(at_once, rows):
    x = np.random.default_rng(0).integers(-9, 9, (7, 11)).astype(np.float32)
    expected = ((x[:, None] - x) ** 2).sum(axis=-1)[:rows]
    made = []

    def embed(chosen):
        made.append(len(chosen))
        return x[chosen]

    steps = plan(7, None, at_once) if rows is None else plan(rows, 7, at_once)
    np.testing.assert_array_equal(all_pairs(steps, expected.shape, embed, embed), expected)
    assert sum(made) == sum(step.made for step in steps)
    if at_once >= 7 + (rows or 0):
        assert sum(made) == 7 + (rows or 0)
    else:
        assert max(made) <= max(1, at_once // 2)


def test_batches_are_neighbours_of_one_size():
    small, large = (1, 2), (3, 4)
    found = batches_of([small, small, small, large, small], {small: 2, large: 1})
    assert [each.tolist() for each in found] == [[0, 1], [2], [3], [4]]
