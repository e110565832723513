"""What values the nodes have: ranges and counts as of all activations together, and what is not finite."""

import numpy as np
import pytest
from support import dataset, labelled_images, tiny_model

import swiftalexnet as sa
from swiftalexnet.inference.feature_images import given_images
from swiftalexnet.quantization.observation import observe


def observed(model, images, batch_size=7):
    return observe(model, given_images(images, model, None, None, "raise", None, "test"), batch_size, False)


def test_every_node_has_a_histogram_of_all_its_values():
    model, (images, _) = tiny_model(), labelled_images(20)
    found, count = observed(model, images)
    names = [name for name, *_ in model.network.nodes()]
    assert count == 20 and list(found) == names
    outputs = model.features(images, [name for name in names if name not in ("pool1", "prob")])
    for name, values in outputs.items():
        assert found[name].high == max(values.max(), 0) and found[name].low == min(values.min(), 0)
        assert found[name].counts.sum() == np.count_nonzero(values)
    assert found["pool1"] is found["norm1"] and found["prob"] is found["fc8"]


def test_batches_make_no_difference():
    model, (images, _) = tiny_model(), labelled_images(9)
    one, other = (observed(model, images, size)[0] for size in (1, 64))
    for name, histogram in one.items():
        assert (histogram.low, histogram.high) == (other[name].low, other[name].high)
        assert np.array_equal(histogram.counts, other[name].counts)


def test_data_sets_paths_and_single_images(tmp_path):
    model = tiny_model()
    assert observed(model, dataset(5))[1] == 5
    assert observed(model, labelled_images(1)[0][0])[1] == 1


def test_what_is_not_finite_is_named():
    model = tiny_model()
    model.parameters()["conv2.bias"][3] = np.inf
    with pytest.raises(sa.NonFiniteError, match=r"quantize: conv2 of image 0 is not finite: .*conv2\.bias"):
        observed(model, labelled_images(3)[0])
