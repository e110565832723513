"""`fit` on several ranks from shards: the bits of one process and a folder, resumed on another number of ranks."""

import warnings

import pytest
from shard_files import make_shards, members_of, tar_bytes
from support import CLASSES, fingerprint, photo_folder, quick_recipe, tiny_model
from thread_ranks import on_ranks

import swiftalexnet as sa


@pytest.fixture
def folder(tmp_path):
    return sa.ImageFolder(photo_folder(tmp_path / "photos", 9))


def trained(data, communicator=None, **options):
    """Return the digest of the weights after a run, and what was left out."""
    model = tiny_model()
    options = {"recipe": quick_recipe(), "progress": False, "epochs": 3} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # images are left out
        history = model.fit(data, communicator=communicator, **options)
    return fingerprint(model), history.skipped


class Stop(Exception):
    """A callback has had enough."""


def stop_after(epoch):
    def callback(row):
        if row["epoch"] == epoch:
            raise Stop

    return callback


def test_resumed_on_other_numbers_of_ranks(folder, tmp_path):
    pattern = make_shards(folder, tmp_path / "shards", 5)
    expected = trained(folder, shards=8)
    options = {"checkpoint": tmp_path / "run", "checkpoint_every": 2, "resume": True, "timeout": 20}
    for number, size in enumerate((2, 8)):
        end = stop_after(number)
        found = on_ranks(size, lambda each: trained(sa.ShardedDataset(pattern), each, on_epoch_end=end, **options))  # noqa: B023
        assert all(isinstance(each, (Stop, RuntimeError)) for each in found)
    assert on_ranks(4, lambda each: trained(sa.ShardedDataset(pattern), each, **options)) == [expected] * 4


def test_broken_images_and_their_budget(folder, tmp_path):
    files = members_of(folder, range(36))
    for number in (3, 17, 30):
        files[2 * number] = (files[2 * number][0], b"broken")
    (tmp_path / "a.tar").write_bytes(tar_bytes(files))

    def work(communicator=None, max_errors=None, **options):
        data = sa.ShardedDataset(tmp_path / "a.tar", CLASSES, on_error="skip", max_errors=max_errors, workers=1)
        return trained(data, communicator, **options)

    expected = work(shards=8)
    assert sum(count["broken"] for count in expected[1]["train"].values()) == 3
    assert on_ranks(4, work) == [expected] * 4
    for error in on_ranks(4, lambda each: work(each, max_errors=2)):
        assert isinstance(error, ValueError) and "cannot be decoded, max_errors allows 2" in str(error)


def test_ranks_with_other_shards_are_refused(folder, tmp_path):
    pattern = make_shards(folder, tmp_path / "shards")
    other = make_shards(folder, tmp_path / "other", 4)
    work = lambda each: trained(sa.ShardedDataset(other if each.rank else pattern), each, timeout=20)  # noqa: E731
    for error in on_ranks(2, work):
        assert isinstance(error, ValueError) and "sizes of files of the training set" in str(error)
