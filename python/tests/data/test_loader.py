"""Batches in order, errors where they belong, and threads that end."""

import os
import signal
import threading
import time
from contextlib import closing

import numpy as np
import pytest
from support import labelled_images, photo_folder

import swiftalexnet as sa
from swiftalexnet.data.loader import Loader, read_images
from swiftalexnet.data.order import evenly_spread, in_order, shuffled, split
from swiftalexnet.images.geometry import Geometry

GEOMETRY = Geometry(20, 3, "area")


def decoding_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("swiftalexnet-decode")]


def test_order_does_not_depend_on_threads(tmp_path):
    folder = photo_folder(tmp_path)
    results = []
    for workers in (1, 4):
        with Loader(sa.ImageFolder(folder, workers=workers), split(shuffled(24, 7, 0), 5), GEOMETRY) as loader:
            results.append([(batch.images.tobytes(), batch.labels.tolist()) for batch in loader])
    assert results[0] == results[1]
    assert [len(labels) for _, labels in results[0]] == [5, 5, 5, 5, 4]


def test_skipped_images_are_left_out_with_their_labels(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "0.png").write_bytes(b"")
    with Loader(sa.ImageFolder(folder, on_error="skip"), in_order(24, 12), GEOMETRY) as loader:
        first, second = loader
    assert len(first.images) == len(first.labels) == 11 and len(second.images) == 12
    assert first.labels.tolist() == [0] * 6 + [1] * 5


def test_skipped_images_may_keep_their_places(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "dark" / "0.png").write_bytes(b"")
    data = sa.ImageFolder(folder, on_error="skip")
    with Loader(data, in_order(24, 12), GEOMETRY, numbered=True, keeps_places=True) as loader:
        first, second = loader
    assert first.labels.tolist() == [*range(6), -1, *range(7, 12)] and second.labels.tolist() == [*range(12, 24)]
    assert not first.images[6].any() and first.images[5].any()
    assert loader.missing == [6]


def test_error_comes_from_its_batch_and_threads_end(tmp_path):
    folder = photo_folder(tmp_path)
    (folder / "top" / "5.png").write_bytes(b"")
    seen = 0
    with (
        pytest.raises(ValueError, match="5.png"),
        Loader(sa.ImageFolder(folder), in_order(24, 6), GEOMETRY) as loader,
    ):
        for _ in loader:
            seen += 1
    assert seen == 3
    assert not decoding_threads()


def test_chosen_images_come_in_batches_that_are_not_empty(tmp_path):
    folder = photo_folder(tmp_path)
    data = sa.ImageFolder(folder, on_error="skip", workers=2)
    for index in (1, 2, 3, 6):
        data.paths[index].write_bytes(b"")
    chosen = np.array([0, 1, 2, 3, 5, 6, 8])
    batches = list(read_images(data, chosen, 2, GEOMETRY, (False, ""), "work"))
    assert [len(images) for images in batches] == [1, 1, 1]
    assert np.array_equal(np.concatenate(batches), [data.image(index, GEOMETRY) for index in (0, 5, 8)])
    with pytest.raises(ValueError, match="^work: none of 24 images could be read"):
        list(read_images(data, np.array([1, 2]), 2, GEOMETRY, (False, ""), "work"))
    with closing(read_images(data, chosen, 2, GEOMETRY, (False, ""), "work")) as batches:
        next(batches)
        assert decoding_threads()
    assert not decoding_threads()


def test_evenly_spread_indices():
    assert evenly_spread(3, 10).tolist() == [0, 1, 2]
    assert evenly_spread(10, 4).tolist() == [0, 3, 6, 9]


class Slow:
    """A data set that takes its time and counts."""

    workers, skipped, classes = 2, 0, None
    labels = np.zeros(1000, np.int32)
    decoded = 0

    def __len__(self):
        return 1000

    def image(self, index, geometry):
        time.sleep(0.002)
        self.decoded += 1
        return np.zeros((20, 20, 3), np.uint8)


def test_reads_ahead_only_so_far_and_closes_at_once():
    data = Slow()
    with Loader(data, in_order(1000, 20), GEOMETRY) as loader:
        next(iter(loader))
        time.sleep(0.3)
        decoded = data.decoded
    assert decoded <= 80
    assert data.decoded <= decoded + data.workers, "only what was being decoded is ended"
    assert not decoding_threads()


def test_ctrl_c_while_waiting_for_images_ends_the_threads():
    data = Slow()
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), Loader(data, in_order(1000, 500), GEOMETRY) as loader:
        next(iter(loader))
    timer.join()
    assert data.decoded < 500 and not decoding_threads()


def test_shuffling_is_a_reproducible_permutation():
    order = shuffled(10, seed=0, epoch=0)
    assert sorted(order) == list(range(10))
    assert order.tolist() == shuffled(10, 0, 0).tolist() != shuffled(10, 0, 1).tolist() != shuffled(10, 1, 0).tolist()
    assert shuffled(8, 1, 2).tolist() == [4, 2, 0, 6, 1, 5, 7, 3]


def test_a_batch_of_absurd_size_is_refused_before_decoding():
    data = Slow()
    with (
        pytest.raises(MemoryError, match="decoding a batch"),
        Loader(data, in_order(1000, 1000), Geometry(32768, 1000, "area")) as loader,
    ):
        next(iter(loader))
    assert data.decoded == 0


def test_images_arrive_unchanged():
    images, labels = labelled_images(7, side=20)
    with Loader(sa.ArrayDataset(images, labels), in_order(7, 3), GEOMETRY) as loader:
        batches = list(loader)
    assert np.array_equal(np.concatenate([batch.images for batch in batches]), images)
    assert np.array_equal(np.concatenate([batch.labels for batch in batches]), labels)


def test_every_image_may_have_its_own_geometry():
    images, labels = labelled_images(7, side=20)
    data = sa.ArrayDataset(images, labels)

    def corner(index: int) -> Geometry:
        return Geometry(10, 3, "area", 20, ((0.0, 1.0)[index % 2], 0.0))

    with Loader(data, in_order(7, 3), corner) as loader:
        crops = np.concatenate([batch.images for batch in loader])
    assert all(np.array_equal(crops[i], images[i, :10, 10:] if i % 2 else images[i, :10, :10]) for i in range(7))
