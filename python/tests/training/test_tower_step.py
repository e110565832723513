"""`fit` on two ranks, each of which trains a tower."""

import numpy as np
import pytest
from support import labelled_images, quick_recipe, tiny_model
from thread_ranks import on_ranks

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.distributed import LocalCommunicator
from swiftalexnet.network.parameters import by_name

RECIPE = quick_recipe(epochs=2, crop=True, flip=True, color_noise=0.1)
SHOWN = ("train_loss", "train_top1_error", "validation_loss")


def data():
    images, labels = labelled_images(40)
    return sa.ArrayDataset(images, labels)


def fitted(communicator=None, train=None, **options):
    """Return a trained model and its history."""
    model = tiny_model()
    model.preprocessing = sa.Preprocessing(22, 20, [120.0, 115.0, 110.0], scale=[0.01, 0.02, 0.03])
    settings = {"recipe": RECIPE, "seed": 3, "progress": False, "timeout": 20} | options
    if communicator is not None:
        settings |= {"communicator": communicator, "towers": True}
    try:
        return model, model.fit(train or data(), data(), **settings)
    except BaseException as error:
        error.model = model
        raise


def sound(results):
    for each in results:
        if isinstance(each, BaseException):
            raise each
    return results


def bits(model):
    states = (by_name(model.network, which) for which in (_native.VALUE, _native.VELOCITY))
    return [array.tobytes() for state in states for array in state.values()]


def test_two_towers_train_as_one_machine():
    whole, expected = fitted()
    results = sound(on_ranks(2, fitted))
    for model, history in results:
        rows = [[row[name] for name in SHOWN] for row in history.rows]
        np.testing.assert_allclose(rows, [[row[name] for name in SHOWN] for row in expected.rows], rtol=1e-5)
        for which in (_native.VALUE, _native.VELOCITY):
            theirs = by_name(whole.network, which)
            for name, array in by_name(model.network, which).items():
                assert np.abs(array - theirs[name]).max() <= 1e-5 * np.abs(theirs[name]).max(), name
    assert bits(results[0][0]) == bits(results[1][0])


def test_a_run_goes_on_from_its_checkpoint_to_the_same_bits(tmp_path):
    expected = bits(sound(on_ranks(2, fitted))[0][0])

    def interrupted(communicator):
        def stop(row):
            if communicator.rank == 1:
                raise OSError(5, "no more")

        return fitted(communicator, checkpoint=tmp_path, checkpoint_every=2, on_epoch_end=stop)

    for error in on_ranks(2, interrupted):
        assert isinstance(error, OSError)
    resumed = sound(on_ranks(2, lambda c: fitted(c, checkpoint=tmp_path, checkpoint_every=2, resume=True)))
    assert bits(resumed[0][0]) == bits(resumed[1][0]) == expected
    with pytest.raises(ValueError, match="towers"):
        fitted(checkpoint=tmp_path, resume=True)


class Breaks(sa.ArrayDataset):
    """Images, one of which cannot be read any more once `broken`."""

    broken = False

    def image(self, index, *rest):
        if self.broken and index == 7:
            raise RuntimeError("the disk is gone")
        return super().image(index, *rest)


def test_an_error_on_one_rank_leaves_the_weights_of_the_last_step_and_a_checkpoint(tmp_path):
    expected = bits(sound(on_ranks(2, fitted))[0][0])

    def breaking(communicator):
        train = Breaks(*labelled_images(40))

        def after_the_epoch(row):
            train.broken = communicator.rank == 1

        return fitted(communicator, train, checkpoint=tmp_path, on_epoch_end=after_the_epoch)

    errors = on_ranks(2, breaking)
    assert all(isinstance(error, RuntimeError) for error in errors)
    assert "rank 1: the disk is gone" in str(errors[0])
    assert bits(errors[0].model) == bits(errors[1].model)
    assert (tmp_path / "checkpoint.safetensors").exists()
    resumed = sound(on_ranks(2, lambda c: fitted(c, checkpoint=tmp_path, resume=True)))
    assert bits(resumed[0][0]) == expected


def test_what_towers_cannot_do_is_refused_before_any_work():
    cases = {
        "neither shards= nor wire=": {"shards": 2},
        "neither shards= nor wire= ": {"wire": "bfloat16"},
        "batch_size='auto'": {"batch_size": "auto"},
        "checkpoint_every='auto'": {"checkpoint_every": "auto", "checkpoint": "here"},
        "cache_features": {"cache_features": True, "recipe": quick_recipe(crop=False, color_noise=0.0)},
    }
    for words, options in cases.items():
        for error in on_ranks(2, lambda c, o=options: fitted(c, **o)):
            assert isinstance(error, ValueError)
            assert words.strip() in str(error)
    with pytest.raises(ValueError, match="has 1 ranks, expected 2"):
        fitted(LocalCommunicator())
    with pytest.raises(ValueError, match="towers need communicator="):
        fitted(towers=True)
