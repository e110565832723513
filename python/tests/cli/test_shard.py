"""The command `shard`."""

import json

import pytest
from support import needs, photo_folder

import swiftalexnet as sa
from swiftalexnet.cli import main


@pytest.fixture
def photos(tmp_path):
    return photo_folder(tmp_path / "photos", 3)


def test_shards_of_a_folder(photos, tmp_path, capsys):
    out = str(tmp_path / "out")
    words = ["shard", str(photos), out, "--images-per-shard", "5", "--resize", "20", "--quality", "80", "--quiet"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert text == f"{out}/train-{{000000..000002}}.tar: 12 images\n"
    assert len(sa.ShardedDataset(text.partition(": ")[0])) == 12
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result == {"pattern": f"{out}/train-{{000000..000002}}.tar", "shards": 3, "images": 12, "left_out": {}}


def test_other_options_are_refused_and_replace_with_force(photos, tmp_path, capsys):
    words = ["shard", str(photos), str(tmp_path / "out"), "--megabytes", "0.01", "--quiet"]
    assert main(words) == 0 and main([*words, "--seed", "3"]) == 2
    assert "another plan: seed 0 there, 3 here; give another name or folder, or --force" in capsys.readouterr().err
    assert main([*words, "--seed", "3", "--force"]) == 0


def test_broken_images(photos, tmp_path, capsys):
    (photos / "dark" / "1.png").write_bytes(b"broken")
    words = ["shard", str(photos), str(tmp_path / "out"), "--resize", "20", "--quiet"]
    assert main(words) == 2 and "dark/1.png cannot be decoded" in capsys.readouterr().err
    assert main([*words, "--max-errors", "1"]) == 1
    result = capsys.readouterr()
    assert "11 images" in result.out and "warning" in result.err and "dark/1.png" in result.err


def test_parquet_files_by_the_shell(tmp_path, capsys):
    needs("pyarrow")
    assert main(["shard", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), str(tmp_path / "out")]) == 2
    assert "a.parquet: No such file" in capsys.readouterr().err
