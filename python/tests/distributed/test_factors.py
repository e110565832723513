"""Factors of dense layers: every rank has those of all images, and fewer bytes are sent than with gradients."""

import numpy as np
import pytest
from thread_ranks import on_ranks

import swiftalexnet as sa
from swiftalexnet._support.digests import array_digest
from swiftalexnet.distributed.factors import dense_layers
from swiftalexnet.training.portion import shard_sizes

SPEC = """network small
data channels=3 height=8 width=8
convolution conv1 outputs=4 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu1
dense fc2 outputs=600
relu relu2
dense fc3 outputs=3
softmax prob
"""


def model():
    return sa.Model.from_spec(SPEC, "torchvision")


def recipe():
    plain = {"crop": False, "flip": False, "color_noise": 0, "schedule": sa.ConstantSchedule()}
    return sa.recipe("paper", batch_size=16, epochs=3, **plain)


def photographs(count):
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)
    return sa.ArrayDataset(pixels, np.arange(count, dtype=np.int32) % 3)


@pytest.mark.parametrize(
    ("rates", "expected"),
    # fc3: 3 biases, 1,800 weights; fc2: 600 and 153,600; each in whole cache lines of 16 floats
    [
        ([1, 1, 1, 1, 1, 1], (16 + 1808 + 608 + 153_600, [600, 3, 256, 600])),
        ([0, 0, 0, 1, 1, 1], (16 + 1808 + 608 + 153_600, [600, 3, 256, 600])),
        ([0, 0, 0, 0, 1, 1], (16 + 1808, [600, 3])),
    ],
)
def test_which_gradients_are_given_as_factors(rates, expected):
    assert dense_layers(model().network, np.array(rates, np.float32)) == expected


def test_widths_are_those_of_the_engine():
    trained = model()
    trained.fit(photographs(16), recipe=recipe(), shards=8, wire="factors", progress=False)
    assert not trained.network.factors()  # of one process, which has all images

    def work(communicator):
        shared = model()
        shared.fit(photographs(16), recipe=recipe(), communicator=communicator, wire="factors", progress=False)
        return shared.network.factors()

    _, widths = dense_layers(trained.network, np.ones(6, np.float32))
    assert on_ranks(2, work) == [[4 * width for width in widths]] * 2


@pytest.mark.parametrize("frozen", ["conv1", ["conv1", "fc2"]])
def test_frozen_layers(frozen):
    digests = set()

    def work(communicator):
        trained = model()
        trained.freeze(frozen)
        trained.fit(photographs(16), recipe=recipe(), communicator=communicator, wire="factors", progress=False)
        digests.add(array_digest(trained.state_dict()["fc3.weight"]))

    for ranks in (1, 2, 4):
        assert not any(on_ranks(ranks, work))
    assert len(digests) == 1


@pytest.mark.parametrize("ranks", [2, 4])
def test_bytes_are_those_of_the_factors_and_of_the_convolution(ranks):
    sent = {}

    def work(communicator, wire):
        model().fit(photographs(16), recipe=recipe(), communicator=communicator, wire=wire, progress=False)
        sent.setdefault(wire, []).append(communicator.bytes_sent)

    for wire in ("float32", "factors"):
        assert not any(on_ranks(ranks, lambda communicator, wire=wire: work(communicator, wire)))
    each = 16 // ranks * (256 + 600 + 600 + 3) * 4  # bytes of a rank's own rows
    steps, dense = 3, dense_layers(model().network, np.ones(6, np.float32)).floats
    saved = steps * (2 * (ranks - 1) * dense * 4 // ranks - (ranks - 1) * each)
    differences = [plain - factors for plain, factors in zip(sent["float32"], sent["factors"], strict=True)]
    # Signs of life and how a block is halved differ by a little.
    assert all(abs(difference - saved) < 0.02 * saved for difference in differences), (differences, saved)


def test_shards_of_a_batch():
    assert shard_sizes(21, 8) == (2, 3, 2, 3, 3, 2, 3, 3)
    assert shard_sizes(3, 4) == (0, 1, 1, 1)


class Stops:
    """A network that refuses the second update."""

    def __init__(self, network):
        self._network, self._updates = network, 0

    def __getattr__(self, name):
        return getattr(self._network, name)

    def apply_gradients(self, options):
        self._updates += 1
        if self._updates == 2:
            raise RuntimeError("enough")
        self._network.apply_gradients(options)


def test_a_run_may_begin_with_a_batch_of_too_few_images_for_factors(tmp_path):
    settings = {"recipe": recipe(), "wire": "factors", "progress": False}
    straight = model()
    straight.fit(photographs(17), shards=8, **settings)

    def work(communicator):
        resumed = model()
        resumed.fit(photographs(17), communicator=communicator, shards=8, checkpoint=tmp_path, resume=True, **settings)
        return array_digest(resumed.state_dict()["fc3.weight"])

    stopped = model()
    stopped._network = Stops(stopped.network)
    with pytest.raises(RuntimeError, match="enough"):
        stopped.fit(photographs(17), shards=8, checkpoint=tmp_path, checkpoint_every=1, **settings)
    assert on_ranks(2, work) == [array_digest(straight.state_dict()["fc3.weight"])] * 2
