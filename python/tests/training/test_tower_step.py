"""A run on two ranks, each of which trains a tower."""

import numpy as np
from support import labelled_images, quick_recipe, tiny_model
from thread_ranks import on_ranks

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.distributed.team import Team
from swiftalexnet.distributed.tower import Tower
from swiftalexnet.distributed.wire import wire_named
from swiftalexnet.training.plan import Plan
from swiftalexnet.training.run import Run
from swiftalexnet.training.tower_step import TowerStep


def plan(epochs=2, broken=0):
    images, labels = labelled_images(40)
    images[7] *= 1 - broken
    data = sa.ArrayDataset(images, labels)
    return Plan(data, data, quick_recipe(epochs=epochs, crop=True, flip=True, color_noise=0.1), 3)


def trained(run, before_validation=lambda: None):
    """Train to the end; return the history's losses and errors."""
    rows = []
    for _ in range(run.epochs):
        for _ in run.steps():
            pass
        before_validation()
        row = run.finish_epoch()
        rows.append([row[name] for name in ("train_loss", "train_top1_error", "validation_loss")])
    return rows


def on_towers(work):
    """Return what `work(run, step, model)` returns or raises on each of two ranks."""

    def begin(communicator):
        model = model_for_images()
        with Team(communicator, wire_named("float32"), 20.0) as team, team.telling():
            run = Run(model, plan(broken=work is read and communicator.rank), team)
            run.begin(model.preprocessing)
            run._parts = step = TowerStep(model, Tower(model, team), team)
            return work(run, step), model

    return on_ranks(2, begin)


def model_for_images():
    model = tiny_model()
    model.preprocessing = sa.Preprocessing(22, 20, [120.0, 115.0, 110.0], scale=[0.01, 0.02, 0.03])
    return model


def read(run, step):
    """Train an epoch."""
    return [None for _ in run.steps()]


def test_a_run_of_two_towers_is_that_of_one_machine():
    whole = model_for_images()
    alone = Run(whole, plan())
    alone.begin(whole.preprocessing)
    expected = trained(alone)
    for result in on_towers(lambda run, step: trained(run, step.collect)):
        if isinstance(result, BaseException):
            raise result
        rows, model = result
        np.testing.assert_allclose(rows, expected, rtol=1e-5)
        for which in (_native.VALUE, _native.VELOCITY):
            for index, (name, _) in enumerate(whole.network.parameters()):
                mine, theirs = (np.asarray(each.network.parameter(index, which)) for each in (model, whole))
                assert np.abs(mine - theirs).max() <= 1e-5 * np.abs(theirs).max(), name


def test_an_image_that_differs_stops_both():
    for error in on_towers(read):
        assert isinstance(error, ValueError)
        assert "the ranks have different images" in str(error)
