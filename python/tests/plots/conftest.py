"""Fixtures of the tests of figures."""

import pytest
from support import dataset, quick_recipe, tiny_model

import swiftalexnet as sa


@pytest.fixture(scope="module")
def trained():
    model = tiny_model()
    recipe = quick_recipe(schedule=sa.EpochSchedule([1]))
    return model, model.fit(dataset(), dataset(20, seed=1), epochs=2, recipe=recipe, progress=False)
