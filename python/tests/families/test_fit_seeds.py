"""Families of seeds: each network is what `fit` makes of its seed, whatever stops the work in between."""

import json
import subprocess
import sys
import weakref

import numpy as np
import pytest
from support import ROOT, dataset, fingerprint, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.distributed import LocalCommunicator

TRAIN, HELD_OUT = dataset(40), dataset(20, seed=1)
RECIPE = quick_recipe(epochs=2)


def build(seed):
    return tiny_model(seed=seed)


def fit_seeds(folder, seeds=(0, 1), build=build, train=TRAIN, validation=HELD_OUT, **options):
    options = {"recipe": RECIPE, "progress": False} | options
    return sa.fit_seeds(build, seeds, train, validation, folder=folder, **options)


def alone(seed):
    """Return the fingerprint of the network that `fit` makes of a seed."""
    model = build(seed)
    model.fit(TRAIN, HELD_OUT, recipe=RECIPE, seed=seed, progress=False)
    return fingerprint(model)


@pytest.fixture(scope="module")
def expected():
    return {seed: alone(seed) for seed in (0, 1, 5)}


def fingerprints(family):
    return {seed: fingerprint(family.model(seed)) for seed in family.seeds}


def test_each_network_is_what_fit_makes_of_its_seed(tmp_path, expected):
    family = fit_seeds(tmp_path / "new" / "family", (5, 0))
    assert family.seeds == (5, 0)
    assert fingerprints(family) == {seed: expected[seed] for seed in (5, 0)}
    assert all(len(history) == 2 for history in family.histories.values())


def test_seeds_that_have_ended_are_not_trained_again(tmp_path, expected, monkeypatch):
    first = fit_seeds(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        patch.setattr("swiftalexnet.families.fit_seeds.fit", None)
        again = fit_seeds(tmp_path)
    assert [each.rows for each in again.histories.values()] == [each.rows for each in first.histories.values()]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    more = fit_seeds(tmp_path, (0, 5, 1))
    assert fingerprints(more) == {seed: expected[seed] for seed in (0, 5, 1)}


def test_ctrl_c_leaves_what_has_ended(tmp_path, expected):
    rows = []

    def stop(row):
        rows.append(row)
        if len(rows) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        fit_seeds(tmp_path, on_epoch_end=stop)
    assert f"SeedFamily.load('{tmp_path}')" in caught.value.__notes__[-1]
    part = sa.SeedFamily.load(tmp_path)
    assert part.seeds == (0,) and fingerprints(part) == {0: expected[0]}
    family = fit_seeds(tmp_path)
    assert fingerprints(family) == {seed: expected[seed] for seed in (0, 1)}
    assert [len(history) for history in family.histories.values()] == [2, 2]


KILLED = """
import os, sys
sys.path[:0] = [{python!r}, {tests!r}]
from families.test_fit_seeds import fit_seeds
left = int(sys.argv[2])
def stop(row):
    global left
    left -= 1
    if not left:
        os._exit(7)
fit_seeds(sys.argv[1], on_epoch_end=stop)
"""


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_a_killed_process_is_gone_on_with_to_the_same_bits(tmp_path, expected, rows):
    script = KILLED.format(python=str(ROOT / "python"), tests=str(ROOT / "python" / "tests"))
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path), str(rows)], capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    assert fingerprints(fit_seeds(tmp_path)) == {seed: expected[seed] for seed in (0, 1)}


def test_only_one_network_is_in_memory(tmp_path):
    alive, most = weakref.WeakSet(), []

    def counted(seed):
        most.append(len(alive))
        model = build(seed)
        alive.add(model)
        return model

    fit_seeds(tmp_path, range(4), build=counted)
    assert max(most) == 0


OTHERS = {
    "recipe {'learning_rate': 0.002}": {"recipe": quick_recipe(epochs=2, learning_rate=0.01)},
    "epochs 2, this one has 3": {"epochs": 3},
    "recipe {'batch_size': 16}": {"batch_size": 8},
    "options {'non_finite': None}": {"non_finite": "stop"},
    "options {'class_weight': None}": {"class_weight": {"dark": 2}},
    "options {'sample_weight': None}": {"sample_weight": np.arange(40)},
    "training {'images': 40": {"train": dataset(41)},
    "training {'labels": {"train": dataset(40, seed=9)},
    "validation {'images': 20": {"validation": None},
    "network ['data": {"build": lambda seed: tiny_model(channels=1, seed=seed)},
}


@pytest.mark.parametrize("named", OTHERS)
def test_another_familys_folder_is_refused(tmp_path, named):
    fit_seeds(tmp_path, (0,))
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    options = OTHERS[named]
    if "network" in named:
        images = np.zeros((4, 20, 20), np.uint8)
        options = options | {"train": sa.ArrayDataset(images, [0, 1, 2, 3], TRAIN.classes), "validation": None}
    with pytest.raises(ValueError, match="holds a family with") as caught:
        fit_seeds(tmp_path, (0, 1), **options)
    assert named in str(caught.value)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize(("name", "one", "two"), [
    ("class_weight", {"dark": 2, 2: 3}, {"dark": 2, 2: 4}),
    ("class_weight", {}, "balanced"),
    ("sample_weight", np.ones(40), np.r_[np.ones(39), 2]),
    ("sample_weight", [1.0] * 40, (1.0,) * 39 + (2.0,)),
])  # fmt: skip
def test_weights_in_the_loss_are_shared(tmp_path, name, one, two):
    fit_seeds(tmp_path, (0,), **{name: one})
    fit_seeds(tmp_path, (0,), **{name: one})
    with pytest.raises(ValueError, match=f"options.*{name}"):
        fit_seeds(tmp_path, (0, 1), **{name: two})


def test_the_frozen_part_may_be_kept(tmp_path):
    def frozen(seed):
        model = build(seed)
        model.freeze("conv")
        return model

    recipe = RECIPE.replace(crop=False, flip=False, color_noise=0)
    family = fit_seeds(tmp_path / "kept", build=frozen, recipe=recipe, cache_features=True)
    plain = fit_seeds(tmp_path / "plain", build=frozen, recipe=recipe)
    for seed in (0, 1):
        for name, weights in family.model(seed).state_dict().items():
            np.testing.assert_allclose(weights, plain.model(seed).state_dict()[name], atol=1e-5)


def test_other_initial_weights_are_refused(tmp_path):
    fit_seeds(tmp_path, (0,))
    with pytest.raises(ValueError, match=r"build\(0\) returns other initial weights"):
        fit_seeds(tmp_path, (0,), build=lambda seed: build(seed + 1))


def test_a_familys_networks_differ_in_weights_alone(tmp_path):
    def changing(seed):
        model = build(seed)
        if seed:
            model.freeze("conv1")
        return model

    with pytest.raises(ValueError, match="multipliers"):
        fit_seeds(tmp_path, build=changing)
    assert sa.SeedFamily.load(tmp_path).seeds == (0,)


def test_a_family_that_has_not_begun_is_replaced(tmp_path):
    with pytest.raises(ValueError, match="precision"):
        fit_seeds(tmp_path, precision="float99")
    with pytest.raises(ValueError, match="non_finite"):
        fit_seeds(tmp_path, non_finite="never")
    assert fit_seeds(tmp_path).seeds == (0, 1)


def test_a_run_that_stops_at_a_loss_that_is_not_finite_has_ended(tmp_path):
    family = fit_seeds(tmp_path, recipe=quick_recipe(epochs=2, learning_rate=1e30), non_finite="stop")
    assert [len(history) for history in family.histories.values()] == [0, 0]
    assert family.spread == {} and "–" in str(family)


BAD = {
    "a sequence, such as range(3)": {"seeds": 3},
    "at least one": {"seeds": ()},
    "seed 1 occurs 2 times": {"seeds": (1, 2, 1)},
    "expected an integer": {"seeds": ("a", "b")},
    "a seed is -1": {"seeds": (-1,)},
    "build is 3": {"build": 3},
    "build(0) returns None": {"build": lambda seed: None},
    "may differ from seed to seed": {"batch_size": "auto"},
    "checkpoint is set for every seed": {"checkpoint": "x"},
    "communicator is for one network": {"communicator": LocalCommunicator()},
    "belongs to the recipe": {"learning_rate": 1},
    "unknown option 'chekpoint_every'": {"chekpoint_every": 1},
    "expected a data set": {"train": 3},
    "which has no labels": {"validation": "x"},
    "progress is 'bar'": {"progress": "bar"},
    "unknown recipe": {"recipe": "papper"},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_arguments_are_refused_before_any_work(tmp_path, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        fit_seeds(tmp_path / "new", **BAD[message])
    assert message in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_model_for_every_seed(tmp_path):
    model = build(0)
    with pytest.raises(ValueError, match="returns the model of another seed"):
        fit_seeds(tmp_path, build=lambda seed: model)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"holds notes.txt and no family"):
        fit_seeds(tmp_path)
    with pytest.raises(OSError, match=r"notes.txt"):
        fit_seeds(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["family.json", "seed-0/start.json", "seed-0/history.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"rows": [1], "skipped": {}}', b"\xff\x00" * 9])
def test_damaged_files_are_told(tmp_path, name, content):
    fit_seeds(tmp_path, (0,))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError) as caught:  # of a family.json that is JSON: another family
        fit_seeds(tmp_path, (0,))
    assert name.rpartition("/")[0] in str(caught.value)


def test_lines_say_which_seed_is_trained(tmp_path, capsys):
    fit_seeds(tmp_path, progress=True)
    fit_seeds(tmp_path, progress=True)
    text = capsys.readouterr().out
    assert "seed 0 (1 of 2)\n" in text and "seed 1 (2 of 2)\n" in text and "seed 1 (2 of 2) has ended\n" in text


def test_the_record_says_what_is_shared(tmp_path):
    fit_seeds(tmp_path, (0,))
    shared = json.loads((tmp_path / "family.json").read_text())
    assert shared["training"]["images"] == 40 and shared["epochs"] == 2 and shared["precision"] == "float32"
