"""Fixtures of the tests of features in files."""

import pytest
from support import labelled_images, tiny_model

from swiftalexnet.inference import feature_files


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def images():
    return labelled_images(40)[0]


@pytest.fixture
def often(monkeypatch):
    """Commit after every batch."""
    monkeypatch.setattr(feature_files, "SECONDS_BETWEEN_COMMITS", 0.0)
