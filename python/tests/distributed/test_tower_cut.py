"""Where two towers read each other's channels, and how much of them."""

import pytest
from support import tiny_model

from swiftalexnet import _native
from swiftalexnet.distributed.tower_cut import Cut, has_towers


def spec_of(variant):
    """Return the specification of a full-size network, without building it."""
    return _native.spec("alexnet", variant, 0, 0, 0, "relu", "", 0)


def bytes_an_image(cut, tower):
    """Return what a tower sends before each step in a forward pass, in bytes for one image."""
    sent = {}
    for step in range(cut.steps):
        crossing = cut.crossing(tower, step)
        if crossing is not None:
            height, width, _ = cut.segment(tower, step - 1).output
            reader = cut.segment(1 - tower, step)
            first = reader.spec.splitlines()[2].split()[1] if reader else "nobody"
            sent[first] = 4 * height * width * len(crossing.wanted)
    return sent


def test_the_paper_s_exchanges_are_what_the_paper_says():
    sent = bytes_an_image(Cut(spec_of("chm145")), 0)
    assert sent == {"conv3": 4 * 13 * 13 * 128, "fc6": 4 * 6 * 6 * 128, "fc7": 4 * 2048, "nobody": 0}
    assert bytes_an_image(Cut(spec_of("chm145")), 1)["fc8"] == 4 * 2048
    norms = bytes_an_image(Cut(spec_of("paper")), 0)
    assert norms == sent | {"norm1": 4 * 55 * 55 * 2, "norm2": 4 * 27 * 27 * 2}
    assert round(128 * norms["conv3"] / 1e6, 1) == 11.1


def test_a_crossing_as_each_tower_sees_it():
    cut = Cut(tiny_model().spec)
    assert [segment.source for segment in cut.towers[0]] == ["image", "exchanged", "own", "exchanged", "exchanged"]
    assert len(cut.towers[1]) == 4
    assert cut.crossing(0, 0) is cut.crossing(0, 2) is None
    assert cut.crossing(0, 1) == (range(6), range(4), range(2, 4), range(4, 6))
    assert cut.crossing(1, 1) == (range(2, 8), range(4, 8), range(4, 6), range(2, 4))
    last = cut.crossing(0, 4)
    assert (last.reads, len(last.wanted), last.missing) == (range(24), 0, range(12, 24))
    alone = cut.crossing(1, 4)
    assert (len(alone.reads), alone.wanted, len(alone.missing)) == (0, range(12, 24), 0)


@pytest.mark.parametrize("name", ["paper", "chm145", "non_overlapping", "conv6", "towers_apart", "caffe", "caffenet"])
def test_networks_with_two_towers(name):
    assert has_towers(spec_of(name))


@pytest.mark.parametrize("name", ["one_gpu", "one_tower", "owt", "d2l"])
def test_networks_without(name):
    assert not has_towers(spec_of(name))
