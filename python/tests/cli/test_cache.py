"""The command `cache`, and the option `--disk-cache`; see test_cli.py for the errors that all commands share."""

import json

import pytest
from command_line import run
from support import photo_folder

from swiftalexnet import decoding


def test_cache_is_made_and_used(small, tmp_path, capsys, monkeypatch):
    folder, caches, model = photo_folder(tmp_path / "photos"), tmp_path / "caches", str(tmp_path / "m")
    caches.mkdir()
    code, out, _ = run(capsys, "cache", str(folder), str(caches), "--side", "23", "--quiet")
    assert code == 0 and "0 unchanged, 24 decoded, 0 removed, 0 left out" in out
    monkeypatch.setattr(decoding, "decoding", lambda *_: pytest.fail("decoded"))
    code, out, _ = run(capsys, "cache", str(folder), str(caches), "--verify", "--json", "--quiet")
    assert code == 0 and json.loads(out) == {"unchanged": 24, "decoded": 0, "removed": 0, "left_out": 0}
    options = ["--epochs", "1", "--batch-size", "8", "--output", model, "--quiet", "--disk-cache", str(caches)]
    assert run(capsys, "train", str(folder), "--validation", str(folder), *options)[0] == 0
    code, _, err = run(capsys, "train", str(folder), "--validation", str(folder), *options[:-1], str(tmp_path / "file"))
    assert code == 2 and "no folder" in err
    read = ["--quiet", "--disk-cache", str(caches), "--json"]
    code, out, _ = run(capsys, "evaluate", str(folder), "--model", model, *read)
    assert code == 0 and json.loads(out)["count"] == 24
    assert run(capsys, "evaluate", str(folder), "--model", model, "--draft", *read)[0] == 2
