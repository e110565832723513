"""Shards in the place of a folder of class folders."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

from .options import reading

if TYPE_CHECKING:
    from ..data.shards.dataset import ShardedDataset

HELP = "or shards: 'train-{000000..000128}.tar'"


def are_shards(place: str) -> bool:
    """Return whether a word names shards and not a folder."""
    return place.endswith(".tar")


def open_shards(place: str, options: argparse.Namespace) -> "ShardedDataset":
    """Open shards with the options of `add_reading` and `decoding.add`.

    Raises
    ------
    OSError, ValueError
        As for `ShardedDataset`; a cache is asked for, or the classes have no names.
    """
    if options.disk_cache is not None or getattr(options, "cache", None):
        raise ValueError(f"{place}: caches are for folders; shard --resize makes small images once and for all")
    if getattr(options, "hold_out", None) is not None:
        raise ValueError(f"{place}: --hold-out is for folders, shards have parts of their own")
    data = sa.ShardedDataset(place, draft=options.draft, progress=not options.quiet, **reading(options))
    if data.classes is None:
        raise ValueError(f"{place}: the classes have no names: expected classes.json or classes.txt beside the shards")
    return data
