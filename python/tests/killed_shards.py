"""A run that a test kills: shards of a folder, slowly."""

import sys
import time

import swiftalexnet as sa
from swiftalexnet.data.shards import tar_writing

folder, out, pause = sys.argv[1:]
add = tar_writing.TarWriter.add
tar_writing._PIECE = 1  # every file reaches the disk


def slowly(*given):
    """Append with a pause."""
    add(*given)
    print("written", flush=True)
    time.sleep(float(pause))


tar_writing.TarWriter.add = slowly
sa.write_shards(folder, out, images_per_shard=5, progress=False)
