"""Arguments of one class, and sequences: what is refused, and that endless iterables are."""

import itertools

import pytest
from support import tiny_model

import swiftalexnet as sa
from swiftalexnet._support.kinds import as_items, require_kind
from swiftalexnet.network.checks import require_model


def test_kinds():
    require_kind(3, int, "n", "op")
    with pytest.raises(TypeError, match="op: n is 'x', expected a int"):
        require_kind("x", int, "n", "op")
    model = tiny_model()
    require_model(model, "op")
    for wrong in (None, sa.Model, model.network, model.summary()):
        with pytest.raises(TypeError, match="op: model is .*, expected a Model"):
            require_model(wrong, "op")


def test_items():
    assert as_items((1, 2), "n", "op") == as_items(iter([1, 2]), "n", "op") == [1, 2]
    assert as_items(range(5), "n", "op", 5) == [0, 1, 2, 3, 4]
    for wrong in (None, 3, "text", b"bytes", object()):
        with pytest.raises(TypeError, match="op: n is .*, expected a sequence"):
            as_items(wrong, "n", "op")
    for endless in (range(2**62), itertools.count()):
        with pytest.raises(ValueError, match="op: n has more than 10,000 items"):
            as_items(endless, "n", "op")


@pytest.mark.parametrize(
    "call",
    [
        lambda endless: sa.alexnet("owt", without=endless),
        lambda endless: tiny_model().set_multipliers(endless, 0.5),
        lambda endless: tiny_model().copy_layers(tiny_model(), endless),
        lambda endless: sa.Ensemble(endless),
        lambda endless: sa.Ensemble([tiny_model()], endless),
        lambda endless: sa.Views(scales=endless),
    ],
)
def test_endless_iterables_are_refused(call):
    with pytest.raises((TypeError, ValueError)):
        call(itertools.repeat(1))
    with pytest.raises((TypeError, ValueError)):
        call(range(2**62))


def test_views_ask_for_a_model():
    for call in (sa.Views().check, sa.Views().scales_for):
        with pytest.raises(TypeError, match="Views: model is None, expected a Model"):
            call(None)


def test_a_model_is_made_of_a_network():
    for wrong in (None, tiny_model(), "network"):
        with pytest.raises(TypeError, match="Model: network is .*, expected a Network"):
            sa.Model(wrong)
