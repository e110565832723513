"""A limit on the scans of a JPEG: a small file can contain thousands, each of which takes as long as a whole image.

No encoder writes more than about ten. libjpeg decodes any number of them.
"""

import re
from typing import IO

from .._support.arrays import require_memory

MOST_SCANS = 100

_BEGIN, _SCAN, _END = 0xD8, 0xDA, 0xD9
_BLOCK = 1 << 20
# In a scan's data 0xFF is followed by 0 or a restart code (0xD0 to 0xD7); anything else is the next marker.
_MARKER = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])")


def check_scans(file: IO[bytes]) -> None:
    """Raise ValueError if a JPEG file has more than `MOST_SCANS` scans; the file's position does not change."""
    position = file.tell()
    try:
        file.seek(0)
        if _may_exceed(file):
            file.seek(0, 2)
            require_memory((file.tell(),), 1, "reading a JPEG")
            file.seek(0)
            if (count := count_scans(file.read())) > MOST_SCANS:
                raise ValueError(f"{count} scans, expected at most {MOST_SCANS} in a JPEG")
    finally:
        file.seek(position)


def count_scans(data: bytes) -> int:
    """Count the scans up to the end of the first image, without those of thumbnails and of later images."""
    count, at = 0, 0
    while (marker := _MARKER.search(data, at)) is not None:
        at, code = marker.end(), marker[1][0]
        if code == _END:
            break
        count += code == _SCAN
        if code not in (_BEGIN, 0x01):  # all others have a length
            at += int.from_bytes(data[at : at + 2])
    return count


def _may_exceed(file: IO[bytes]) -> bool:
    """Return whether the marker of a scan occurs more often anywhere, even in metadata: a fast check."""
    count, last = 0, b""
    while count <= MOST_SCANS and (block := file.read(_BLOCK)):
        count += (last + block).count(bytes((0xFF, _SCAN)))
        last = block[-1:]
    return count > MOST_SCANS
