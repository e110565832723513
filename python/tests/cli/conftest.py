"""Fixtures of tests of the command line."""

import signal
from dataclasses import dataclass, field

import pytest
from support import photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.cli import network_choice
from swiftalexnet.training import watch


@dataclass(frozen=True)
class TinySuggestion:
    """A network that trains in no time, instead of the suggested one."""

    variant: str = "tiny"
    image_size: int | None = None
    initialization: str | None = None
    recipe: sa.Recipe = field(default_factory=sa.recipe)

    def build(self, num_classes, in_channels=3, seed=0):
        return tiny_model(in_channels, num_classes, seed)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Change to a folder with photos/<class>/…; the suggested network for these images is a tiny one."""
    monkeypatch.setattr(network_choice, "suggest", lambda *_: TinySuggestion())
    monkeypatch.chdir(tmp_path)
    return photo_folder(tmp_path / "photos")


@pytest.fixture
def stop(monkeypatch):
    """Return a function that sends Ctrl-C after a number of steps of the next training."""

    def after(steps: int) -> None:
        left = [steps]

        class Stopping(watch.Progress):
            def advance(self, count, **shown):
                left[0] -= "loss" in shown
                if not left[0]:
                    left[0] = -1
                    raise KeyboardInterrupt
                super().advance(count, **shown)

        monkeypatch.setattr(watch, "Progress", Stopping)

    return after


@pytest.fixture
def handled():
    """Return a function that makes a signal act as usual until the end: under nohup one is ignored, and stays so."""
    before = {}

    def act(number: signal.Signals) -> None:
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        before[number] = signal.signal(number, usual)

    yield act
    for number, handler in before.items():
        signal.signal(number, handler)
