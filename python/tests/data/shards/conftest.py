"""A folder of images and the same in shards."""

import pytest
from shard_files import make_shards
from support import photo_folder

import swiftalexnet as sa


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    """Twenty-four images of four classes."""
    return sa.ImageFolder(photo_folder(tmp_path_factory.mktemp("photos") / "photos"))


@pytest.fixture
def pattern(folder, tmp_path):
    """Names of three shards with these images."""
    return make_shards(folder, tmp_path / "shards")
