"""Download a file of known size and SHA-256; it gets its name only after both have been checked."""

import hashlib
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

from ..._support.progress import Progress
from ...files.atomic import replacing, write_all

_CHUNK = 1 << 20


class Download(NamedTuple):
    """A file on the web, with its expected size and SHA-256."""

    url: str
    name: str
    size: int
    sha256: str


def fetch(
    download: Download, folder: Path, progress: bool = True, timeout: float = 30.0, time_limit: float = 3600.0
) -> Path:
    """Download a file into `folder`, which is created if necessary, and return its path.

    Parameters
    ----------
    download : Download
    folder : path
    progress : bool
        Show a bar.
    timeout, time_limit : float
        Seconds: without an answer, and in total.

    Raises
    ------
    OSError
        No connection, no such file on the server, a timeout, or no space on the disk.
    ValueError
        The file has another size or SHA-256; it is deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / download.name) as descriptor:
        _receive(download, descriptor, progress, timeout, time.monotonic() + time_limit)
    return folder / download.name


def _receive(download: Download, descriptor: int, progress: bool, timeout: float, end: float) -> None:
    digest, received = hashlib.sha256(), 0
    with (
        urllib.request.urlopen(download.url, timeout=timeout) as answer,
        Progress(download.size, progress, download.name, unit="B") as bar,
    ):
        while chunk := answer.read1(_CHUNK):
            received += len(chunk)
            if received > download.size:
                raise ValueError(f"{download.url} has more than the expected {download.size:,} bytes")
            if time.monotonic() > end:
                raise TimeoutError(f"{download.url}: {received:,} of {download.size:,} bytes before the timeout")
            digest.update(chunk)
            write_all(descriptor, chunk)
            bar.advance(len(chunk))
    if received != download.size:
        raise ValueError(f"{download.url} ended after {received:,} bytes, expected {download.size:,}")
    if digest.hexdigest() != download.sha256:
        raise ValueError(f"{download.url} has SHA-256 {digest.hexdigest()}, expected {download.sha256}: not kept")
