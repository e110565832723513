"""Computing only what a window changes gives the same bits as computing everything."""

import numpy as np
import pytest
from support import TINY

import swiftalexnet as sa
from attribution.nets import SMALL
from swiftalexnet.attribution import recomputation
from swiftalexnet.attribution.recomputation import Recomputation
from swiftalexnet.attribution.stages import Axis, Span, stages_of
from swiftalexnet.attribution.windows import windows

# Strides, uneven padding, groups, normalisation; pools that overlap, are padded, or reach over the border.
DEEP = """\
network deep
data channels=3 height=49 width=61
convolution conv1 outputs=6 kernel=5 stride=2 pad=1,2,2,1 groups=1
relu relu1
response_norm norm1 size=3 alpha=0.1 beta=0.75 k=1 alpha_over_n=0 groups=1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=2
tanh tanh2
average_pool pool2 kernel=2 stride=2 pad=0,0,0,0 ceil=0 count_include_pad=0
convolution conv3 outputs=8 kernel=3 stride=1 pad=0,0,0,0 groups=1
relu relu3
dropout drop3 probability=0.5 form=paper2012
max_pool pool3 kernel=2 stride=2 pad=0,0,0,0 ceil={ceil}
dense fc4 outputs=5
softmax prob
"""

NETS = {
    "small": (SMALL, 2),
    "tiny": (TINY.format(channels=3, classes=4), 2),
    "deep": (DEEP.format(ceil=0), 3),
    "deep, ceil": (DEEP.format(ceil=1), 3),
}


def network(name) -> tuple[sa.Model, str]:
    model = sa.Model.from_spec(NETS[name][0], "torchvision", 2)
    return model, model.summary().rows[-1].input


def found(model, node, x, places, batch=5):
    """Return the outputs under all windows, and how many stages were computed in part."""
    made = Recomputation(model, node, x.shape[1:], places, batch, "float32", False)
    outputs = np.concatenate([values for _, values in made.outputs(x, np.full_like(x, 0.4))])
    numbers = [number for some, _ in made.outputs(x, np.full_like(x, 0.4)) for number in some]
    assert numbers == list(range(len(places)))
    return outputs, len(made._stages)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(("window", "stride"), [((3, 3), (3, 3)), ((4, 2), (3, 1)), ((1, 7), (1, 5))])
def test_the_same_bits(name, window, stride, monkeypatch):
    model, node = network(name)
    shape = model.input_shape
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    places = windows(shape[1:], window, stride, "test")[::3]
    monkeypatch.setattr(recomputation, "_WORTH", 1.0)
    outputs, stages = found(model, node, x, places)
    assert stages >= 1
    monkeypatch.setattr(recomputation, "_WORTH", 0)
    plain, none = found(model, node, x, places)
    assert none == 0 and outputs.dtype == np.float32 and np.array_equal(outputs, plain)


@pytest.mark.parametrize("name", NETS)
def test_stages_end_before_what_is_no_window(name):
    model, node = network(name)
    sizes = {row.name: row.output[1:] for row in model.summary().rows}
    stages = stages_of(model, sizes, node)
    expected = NETS[name][1]
    if name == "deep, ceil" and sizes["conv3"][0] % 2:
        expected -= 1
    assert len(stages) == expected
    assert len(stages_of(model, sizes, "relu1")) == 1 and not stages_of(model, sizes, "conv1")


def test_a_stage_of_several_nodes_is_one_window():
    model, node = network("deep")
    stage = stages_of(model, {row.name: row.output[1:] for row in model.summary().rows}, node)[0]
    assert stage.axes[0] == Axis(kernel=5 + 2 * 2, stride=4, before=1, inputs=49, outputs=11)
    assert "pad=0,0,0,0" in stage.lines[0] and stage.node == "pool1"


def test_what_is_changed_is_what_reads_it():
    axis = Axis(kernel=5, stride=3, before=2, inputs=20, outputs=7)
    for start in range(20):
        for end in range(start + 1, 21):
            readers = [j for j in range(7) if 3 * j - 2 < end and 3 * j - 2 + 5 > start]
            assert list(range(*axis.changed(Span(start, end)))) == readers


def test_a_unit_within_the_first_stage_is_computed_whole():
    model, _ = network("small")
    x = np.random.default_rng(0).standard_normal(model.input_shape, np.float32)
    places = windows(x.shape[1:], (3, 3), (3, 3), "test")
    outputs, stages = found(model, "conv1", x, places)
    assert stages == 0 and outputs.shape == (len(places), 5, 12, 14)


def test_without_memory_for_parts_everything_is_computed(monkeypatch):
    def refused(*_):
        raise MemoryError

    model, node = network("deep")
    x = np.random.default_rng(0).standard_normal(model.input_shape, np.float32)
    places = windows(x.shape[1:], (5, 5), (5, 5), "test")
    expected, stages = found(model, node, x, places)
    assert stages
    monkeypatch.setattr(recomputation, "_part", refused)
    outputs, none = found(model, node, x, places)
    assert none == 0 and np.array_equal(outputs, expected)
