"""`fit(cache_features=…)`: the same weights as without, from files that are reused, replaced or refused as said."""

import errno
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from interrupted_fit import CountedNetwork, Enough
from support import CLASSES, dataset, fingerprint, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.data.feature_file import FeatureFile
from swiftalexnet.files.paths import open_regular
from swiftalexnet.training import feature_store, features
from swiftalexnet.training.history import COLUMNS

TIMES = ("images_per_second", "seconds")
HAS_BFLOAT16 = "bfloat16" in _native.runtime_info()["precisions"]
# Products by OpenBLAS may depend on the rest of the batch.
OWN_KERNELS = "openblas" not in _native.runtime_info()["gemm"].lower()


def recipe(**changes) -> sa.Recipe:
    return quick_recipe(**{"crop": False, "color_noise": 0.0} | changes)


def frozen_model(seed: int = 0) -> sa.Model:
    model = tiny_model(seed=seed)
    model.freeze("conv")
    return model


def train(cache, model: sa.Model | None = None, data=None, **options) -> tuple:
    """Train; return the fingerprint of the weights, and the history without its times."""
    model = frozen_model() if model is None else model
    options = {"recipe": recipe(), "validation": dataset(20, seed=1), "epochs": 3, "progress": False} | options
    history = model.fit(dataset() if data is None else data, cache_features=cache, **options)
    return fingerprint(model), [[row[name] for name in COLUMNS if name not in TIMES] for row in history]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.features"))


@pytest.fixture
def computed(monkeypatch) -> list[str]:
    """The names of the features that have been computed."""
    names, compute = [], features.Features.compute

    def watched(self, progress):
        names.append(self.name)
        return compute(self, progress)

    monkeypatch.setattr(features.Features, "compute", watched)
    return names


SETTINGS = {
    "centre and mirror": {},
    "centre": {"recipe": recipe(flip=False)},
    "chunks": {"recipe": recipe(chunk=3)},
    "a last batch of its own size": {"recipe": recipe(batch_size=7)},
    "without validation": {"validation": None},
    "caffe's rule and a plateau": {"recipe": recipe(rule="caffe", schedule=sa.PlateauSchedule(patience=1))},
    "bfloat16": {"precision": "bfloat16"},
    "fast math": {"fast_math": True},
}


@pytest.mark.skipif(not OWN_KERNELS, reason="bits depend on OpenBLAS")
@pytest.mark.parametrize("name", SETTINGS)
def test_the_same_bits_as_without(name):
    options = SETTINGS[name]
    if options.get("precision") and not HAS_BFLOAT16:
        pytest.skip("this processor has no bfloat16")
    assert train(True, **options) == train(False, **options)


def test_the_same_weights_to_rounding():
    cached, direct = frozen_model(), frozen_model()
    train(True, cached)
    train(False, direct)
    for name, array in cached.state_dict().items():
        np.testing.assert_allclose(array, direct.state_dict()[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_crop_as_large_as_the_image_is_one_view():
    options = {"recipe": recipe(crop=True)}
    models = [frozen_model(), frozen_model()]
    for model in models:
        mean = np.full(3, 120, np.float32)
        model.preprocessing = model.preprocessing.replace(resize=20, mean=mean, learn_mean=False)
    assert train(True, models[0], **options) == train(False, models[1], **options)


def test_more_may_be_frozen_than_comes_before_dropout(tmp_path):
    results = []
    for cache in (tmp_path, False):
        model = frozen_model()
        model.freeze("fc6")
        results.append(train(cache, model))
    assert results[0] == results[1]
    kept = FeatureFile(open_regular(tmp_path / files(tmp_path)[0]), tmp_path)
    assert kept.contents.shape == (1, 1, 24)  # fc6 and its ReLU; drop6 is different in every step


def test_groups_with_rate_zero_freeze_too():
    freezing = recipe(groups=(sa.ParameterGroup("conv*", learning_rate=0),))
    assert train(True, tiny_model(), recipe=freezing) == train(False, tiny_model(), recipe=freezing)


def test_whitened_images(tmp_path):
    results = []
    for cache in (tmp_path, False):
        model = frozen_model()
        model.preprocessing = model.preprocessing.replace(learn_whitening=0.1)
        results.append(train(cache, model))
    assert results[0] == results[1]


# Files


def test_files_are_reused_by_runs_with_the_same_frozen_part(tmp_path, computed):
    first = train(tmp_path)
    assert computed == ["train", "validation"] and len(files(tmp_path)) == 2
    assert train(tmp_path) == first and len(computed) == 2
    train(tmp_path, recipe=recipe(learning_rate=0.001), seed=4, epochs=1)
    assert len(computed) == 2


def whitening_by_scale(model):
    model.preprocessing = model.preprocessing.replace(scale=np.float32([0.5, 0.5, 0.5]))


OTHERS = {
    "weights": (lambda model: model.parameters()["conv1.bias"].__setitem__(0, 1.0), {}),
    "part": (lambda model: model.freeze("fc6"), {}),
    "preprocessing": (whitening_by_scale, {}),
    "images": (lambda model: None, {"data": dataset(60, seed=5), "validation": dataset(20, seed=6)}),
    "precision": (lambda model: None, {"precision": "bfloat16"} if HAS_BFLOAT16 else {"recipe": recipe(flip=False)}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_frozen_part_or_other_images_get_files_of_their_own(name, tmp_path, computed):
    train(tmp_path, epochs=1)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    change, options = OTHERS[name]
    model, direct = frozen_model(), frozen_model()
    change(model)
    change(direct)
    assert train(tmp_path, model, epochs=1, **options) == train(False, direct, epochs=1, **options)
    assert computed[2:] and set(computed[2:]) <= {"train", "validation"}
    assert {path: path.read_bytes() for path in before} == before  # those of the first run stay


def test_beside_a_checkpoint_a_run_replaces_the_files_of_another(tmp_path, computed):
    train(True, checkpoint=tmp_path)
    first = files(tmp_path)
    assert len(first) == 2
    model = frozen_model(seed=3)
    train(True, model, checkpoint=tmp_path)
    assert len(computed) == 4 and len(files(tmp_path)) == 2 and not set(files(tmp_path)) & set(first)


def test_without_a_folder_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    train(True)
    assert not list(tmp_path.iterdir())


def test_a_data_set_of_the_users_own_is_read_anew(tmp_path, computed):
    class Mine(sa.ArrayDataset):
        pass

    data = Mine(dataset().images, dataset().labels, CLASSES)
    first = train(tmp_path, data=data, validation=None)
    assert train(tmp_path, data=data, validation=None) == first == train(False, data=data, validation=None)
    assert computed == ["train", "train"] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", [0.0, 0.001, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_damaged_files_are_computed_again(place, damage, tmp_path, computed):
    first = train(tmp_path)
    path = tmp_path / files(tmp_path)[0]
    data = bytearray(path.read_bytes())
    at = 8 + int(place * (len(data) - 9))
    if damage == "cut":
        del data[at:]
    else:
        data[at] ^= 4
    path.write_bytes(data)
    assert train(tmp_path) == first and computed == ["train", "validation", "train"]
    assert train(tmp_path) == first and len(computed) == 3


def test_damage_during_training_is_noticed(tmp_path):
    path = tmp_path / "run"

    def spoil(row):
        target = path / files(path)[0]
        with open(target, "r+b") as file:
            file.seek(500)
            file.write(b"spoilt" * 20_000)

    model = frozen_model()
    with pytest.raises(sa.CacheCorruptError, match=r"train-.*\.features is damaged"):
        train(True, model, checkpoint=path, on_epoch_end=spoil)
    assert train(True, frozen_model(), checkpoint=path, resume=True) == train(False)


def test_a_file_of_another_program_is_not_replaced(tmp_path):
    train(tmp_path, validation=None)
    path = tmp_path / files(tmp_path)[0]
    path.write_bytes(b"somebody's diary" * 100)
    with pytest.raises(sa.CacheCorruptError, match="is not a file of features"):
        train(tmp_path, validation=None)
    assert path.read_bytes() == b"somebody's diary" * 100


def test_a_full_disk_leaves_the_model_and_nothing_else(tmp_path, monkeypatch):
    model = frozen_model()
    before = fingerprint(model)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("swiftalexnet.data.feature_file.write_all", full)
        with pytest.raises(OSError, match="No space left") as caught:
            train(tmp_path, model)
    assert caught.value.filename and fingerprint(model) == before and not list(tmp_path.iterdir())
    state = os.statvfs(tmp_path)
    patched = os.statvfs_result((*state[:4], 1, *state[5:10]))
    monkeypatch.setattr("swiftalexnet.training.feature_store.os.fstatvfs", lambda _: patched)
    with pytest.raises(OSError, match=r"features need [\d,]+ bytes, [\d,]+ are free") as caught:
        train(tmp_path, model, data=dataset(900))
    assert caught.value.errno == errno.ENOSPC and not list(tmp_path.iterdir())


def test_ctrl_c_while_features_are_computed_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(features, "network_crops", stop)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    assert not list(tmp_path.iterdir())


# Folders of photographs


def folder_of(tmp_path: Path) -> Path:
    folder = photo_folder(tmp_path / "photos")
    old = 1_600_000_000
    for path in folder.rglob("*.png"):
        os.utime(path, (old, old))
    return folder


def test_photographs_that_change_are_computed_again(tmp_path, computed):
    folder = folder_of(tmp_path)
    options = {"data": None, "validation": None, "epochs": 1}

    def run():
        return train(tmp_path, **options | {"data": sa.ImageFolder(folder)})

    first = run()
    assert run() == first and len(computed) == 1
    changed = folder / "dark" / "1.png"
    changed.write_bytes((folder / "top" / "0.png").read_bytes())  # and a new time
    assert run() != first and len(computed) == 2
    run()
    assert len(computed) == 2  # the young file has the same bytes
    state = changed.stat()
    changed.write_bytes((folder / "top" / "1.png").read_bytes().ljust(state.st_size, b"\0")[: state.st_size])
    os.utime(changed, ns=(state.st_atime_ns, state.st_mtime_ns))
    run()
    assert len(computed) == 3  # same size and time, other bytes


def test_broken_photographs_are_left_out_with_and_without(tmp_path, computed):
    folder = folder_of(tmp_path)
    for name in ("dark/1.png", "low/2.png"):
        (folder / name).write_bytes(b"broken")
    results = []
    for cache in (False, tmp_path, tmp_path):
        data = sa.ImageFolder(folder, on_error="skip")
        options = {"recipe": recipe(batch_size=5), "validation": sa.ImageFolder(folder, on_error="skip")}
        with pytest.warns(UserWarning, match="2 files were left out"):
            results.append(train(cache, data=data, **options))
        assert data.left_out() == {"dark": {"broken": 1}, "low": {"broken": 1}}
    assert results[0] == results[1] == results[2] and len(computed) == 2
    with pytest.raises(ValueError, match="cannot be decoded|not an image|1.png"):
        train(tmp_path, data=sa.ImageFolder(folder), validation=None)


# Resuming


@pytest.mark.parametrize("step", [1, 4, 6, 11])
def test_a_run_that_was_killed_goes_on_with_the_same_bits(step, tmp_path, computed):
    expected = train(False)
    stopped = frozen_model()
    stopped._network = Counted(stopped.network, step)
    with pytest.raises(Enough):
        train(True, stopped, checkpoint=tmp_path, checkpoint_every=1)
    assert train(True, frozen_model(seed=9), checkpoint=tmp_path, resume=True) == expected
    assert computed == ["train", "validation"]


def test_a_run_may_go_on_without_features(tmp_path):
    expected = train(False)
    train(True, checkpoint=tmp_path, epochs=1)
    assert train(False, checkpoint=tmp_path, resume=True) == expected


def test_a_finished_run_computes_nothing(tmp_path, computed):
    train(tmp_path / "features", checkpoint=tmp_path)
    train(tmp_path / "others", frozen_model(seed=2), checkpoint=tmp_path, resume=True)
    assert computed == ["train", "validation"]


class Counted(CountedNetwork):
    """A network that refuses the step after `count` others, on features as on images."""

    def train_step_features(self, *arguments):
        self._before_step()
        return self._network.train_step_features(*arguments)


# What is refused


def unfrozen() -> sa.Model:
    return tiny_model()


def frozen_behind() -> sa.Model:
    model = tiny_model()
    model.freeze("conv2", "fc6")
    return model


def all_frozen() -> sa.Model:
    model = tiny_model()
    model.freeze("conv", "fc")
    return model


@pytest.mark.parametrize(
    ("build", "options", "kind", "message"),
    [
        (unfrozen, {}, ValueError, r"conv1\.weight is trained, .*model\.freeze\('conv'\)"),
        (frozen_behind, {}, ValueError, r"conv1\.weight is trained"),
        (all_frozen, {}, ValueError, "every parameter is frozen"),
        (frozen_model, {"recipe": quick_recipe()}, ValueError, r"crop=True.*\.replace\(crop=False"),
        (frozen_model, {"recipe": recipe(color_noise=0.1)}, ValueError, r"color_noise=0\.1.*color_noise=0\.0"),
        (frozen_model, {"recipe": recipe(rotation=8.0)}, ValueError, "rotation=8.*rotation=0"),
        (frozen_model, {"recipe": recipe(shift=2)}, ValueError, "shift=2.*shift=0"),
        (frozen_model, {"recipe": recipe(scale=(20, 30))}, ValueError, r"scale=\(20, 30\).*scale=None"),
        (frozen_model, {"cache_features": 3}, TypeError, "cache_features is 3, expected True, False or the path"),
        (frozen_model, {"cache_features": ""}, ValueError, "cache_features is ''"),
        (frozen_model, {"cache_features": __file__}, NotADirectoryError, "expected a folder"),
    ],
)
def test_what_cannot_be_cached_is_refused_before_any_work(build, options, kind, message, tmp_path):
    model = build()
    before, preprocessing = fingerprint(model), model.preprocessing
    with pytest.raises(kind, match=message):
        train(options.pop("cache_features", tmp_path), model, **options)
    assert fingerprint(model) == before and model.preprocessing is preprocessing and not list(tmp_path.iterdir())


def test_colour_noise_counts_only_where_it_is():
    options = {"recipe": recipe(color_noise=0.1, color_noise_epochs=0)}
    assert train(True, **options) == train(False, **options)


def test_features_that_are_not_finite_are_explained(tmp_path):
    model = frozen_model()
    model.parameters()["conv1.weight"][...] = np.inf
    with pytest.raises(
        sa.NonFiniteError, match=r"cache_features: relu2 of image 0 is not finite: conv1\.weight holds inf"
    ):
        train(tmp_path, model)
    assert not list(tmp_path.iterdir())


def test_removing_features_leaves_other_files(tmp_path):
    train(tmp_path, epochs=1)
    (tmp_path / "mine.features").write_text("not of this package")
    feature_store.remove_features(tmp_path)
    assert files(tmp_path) == ["mine.features"]


def test_images_may_have_weights():
    options = {"class_weight": {"dark": 3.0, "top": 0.5}}
    assert train(True, **options) == train(False, **options)
