"""Tests of swiftalexnet._support.progress: output is optional, and work continues whatever happens to it."""

import io
import os
import sys
import threading

import fresh_process
import numpy as np
import pytest
import tqdm.auto
from support import dataset, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet._support.progress import Progress
from swiftalexnet.files import safetensors
from swiftalexnet.training import watch


def test_it_shows_a_bar_and_lines(capsys):
    with Progress(4, True, "work") as bar:
        bar.say("a line")
        bar.advance(4, loss="0.5")
    shown = capsys.readouterr()
    assert shown.out == "a line\n"
    assert "work: 100%" in shown.err
    assert "loss=0.5" in shown.err


def test_it_shows_nothing_unless_wanted(capsys):
    with Progress(4, False, "work") as bar:
        bar.say("a line")
        bar.advance(4)
    assert capsys.readouterr() == ("", "")


def test_it_starts_no_thread():
    before = threading.active_count()
    with Progress(4, True, "work"):
        assert threading.active_count() == before


class Broken(tqdm.auto.tqdm):
    """A bar that fails like the widget of a notebook whose page has been closed."""

    def update(self, n=1):
        raise RuntimeError("no page")


def test_a_bar_that_fails_is_not_used_again(capsys, monkeypatch):
    monkeypatch.setattr(tqdm.auto, "tqdm", Broken)
    with Progress(4, True, "work") as bar:
        bar.advance(4)
        bar.say("a line")
        bar.advance(4)
    assert capsys.readouterr().out == "a line\n"


class Closed(io.StringIO):
    def __init__(self):
        super().__init__()
        self.close()


class Gone(io.StringIO):
    def write(self, text):
        raise OSError(5, "Input/output error")


class Foreign:
    """Nothing of a stream but `write`, and that fails."""

    def write(self, text):
        raise AttributeError("write")


STREAMS = {
    "none": lambda: None,
    "closed": Closed,
    "gone": Gone,
    "foreign": Foreign,
    "ascii": lambda: io.TextIOWrapper(io.BytesIO(), "ascii"),
    "latin-1": lambda: io.TextIOWrapper(io.BytesIO(), "latin-1"),
}


@pytest.mark.parametrize("make", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_every_long_work_ends_well_whatever_the_stream(name, make, monkeypatch, tmp_path):
    photos, model = sa.ImageFolder(photo_folder(tmp_path / "photos")), tiny_model()
    monkeypatch.setattr(sys, name, make())
    photos.cache_to(tmp_path / "photos.cache", progress=True, side=20)
    sa.color_components(dataset(), progress=True)
    history = model.fit(dataset(), dataset(8), 2, recipe=quick_recipe(), checkpoint=tmp_path / "run", progress=True)
    assert len(history) == 2
    assert safetensors.read_sections(tmp_path / "run" / "checkpoint.safetensors")["training"]["epoch"] == 2
    assert model.evaluate(dataset(8), progress=True).count == 8
    assert sa.Ensemble([model]).evaluate(dataset(8), progress=True).count == 8


FIT = """
import sys
from support import dataset, quick_recipe, tiny_model
model = tiny_model()
assert len(model.fit(dataset(20), epochs=2, recipe=quick_recipe(), checkpoint=sys.argv[1])) == 2
assert model.evaluate(dataset(8), progress=True).count == 8
"""
REDIRECTIONS = {
    "no standard error": "2>&-",
    "no standard output": ">&-",
    "neither": ">&- 2>&-",
    "full disks": ">/dev/full 2>/dev/full",
    "nobody who reads": "2>&1 | true",
}


@pytest.mark.parametrize("redirection", REDIRECTIONS.values(), ids=REDIRECTIONS)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_process_ends_well_wherever_its_output_goes(redirection, unbuffered, tmp_path):
    """The exit status is that of Python, which flushes its streams at the end."""
    if "/dev/full" in redirection and not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    script = f'set -o pipefail; {{ "$@" ; }} {redirection}'
    options = {"prefix": ("bash", "-c", script, "bash"), "PYTHONUNBUFFERED": unbuffered}
    fresh_process.run(FIT, str(tmp_path), **options)
    assert safetensors.read_sections(tmp_path / "checkpoint.safetensors")["training"]["epoch"] == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_encoding_without_a_dash(encoding, tmp_path):
    assert "  -  " in fresh_process.run(FIT, str(tmp_path), PYTHONIOENCODING=encoding)


def test_the_epoch_is_on_disk_before_its_line_is_printed(tmp_path, monkeypatch):
    path, epochs = tmp_path / "checkpoint.safetensors", []

    class Watching(Progress):
        def say(self, line):
            if path.exists():
                epochs.append(safetensors.read_sections(path)["training"]["epoch"])

    monkeypatch.setattr(watch, "Progress", Watching)
    tiny_model().fit(dataset(20), epochs=3, recipe=quick_recipe(), checkpoint=tmp_path)
    assert epochs == [1, 2, 3]


def test_a_full_pipe_delays_nothing():
    reader, writer = os.pipe()
    with open(reader, "rb"), open(writer, "w") as stream:
        old, sys.stdout = sys.stdout, stream
        try:
            with Progress(1, True, "work") as bar:
                for _ in range(1000):
                    bar.say(" ".join(map(str, np.arange(100))))
        finally:
            sys.stdout = old
