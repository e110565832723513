"""Commands that take shards in the place of a folder."""

import json

import pytest
from command_line import refused, run
from support import fingerprint

import swiftalexnet as sa

QUICK = ["--batch-size", "8", "--quiet"]


@pytest.fixture
def shards(photos, tmp_path):
    """The photographs in shards, in the order of the folder."""
    return sa.write_shards("photos", "shards", images_per_shard=9, order="stored", progress=False).pattern


def test_the_same_weights_as_from_a_folder(photos, shards, capsys):
    validation = ["--validation", "photos", "--no-cache"]
    assert run(capsys, "train", "photos", "--epochs", 2, "--output", "a", *validation, *QUICK)[0] == 0
    for number, held in enumerate(("photos", shards)):
        words = ["train", shards, "--epochs", 2, "--output", f"b{number}", "--validation", held, *QUICK]
        assert run(capsys, *words)[0] == 0
        assert fingerprint(sa.load(f"b{number}")) == fingerprint(sa.load("a"))


def test_interrupted_and_resumed(photos, shards, stop, capsys):
    words = ["train", shards, "--epochs", 3, "--validation", shards, *QUICK]
    assert run(capsys, *words, "--output", "whole")[0] == 0
    stop(5)
    assert run(capsys, *words, "--output", "m")[0] == 130
    assert run(capsys, "resume", "m.run")[0] == 0
    assert fingerprint(sa.load("m")) == fingerprint(sa.load("whole"))


def test_evaluate(photos, shards, capsys):
    assert run(capsys, "train", shards, "--epochs", 1, "--output", "m", "--no-validation", *QUICK)[0] == 0
    (_, folder, _), (code, found, _) = (
        run(capsys, "evaluate", "m", each, "--json", "--quiet") for each in ("photos", shards)
    )
    assert code == 0 and json.loads(found)["top1_error"] == json.loads(folder)["top1_error"]


def test_what_is_for_folders(photos, shards, capsys):
    for options, message in (
        ([], "no images are held out of shards: --validation names"),
        (["--no-validation", "--disk-cache", "c"], "caches are for folders"),
        (["--no-validation", "--cache"], "caches are for folders"),
        (["--hold-out", "0.5"], "--hold-out is for folders"),
    ):
        assert message in refused(capsys, "train", shards, "--epochs", 1, *options, *QUICK)
    assert "No such file" in refused(capsys, "train", "absent-{0..3}.tar", "--no-validation", *QUICK)


def test_classes_without_names(photos, shards, tmp_path, capsys):
    (tmp_path / "shards" / "classes.json").unlink()
    assert "the classes have no names" in refused(capsys, "train", shards, "--no-validation", *QUICK)
