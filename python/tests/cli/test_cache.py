"""The command `cache`, and the options of other commands that read such a file."""

import json

import pytest
from command_line import refused, run

from swiftalexnet.images import decoding


def test_a_cache_is_made_and_used(photos, tmp_path, capsys, monkeypatch):
    caches, model = tmp_path / "caches", tmp_path / "m"
    caches.mkdir()
    code, out, _ = run(capsys, "cache", photos, caches, "--side", "23", "--quiet")
    assert code == 0 and "0 unchanged, 24 decoded, 0 removed, 0 left out" in out
    monkeypatch.setattr(decoding, "decoding", lambda *_: pytest.fail("decoded"))
    code, out, _ = run(capsys, "cache", photos, caches, "--verify", "--json", "--quiet")
    assert code == 0 and json.loads(out) == {"unchanged": 24, "decoded": 0, "removed": 0, "left_out": 0}
    words = [
        "train",
        photos,
        "--validation",
        photos,
        "--epochs",
        "1",
        "--batch-size",
        "8",
        "--output",
        model,
        "--quiet",
    ]
    assert run(capsys, *words, "--disk-cache", caches)[0] == 0
    code, out, _ = run(capsys, "evaluate", model, photos, "--quiet", "--disk-cache", caches, "--json")
    assert code == 0 and json.loads(out)["count"] == 24
    assert "draft" in refused(capsys, "evaluate", model, photos, "--draft", "--disk-cache", caches)


def test_held_out_images_share_their_folders_file(photos, capsys):
    words = ["train", photos, "--epochs", "1", "--batch-size", "8", "--quiet", "--disk-cache", "file"]
    assert run(capsys, *words)[0] == 0


def test_two_folders_need_a_folder_of_caches(photos, tmp_path, capsys):
    (tmp_path / "link").symlink_to(photos)
    words = ["train", photos, "--validation", "link", "--epochs", "1", "--quiet", "--disk-cache", "file"]
    assert "--disk-cache" in refused(capsys, *words)


def test_another_file_is_never_replaced(photos, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    refused(capsys, "cache", photos, "file", "--quiet")
    assert (tmp_path / "file").read_text() == "mine"
