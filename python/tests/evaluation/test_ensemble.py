"""Ensembles: the weighted mean of several models, what they refuse, and the search for weights."""

import numpy as np
import pytest
from support import CLASSES, dataset, labelled_images, photo_folder, quick_recipe, tiny_model, unpadded_model

import swiftalexnet as sa
from swiftalexnet.data.order import in_order
from swiftalexnet.inference import batches
from swiftalexnet.network import batch_size

IMAGES, LABELS = labelled_images(8, seed=3)


@pytest.fixture(scope="module")
def models():
    """Two trained models with different inputs and means, and an untrained one."""
    learned = []
    for seed, model in enumerate((tiny_model(), unpadded_model())):
        model.fit(dataset(60, seed), epochs=2, recipe=quick_recipe(learning_rate=0.001), progress=False)
        learned.append(model)
    return [*learned, sa.Model.from_spec(tiny_model().spec, "zeros")]


def test_probabilities_are_the_weighted_mean(models):
    for weights, options in ((None, {}), ((3, 1, 0.5), {"crops": 9}), ((1, 0, 0), {"dense": True, "scales": [23, 31]})):
        ensemble = sa.Ensemble(models, weights)
        share = np.full(3, 1 / 3) if weights is None else np.array(weights) / sum(weights)
        assert ensemble.weights == pytest.approx(share)
        expected = sum(each * model.probabilities(IMAGES, **options) for each, model in zip(share, models, strict=True))
        np.testing.assert_allclose(ensemble.probabilities(IMAGES, **options), expected, rtol=1e-5, atol=1e-7)
    assert ensemble.classes == CLASSES and ensemble.num_classes == 4
    best = sa.Ensemble(models[:1]).predict(IMAGES, top=2)
    assert [each.labels for each in best] == [each.labels for each in models[0].predict(IMAGES, top=2)]
    assert best[0].classes[0] in CLASSES
    assert "Ensemble: 0.5 <" in repr(sa.Ensemble(models[:2]))


def test_evaluate_is_the_score_of_the_probabilities(models):
    data = sa.ArrayDataset(IMAGES, LABELS, CLASSES)
    ensemble = sa.Ensemble(models, [2, 1, 1])
    for options in ({}, {"crops": 10, "batch_size": 3}, {"dense": True}):
        table = ensemble.probabilities(IMAGES, **{k: v for k, v in options.items() if k != "batch_size"})
        result = ensemble.evaluate(data, **options)
        assert result.top1_error == pytest.approx(100 * (table.argmax(axis=1) != LABELS).mean())
        assert result.loss == pytest.approx(-np.log(table[np.arange(8), LABELS]).mean(), rel=1e-5)
        assert (result.count, result.skipped) == (8, 0)
    alone = sa.Ensemble(models[:1]).evaluate(data)
    assert alone == models[0].evaluate(data)


def test_each_model_has_its_automatic_batch_size(models, monkeypatch):
    data, ensemble, sizes = sa.ArrayDataset(IMAGES, LABELS, CLASSES), sa.Ensemble(models[:2]), []

    def largest(model, *_):
        sizes.append(2 + models.index(model))
        return sizes[-1]

    monkeypatch.setattr(batch_size, "_largest", largest)
    monkeypatch.setattr(batches, "in_order", lambda count, size: used.append(size) or in_order(count, size))
    used = []
    assert ensemble.evaluate(data, batch_size="auto").loss == pytest.approx(ensemble.evaluate(data).loss, rel=1e-5)
    assert used[:2] == [2, 3] and used[2:] == [64, 64]
    ensemble.search_weights(data, batch_size="auto")
    assert used[4:] == [2, 3]
    for work in (ensemble.evaluate, ensemble.search_weights):
        with pytest.raises(ValueError, match="batch_size is 'most'"):
            work(data, batch_size="most")


def test_images_that_cannot_be_read_are_left_out(models, tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "0.png").write_bytes(b"")
    with pytest.warns(UserWarning, match="evaluate: 1 file was left out"):
        result = sa.Ensemble(models[:2]).evaluate(sa.ImageFolder(folder, on_error="skip"))
    with pytest.warns(UserWarning, match="search_weights: 1 file was left out"):
        sa.Ensemble(models[:2]).search_weights(sa.ImageFolder(folder, on_error="skip"))
    assert (result.count, result.skipped) == (23, 1)
    with pytest.raises(ValueError, match="0.png"):
        sa.Ensemble(models[:2]).evaluate(sa.ImageFolder(folder))
    for path in folder.glob("*/*.png"):
        path.write_bytes(b"")
    data = sa.ImageFolder(folder, on_error="skip")
    with pytest.raises(ValueError, match="evaluate: none of 24"):
        sa.Ensemble(models[:2]).evaluate(data)
    with pytest.raises(ValueError, match="search_weights: none of 24"):
        sa.Ensemble(models[:2]).search_weights(data)


def test_a_useless_model_gets_no_weight(models):
    validation = dataset(60, seed=9)
    ensemble = sa.Ensemble(models)
    before = ensemble.evaluate(validation)
    found = ensemble.search_weights(validation)
    assert found == ensemble.weights
    assert found[2] == 0 and sum(found) == pytest.approx(1) and min(found) >= 0
    after = ensemble.evaluate(validation)
    assert (after.top5_error, after.top1_error) <= (before.top5_error, before.top1_error)
    assert after.top1_error < before.top1_error or after.loss < before.loss
    assert sa.Ensemble(models, [0, 0, 1]).search_weights(validation) == found, "starts from equal weights"
    assert sa.Ensemble(models[:1]).search_weights(validation) == (1,)


class Counting:
    """A network that notes how many images it is asked about."""

    def __init__(self, network, seen):
        self._network, self._seen = network, seen

    def predict_images(self, images, *rest):
        self._seen.append(len(images))
        self._network.predict_images(images, *rest)


def test_each_model_computes_once(models, monkeypatch):
    seen = []
    for model in models[:2]:
        monkeypatch.setattr(model, "_network", Counting(model.network, seen))
    sa.Ensemble(models[:2]).search_weights(dataset(60, seed=9), batch_size=40)
    assert seen == [40, 20, 40, 20]


def named(classes):
    model = tiny_model(classes=len(classes))
    model.classes = tuple(classes)
    return model


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([],), ValueError, "Ensemble: got no models"),
        (([3],), TypeError, "Ensemble: got int, expected models"),
        (([tiny_model(), tiny_model(classes=5)],), ValueError, "different numbers of classes: 4 and 5"),
        (([named("abcd"), named("abdc")],), ValueError, "different class names"),
        (([tiny_model()], [1, 2]), ValueError, "Ensemble: got 2 weights for 1 models"),
        (([tiny_model()], [-1]), ValueError, "Ensemble: a weight is -1"),
        (([tiny_model()], [float("nan")]), ValueError, "Ensemble: a weight is nan"),
        (([tiny_model()], ["1"]), TypeError, "Ensemble: a weight is '1'"),
        (([tiny_model(), tiny_model()], [0, 0]), ValueError, "expected a sum above 0"),
        (([tiny_model()], [1e308]), ValueError, "a weight is 1e\\+308"),
        (([tiny_model()], 1.0), TypeError, "weights is 1.0, expected a sequence"),
        ((tiny_model(),), TypeError, "Ensemble: models is .*, expected a sequence"),
    ],
)
def test_refuses_invalid_ensembles(arguments, kind, message):
    with pytest.raises(kind, match=message):
        sa.Ensemble(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crops": 3}, "crops is 3"),
        ({"scales": [19]}, "scale 19 is smaller than the input"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_refusals_come_before_any_work(options, message):
    small = unpadded_model()
    ensemble = sa.Ensemble([small, tiny_model()])
    with pytest.raises(ValueError, match=f"evaluate: .*{message}"):
        ensemble.evaluate(dataset(3), **options)
    with pytest.raises(ValueError, match=f"search_weights: .*{message}"):
        ensemble.search_weights(dataset(3), **options)
    with pytest.raises(ValueError, match=f"predict: .*{message}"):
        ensemble.predict("missing.png", **options)
    with pytest.raises(ValueError, match="search_weights: the data has 5 classes, the model 4"):
        ensemble.search_weights(sa.ArrayDataset(IMAGES, LABELS, [*CLASSES, "more"]))
    for work in (
        named("abcd").evaluate,
        sa.Ensemble([named("abcd")]).evaluate,
        sa.Ensemble([named("abcd")]).search_weights,
    ):
        with pytest.raises(ValueError, match=f"{work.__name__}: the data's classes .* are not the model's"):
            work(dataset(3))
    with pytest.raises(ValueError, match="weights for 2 models"):
        ensemble.weights = (1,)


def test_models_without_names_join_those_with_names():
    assert sa.Ensemble([tiny_model(), named("abcd")]).classes == tuple("abcd")
    assert sa.Ensemble([tiny_model()]).classes is None
