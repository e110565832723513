"""`fit`: training, the history, and what it refuses."""

import numpy as np
import pytest
from PIL import Image
from support import CLASSES, dataset, fingerprint, fit, labelled_images, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.training.history import COLUMNS


def test_learns():
    model, held_out = tiny_model(), dataset(100, seed=1)
    history = fit(model, dataset(200), held_out, epochs=12, recipe=quick_recipe(learning_rate=0.005))
    assert history[0]["train_loss"] > 2 * history[-1]["train_loss"]
    assert model.evaluate(held_out).top1_error < 10


def test_history_has_a_row_per_epoch():
    history = fit(tiny_model(), validation=dataset(20, seed=1), epochs=3)
    assert len(history) == 3 and history.column("epoch") == [0, 1, 2]
    assert all(tuple(row) == COLUMNS for row in history)
    assert all(np.isfinite(list(row.values())).all() for row in history)
    assert history[-1]["learning_rate"] == 0.002


def test_history_without_validation():
    history = fit(tiny_model())
    assert history.column("validation_top1_error") == [None, None]
    assert "–" in str(history)


def test_training_row_is_the_mean_over_images():
    seen = []

    class Spy:
        def __init__(self, network):
            self.network = network

        def __getattr__(self, name):
            return getattr(self.network, name)

        def train_step_images(self, images, *rest):
            outcome = self.network.train_step_images(images, *rest)
            seen.append((len(images), *outcome))
            return outcome

    model = tiny_model()
    model._network = Spy(model.network)
    history = fit(model, dataset(60), epochs=1)
    counts, losses, errors = np.array(seen).T
    assert counts.tolist() == [16, 16, 16, 12]
    assert history[0]["train_loss"] == pytest.approx((counts * losses).sum() / 60)
    assert history[0]["train_top1_error"] == pytest.approx((counts * errors).sum() / 60)


def test_same_seed_same_bits_on_any_number_of_threads():
    results = set()
    before = sa.get_num_threads()
    try:
        for threads in (1, 2, 3, 4):
            sa.set_num_threads(threads)
            model = tiny_model()
            fit(model, seed=5)
            results.add(fingerprint(model))
    finally:
        sa.set_num_threads(before)
    assert len(results) == 1
    other = tiny_model()
    fit(other, seed=6)
    assert fingerprint(other) not in results


def test_mean_image_is_computed_once():
    model, data = tiny_model(), dataset(30)
    fit(model, data)
    np.testing.assert_allclose(model.preprocessing.mean, data.images.mean(axis=0), rtol=1e-5)
    mean = model.preprocessing.mean
    fit(model, dataset(30, seed=4))
    assert model.preprocessing.mean is mean


def test_owt_keeps_torchvisions_mean():
    model = sa.Model.from_spec(tiny_model().spec, "torchvision", variant="owt")
    before = model.preprocessing
    fit(model)
    assert model.preprocessing is before


def test_a_network_with_nothing_to_learn():
    model = sa.Model.from_spec("network idle\ndata channels=4 height=1 width=1\nrelu relu1\nsoftmax prob\n")
    images = np.zeros((4, 1, 1, 4), np.uint8)
    assert np.isfinite(fit(model, sa.ArrayDataset(images, range(4)), epochs=1)[0]["train_loss"])


def decoded(model: sa.Model, train, epochs: int, **changes) -> list[np.ndarray]:
    """Return the images that training sees, before crops and mirroring, batch by batch."""
    seen, network = [], model.network

    class Spy:
        def __getattr__(self, name):
            return getattr(network, name)

        def train_step_images(self, images, *rest):
            seen.append(images.copy())
            return network.train_step_images(images, *rest)

    model._network = Spy()
    fit(model, train, epochs=epochs, recipe=quick_recipe(**changes))
    model._network = network
    return seen


def test_scale_cuts_crops_from_whole_images_of_any_size(tmp_path):
    wide = np.zeros((30, 60, 3), np.uint8)
    wide[:, :, 0] = np.linspace(0, 250, 60)  # red tells the column
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        for number in range(8):
            Image.fromarray(wide).save(tmp_path / name / f"{number}.png")
    train, model = sa.ImageFolder(tmp_path), tiny_model(classes=2)
    batches = decoded(model, train, 10, scale=(20, 40))
    assert all(batch.shape == (16, 20, 20, 3) for batch in batches)
    reds = np.concatenate(batches)[:, 10, :, 0].astype(float)
    assert reds[:, 0].min() < 30 and reds[:, -1].max() > 220  # beyond the centre square, 62 … 187
    spans = reds[:, -1] - reds[:, 0]
    assert spans.min() < 75 and spans.max() > 110  # 20 of 80 columns, and of 40
    assert model.preprocessing.mean.shape == (3,)
    assert np.isfinite(model.evaluate(train).loss)
    fixed = np.concatenate(decoded(tiny_model(classes=2), train, 2, scale=(40, 40)))[:, 10, :, 0].astype(float)
    assert np.ptp(fixed[:, -1] - fixed[:, 0]) < 5


def test_vgg_is_trained_in_three_stages(tmp_path):
    train = sa.ImageFolder(photo_folder(tmp_path, count=2, side=60))
    small = {"batch_size": 8, "epochs": 1, "schedule": sa.ConstantSchedule()}
    shallow = sa.vgg("A", 4, image_size=32, initialization="glorot")
    shallow.fit(train, recipe=sa.recipe("vgg", scale=(36, 36), **small), progress=False)
    model = sa.vgg("B", 4, image_size=32, initialization="glorot", from_model=shallow)
    np.testing.assert_array_equal(model.parameters()["fc8.weight"], shallow.parameters()["fc8.weight"])
    for name, scale in (("vgg", (36, 36)), ("vgg-384", (54, 54)), ("vgg-jitter", (36, 72))):
        before = fingerprint(model)
        history = model.fit(train, recipe=sa.recipe(name, scale=scale, **small), progress=False)
        assert history[0]["train_loss"] < 5 and fingerprint(model) != before
        assert model.preprocessing.resize == {"vgg": 36, "vgg-384": 54, "vgg-jitter": 54}[name]


def test_scale_takes_the_means_of_a_mean_image():
    model = tiny_model()
    fit(model, epochs=1)
    image = model.preprocessing.mean
    fit(model, epochs=1, recipe=quick_recipe(scale=(20, 26)))
    np.testing.assert_allclose(model.preprocessing.mean, image.mean(axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize(("scale", "side"), [((40, 40), 40), ((20, 41), 30), ((20, 20), 20)])
def test_scale_sets_validation_to_its_middle(scale, side):
    class Watched(sa.ArrayDataset):
        def image(self, index, geometry):
            seen.add(geometry)
            return super().image(index, geometry)

    seen, model = set(), tiny_model()
    validation = Watched(*labelled_images(12), CLASSES)
    fit(model, validation=validation, epochs=1, recipe=quick_recipe(scale=scale))
    assert model.preprocessing.resize == side
    assert {geometry.side for geometry in seen} == {side}
    model.evaluate(validation, dense=True)
    assert {geometry.side for geometry in seen} == {side}, "dense evaluation too"


def test_caffes_rule_trains_to_the_papers_weights_within_rounding():
    weights = {}
    for rule in ("paper", "caffe", "pytorch"):
        model = tiny_model()
        schedule = sa.StepSchedule((3, 6), 0.3)
        fit(model, epochs=3, recipe=quick_recipe(rule=rule, schedule=schedule, bias_learning_rate=2.0))
        weights[rule] = np.concatenate([array.ravel() for array in model.state_dict().values()])
    assert not np.array_equal(weights["caffe"], weights["paper"])
    np.testing.assert_allclose(weights["caffe"], weights["paper"], rtol=0, atol=2e-6)
    assert np.abs(weights["pytorch"] - weights["paper"]).max() > 1e-4


def test_color_noise_ends_with_its_epochs():
    def noise_of_steps(**changes):
        model, seen = tiny_model(), []
        network = model.network

        class Spy:
            def __getattr__(self, name):
                return getattr(network, name)

            def train_step_images(self, images, labels, preprocessing, augmentation, options):
                seen.append(augmentation[2])
                return network.train_step_images(images, labels, preprocessing, augmentation, options)

        model._network = Spy()
        fit(model, epochs=2, recipe=quick_recipe(color_noise=0.1, **changes))
        return seen

    assert noise_of_steps() == [0.1] * 8
    assert noise_of_steps(color_noise_epochs=1) == [0.1] * 4 + [0.0] * 4
    assert noise_of_steps(color_noise_epochs=0) == [0.0] * 8


def test_folder_and_array_give_the_same_bits(tmp_path):
    folder = sa.ImageFolder(photo_folder(tmp_path, side=23), workers=3)
    geometry = tiny_model().preprocessing.geometry
    arrays = np.stack([folder.image(index, geometry) for index in range(len(folder))])
    models = tiny_model(), tiny_model()
    fit(models[0], folder)
    fit(models[1], sa.ArrayDataset(arrays, folder.labels, CLASSES))
    assert fingerprint(models[0]) == fingerprint(models[1])


def test_grey_network():
    model = tiny_model(channels=1)
    fit(model, recipe=quick_recipe(color_noise=0.1))
    assert model.preprocessing.mean.shape == (23, 23, 1)


def test_broken_images_raise_or_are_skipped(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "3.png").write_bytes(b"broken")
    model = tiny_model()
    before = fingerprint(model)
    with pytest.raises(ValueError, match="3.png"):
        fit(model, sa.ImageFolder(folder))
    assert fingerprint(model) == before
    data = sa.ImageFolder(folder, on_error="skip")
    fit(model, data, epochs=1)
    assert data.skipped == 1 and fingerprint(model) != before


def test_batches_that_are_skipped_whole(tmp_path):
    folder = photo_folder(tmp_path, count=2)
    for name in CLASSES:
        (folder / name / "0.png").write_bytes(b"broken")
    with pytest.warns(UserWarning, match="fit: 4 files were left out"):
        history = fit(tiny_model(), sa.ImageFolder(folder, on_error="skip"), batch_size=1)
    assert np.isfinite(history.column("train_loss")).all()
    for name in CLASSES:
        (folder / name / "1.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="none of 8 images"):
        fit(tiny_model(), sa.ImageFolder(folder, on_error="skip"))


def grouped(*arguments, **options) -> sa.Recipe:
    """Return a recipe with one group."""
    return quick_recipe(groups=(sa.ParameterGroup(*arguments, **options),))


MORE = sa.ArrayDataset(*labelled_images(8), [*CLASSES, "fifth"])


OTHER = sa.ArrayDataset(*labelled_images(8), CLASSES[::-1])


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"train": MORE}, ValueError, "5 classes"),
        ({"train": sa.ArrayDataset(labelled_images(2)[0], [0, 4])}, ValueError, "labels.1. is 4"),
        ({"validation": OTHER}, ValueError, "expected the same"),
        ({"train": labelled_images(4)[0]}, TypeError, "data set"),
        ({"train": "photos"}, TypeError, "data set"),
        ({"validation": 3}, TypeError, "data set"),
        ({"epochs": -1}, ValueError, "epochs"),
        ({"epochs": 1.5}, TypeError, "epochs"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 2**40}, ValueError, "batch_size"),
        ({"recipe": "papr"}, ValueError, "did you mean 'paper'"),
        ({"recipe": {"learning_rate": 1}}, TypeError, "recipe"),
        ({"recipe": "paper"}, ValueError, "depends on the validation error"),
        ({"recipe": quick_recipe(bias_schedule=sa.PlateauSchedule())}, ValueError, "depends on the validation error"),
        ({"recipe": grouped("fc8.*", schedule=sa.PlateauSchedule())}, ValueError, "depends on the validation error"),
        ({"recipe": grouped("fc9.*")}, ValueError, r"'fc9\.\*' .*conv1.weight, .*did you mean 'fc\d.\*'"),
        ({"recipe": quick_recipe(scale=(19, 30))}, ValueError, r"scale=\(19, 30\) pixels, the network reads 20 × 20"),
        ({"recipe": quick_recipe(shift=21)}, ValueError, "shift 21, expected at most 20"),
        ({"recipe": "chm146"}, ValueError, "did you mean 'chm145'"),
        ({"recipe": "cifar-18pct"}, ValueError, "'fc10.weight' of the recipe matches no parameter"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": "random"}, TypeError, "seed"),
        ({"precision": "double"}, ValueError, "precision"),
        ({"non_finite": "ignore"}, ValueError, "non_finite"),
        ({"resume": True}, ValueError, "checkpoint"),
        ({"checkpoint_every": 5}, ValueError, "checkpoint"),
        ({"checkpoint": "run", "checkpoint_every": 0}, ValueError, "checkpoint_every"),
        ({"checkpoint": 3}, TypeError, "int"),
        ({"checkpoint": ""}, ValueError, "checkpoint is ''"),
        ({"learning_rate": 0.1}, TypeError, r"recipe=swiftalexnet.recipe\('paper', learning_rate=…\)"),
        ({"lr": 0.1}, TypeError, r"recipe=swiftalexnet.recipe\('paper', learning_rate=…\)"),
        ({"momentum": 0.8, "recipe": "caffe"}, TypeError, r"swiftalexnet.recipe\('caffe', momentum=…\)"),
        ({"schedule": None, "recipe": quick_recipe()}, TypeError, r"swiftalexnet.recipe\('paper', schedule=…\)"),
        ({"validaton": 3}, TypeError, "unknown option 'validaton': expected one of train, .*mean 'validation'"),
    ],
)
def test_refuses_before_any_work(options, kind, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = tiny_model()
    before, preprocessing = fingerprint(model), model.preprocessing
    with pytest.raises(kind, match=message):
        fit(model, **options)
    assert fingerprint(model) == before and model.preprocessing is preprocessing and model.classes is None
    fit(model, epochs=1)
