"""`fit` on several ranks: the same bits as on one."""

import numpy as np
import pytest
from support import CLASSES, dataset, fingerprint, labelled_images, photo_folder, quick_recipe, tiny_model
from thread_ranks import on_ranks
import standin
import swiftalexnet as sa

SIZES = (1, 2, 4, 8)


def trained(communicator=None, data=None, epochs=2, **options):
    """Return (digest of weights, rows without times) of a run."""
    model = tiny_model()
    model._network = standin.Parts(model.network, options.get("wire", "float32"))
    options = {"recipe": quick_recipe(crop=False, flip=False, color_noise=0.0), "progress": False, "timeout": 20} | options
    history = model.fit(data or dataset(70), dataset(75, 1), epochs, communicator=communicator, **options)
    return fingerprint(model), history.rows


def comparable(result):
    digest, rows = result
    return digest, [{k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in rows]


@pytest.mark.parametrize("wire", ["float32", "bfloat16"])
def test_the_same_bits_on_any_number_of_ranks(wire):
    alone = comparable(trained(shards=8, wire=wire))
    for size in SIZES[1:]:
        results = on_ranks(size, lambda each: trained(each, wire=wire))
        for each in results:
            if isinstance(each, BaseException):
                raise each
            assert comparable(each) == alone
            assert each[1] == results[0][1]
