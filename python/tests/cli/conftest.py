"""Fixtures of tests of the command line."""

from dataclasses import dataclass, field

import pytest
from support import photo_folder, tiny_model

import swiftalexnet as sa
from swiftalexnet.cli import network_choice
from swiftalexnet.training import fit as training


@dataclass(frozen=True)
class TinySuggestion:
    """A network that learns in no time, in the place of one that suits the images."""

    variant: str = "tiny"
    image_size: int | None = None
    initialization: str | None = None
    recipe: sa.Recipe = field(default_factory=sa.recipe)

    def build(self, num_classes, in_channels=3, seed=0):
        return tiny_model(in_channels, num_classes, seed)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Stand in a folder that holds photos/<class>/…; what suits these images is a tiny network."""
    monkeypatch.setattr(network_choice, "suggest", lambda *_: TinySuggestion())
    monkeypatch.chdir(tmp_path)
    return photo_folder(tmp_path / "photos")


@pytest.fixture
def stop(monkeypatch):
    """Return what makes Ctrl-C come after so many steps of the next training."""

    def after(steps: int) -> None:
        left = [steps]

        class Stopping(training.Progress):
            def advance(self, count, **shown):
                left[0] -= "loss" in shown
                if not left[0]:
                    left[0] = -1
                    raise KeyboardInterrupt
                super().advance(count, **shown)

        monkeypatch.setattr(training, "Progress", Stopping)

    return after
