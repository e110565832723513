"""`swiftalexnet predict --ray`: the same output as without it. Ray runs in a process of its own."""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from command_line import interrupted, process, refused
from support import CLASSES, needs, photo_folder, tiny_model


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model, m, and photos/<class>/…"""
    monkeypatch.chdir(tmp_path)
    photo_folder(tmp_path / "photos")
    model = tiny_model()
    model.classes = CLASSES
    model.save("m")
    return tmp_path


def test_the_same_output_in_the_same_order(folder):
    needs("ray")
    (folder / "photos/dark/2.png").write_bytes(b"broken")
    os.rename("photos/dark/1.png", os.fsdecode(b"photos/dark/\xff\xfe \n.png"))
    words = ("predict", "m", "photos/top/3.png", "photos", "--csv", "--on-error", "skip", "--top", 3, "--crops", 10)
    alone = process(*words, folder=folder)
    with_ray = process(*words, "--ray", "--actors", 2, "--batch-size", 5, "--quiet", folder=folder)
    assert alone.returncode == with_ray.returncode == 1, with_ray.stderr
    assert with_ray.stdout == alone.stdout and len(alone.stdout.splitlines()) > 60
    assert [
        line for line in with_ray.stderr.splitlines() if line.startswith("swiftalexnet")
    ] == alone.stderr.splitlines()


def test_options_of_ray_need_it(folder, capsys):
    for option in ("--actors", "--batch-size"):
        assert "--ray" in refused(capsys, "predict", "m", "photos", option, 2)


def test_without_ray_the_command_that_installs_it_is_named(folder, capsys, monkeypatch):
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_BACKEND_LOG_LEVEL"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install 'swiftalexnet[ray]'" in refused(capsys, "predict", "m", "photos", "--ray")


def test_a_signal_ends_rays_processes_too(folder):
    needs("ray")
    words = ("predict", "m", "photos", "--ray", "--actors", 1, "--csv")
    ended = interrupted(*words, folder=folder, when="predict:", sent=signal.SIGTERM)
    assert ended.returncode == 143 and "interrupted" in ended.stderr, ended.stderr
    deadline = time.monotonic() + 20
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left


def test_what_an_actor_raises_is_told_in_one_line(folder):
    needs("ray")
    model = tiny_model()
    model.parameters()["fc8.weight"][...] = 3e38
    model.save("m")
    ended = process("predict", "m", "photos/top", "--ray", "--actors", 1, "--quiet", folder=folder)
    assert ended.returncode == 2 and not ended.stdout
    assert "predict --ray: an actor raised NonFiniteError: " in ended.stderr.splitlines()[-1], ended.stderr


def processes_in(folder) -> list[str]:
    """Return the numbers of other processes whose folder it is."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (each / "cwd").resolve() == folder.resolve() and each.name != str(os.getpid()):
                found.append(each.name)
    return found
