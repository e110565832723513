"""The suggestions by number of images, and that a suggestion builds and trains."""

import numpy as np
import pytest
from support import photo_folder

import swiftalexnet as sa


def some(count: int, channels: int = 3) -> sa.ArrayDataset:
    """Return `count` noise images of two classes."""
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, channels), np.uint8)
    return sa.ArrayDataset(images, np.arange(count) % 2, ("even", "odd"))


def steps(count: int) -> int:
    """Return the steps of a suggested run."""
    chosen = sa.suggest(some(count)).recipe
    return chosen.epochs * -(-count // chosen.batch_size)


@pytest.mark.parametrize(("count", "size"), [(2, 32), (323, 32), (999, 32), (1000, 48), (2414, 48), (60_000, 48)])
def test_size_by_the_number_of_images(count, size):
    suggestion = sa.suggest(some(count))
    assert suggestion.image_size == size
    assert suggestion.variant in sa.variants() and suggestion.recipe.name == "small"
    assert suggestion.recipe == sa.recipe("small", epochs=suggestion.recipe.epochs, schedule=suggestion.recipe.schedule)


def test_hundred_epochs_are_the_recipe_itself():
    assert sa.suggest(some(323), epochs=100).recipe == sa.recipe("small")


@pytest.mark.parametrize("epochs", [0, 1, 2, 3, 24, 200])
def test_the_rate_falls_in_the_last_fifth(epochs):
    (change,) = sa.suggest(some(40), epochs=epochs).recipe.schedule.boundaries
    assert change == max(1, round(0.8 * epochs))


def test_more_images_get_fewer_epochs():
    counts = [1, 31, 32, 33, 100, 323, 999]
    epochs = [sa.suggest(some(count)).recipe.epochs for count in counts]
    assert epochs == sorted(epochs, reverse=True) and epochs[-1] < epochs[-2] < epochs[0]
    epochs = [sa.suggest(some(count)).recipe.epochs for count in (1000, 2414, 5000, 20_000, 100_000)]
    assert epochs == sorted(epochs, reverse=True) and epochs[0] > epochs[-1] >= 1


def test_steps_are_about_as_many_for_any_number_that_fills_them():
    for count in (323, 500, 999):
        assert steps(count) == pytest.approx(steps(323), rel=0.05)
    for count in (1000, 2414, 3000):
        assert steps(count) == pytest.approx(steps(2414), rel=0.05)


def test_given_values_override():
    suggestion = sa.suggest(some(40), image_size=24, epochs=3)
    assert (suggestion.image_size, suggestion.recipe.epochs) == (24, 3)
    assert suggestion.build(2).input_shape == (3, 24, 24)


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_come_scaled_and_whole(channels):
    model = sa.suggest(some(40)).build(5, channels, seed=3)
    assert model.input_shape == (channels, 32, 32) and model.num_classes == 5
    preprocessing = model.preprocessing
    assert preprocessing.warp and preprocessing.learn_mean and preprocessing.resize > preprocessing.crop
    images = np.random.default_rng(0).normal(0, 58, 10_000)
    assert np.std(images * preprocessing.scale[0]) == pytest.approx(1, rel=0.1)


def test_the_seed_draws_the_weights():
    suggestion = sa.suggest(some(40))
    one, same, other = (suggestion.build(2, seed=seed).state_dict()["conv1.weight"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_suggestion_learns(tmp_path):
    train, held_out = sa.ImageFolder(photo_folder(tmp_path, count=20, side=50), cache=True).split(4)
    suggestion = sa.suggest(train, epochs=12)
    model = suggestion.build(len(train.classes))
    history = model.fit(train, held_out, recipe=suggestion.recipe, progress=False)
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    assert model.evaluate(held_out).top1_error < 50


@pytest.mark.parametrize("data", [None, 3, "photos", [1, 2], np.zeros((4, 8, 8, 3), np.uint8)])
def test_no_data_set_is_refused(data):
    with pytest.raises(TypeError, match=r"suggest: got \w+, which has no \w+, expected a data set"):
        sa.suggest(data)


def test_no_images_are_refused():
    class Empty:
        labels, classes, image = np.zeros(0, np.int32), None, None

        def __len__(self) -> int:
            return 0

    with pytest.raises(ValueError, match="suggest: Empty holds no images"):
        sa.suggest(Empty())


def test_a_length_that_is_none_is_refused():
    class Endless:
        labels, classes, image = np.zeros(4, np.int32), None, None

        def __len__(self) -> int:
            return 2**63

    with pytest.raises(ValueError, match="suggest: the length of"):
        sa.suggest(Endless())


@pytest.mark.parametrize(
    ("error", "options"),
    [
        (ValueError, {"image_size": 0}),
        (TypeError, {"image_size": "64"}),
        (ValueError, {"epochs": -1}),
        (TypeError, {"epochs": 1.5}),
    ],
)
def test_numbers_out_of_range_are_refused(error, options):
    with pytest.raises(error, match=next(iter(options))):
        sa.suggest(some(4), **options)
