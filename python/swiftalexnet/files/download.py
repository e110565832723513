"""Download a file of known digest: by https alone, going on where an earlier attempt ended, complete or not at all.

An attempt that ends early (no connection, Ctrl-C, a full disk) leaves a hidden partial file, and the next one asks the
server for the rest; two processes do not disturb each other. The file gets its name with the right size and digest.
It is urllib's because the core needs numpy, Pillow, safetensors and tqdm alone: pooch would bring requests, and starts
over after an interruption.
"""

import errno
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._support.progress import Progress
from .._support.tables import printable
from .digest import Digest
from .partial import Partial, partial_of

_CHUNK = 1 << 20
_LARGEST = 4 << 30  # bytes, where neither the caller nor the server says the size
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)


class Remote(NamedTuple):
    """A file on the web.

    Attributes
    ----------
    address : str
    digest : Digest
    size : int or None
        Bytes, if they are known.
    """

    address: str
    digest: Digest
    size: int | None = None


def is_secure(address: str) -> bool:
    """Whether nobody between here and the server can change the file."""
    return urlsplit(address).scheme == "https"


def fetch(remote: Remote, target: Path, progress: bool = True, timeout: float = 30.0) -> Path:
    """Download a file to `target`, whose folder is created if necessary; a file of this name is replaced.

    Parameters
    ----------
    remote : Remote
    target : path
    progress : bool
        Show a bar.
    timeout : float
        Seconds without an answer.

    Raises
    ------
    OSError
        No connection, an address or redirection that is not https, no such file on the server, a timeout, an answer
        that ends too early, or no space on the disk.
    ValueError
        The file has another size or digest; it is not kept.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with partial_of(target) as partial:
            if partial is not None:
                _arrive(remote, partial, target, progress, timeout)
                return target
        if target.is_file() and remote.digest.difference(target, remote.size) is None:
            return target  # another process has been faster


def _arrive(remote: Remote, partial: Partial, target: Path, progress: bool, timeout: float) -> None:
    """Complete a partial file; if the end of an earlier attempt is not of the same file, from its beginning."""
    began_at = partial.size
    try:
        _receive(remote, partial, target, progress, timeout)
        difference = remote.digest.difference(partial.path, remote.size)
        if difference is not None and began_at:
            partial.begin_at(0)
            _receive(remote, partial, target, progress, timeout)
            difference = remote.digest.difference(partial.path, remote.size)
        if difference is not None:
            raise ValueError(f"{remote.address}: {difference.replace(str(partial.path), 'the file')}; it is not kept")
    except ValueError:
        partial.remove()
        raise
    partial.finish()


def _receive(remote: Remote, partial: Partial, target: Path, progress: bool, timeout: float) -> None:
    """Append what is missing."""
    if remote.size is not None and partial.size >= remote.size:
        partial.begin_at(0 if partial.size > remote.size else partial.size)
        if partial.size:
            return
    with _answer(remote.address, partial.size, timeout) as answer:
        start, total = _extent(answer, partial.size)
        expected = remote.size if total is None else total
        if remote.size is not None and expected != remote.size:
            raise ValueError(f"{remote.address} has {total:,} bytes, expected {remote.size:,}")
        _require_space(target, (expected or start) - start)
        partial.begin_at(start)
        with Progress(expected or 0, progress, target.name, start, unit="B") as bar:
            while chunk := _read(answer):
                if partial.size + len(chunk) > (_LARGEST if expected is None else expected):
                    raise ValueError(f"{remote.address} has more than the expected {expected or _LARGEST:,} bytes")
                partial.write(chunk)
                bar.advance(len(chunk))
    if expected is not None and partial.size < expected:
        came = f"{partial.size:,} of {expected:,} bytes"
        raise OSError(f"{remote.address}: the answer ended after {came}; the next attempt goes on from there")


def _answer(address: str, start: int, timeout: float) -> Any:
    """Ask a server for a file from byte `start` on."""
    if not is_secure(address):
        raise OSError(f"{address} is not https: such an address is refused")
    headers = {"User-Agent": "swiftalexnet", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        return web_opener().open(urllib.request.Request(address, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if start and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _answer(address, 0, timeout)
        raise OSError(f"{address}: the server answers {error.code} {printable(str(error.reason))}") from error
    except urllib.error.URLError as error:
        raise OSError(f"{address}: {error.reason}") from error
    except (http.client.HTTPException, ValueError) as error:  # ValueError: it redirects to what is no address
        raise OSError(f"{address}: the server's answer is not HTTP: {error!r}") from error


def web_opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone; `urlopen` would read local files, too."""
    opener = urllib.request.OpenerDirector()
    handlers = [urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler]
    handlers += [urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor, _SecureRedirects]
    for handler in handlers:
        opener.add_handler(handler())
    return opener


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    """Refuses to be sent from https to anything else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if is_secure(req.full_url) and not is_secure(newurl):
            raise OSError(f"{req.full_url} redirects to {printable(newurl)}, which is not https: refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _extent(answer: Any, asked: int) -> tuple[int, int | None]:
    """Return the first byte of an answer, and the size of the whole file if the server says it."""
    if answer.status == http.client.PARTIAL_CONTENT:
        match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != asked:
            raise OSError(f"{answer.url}: the server sends another part of the file than was asked for")
        return asked, None if match[2] == "*" else int(match[2])
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if _LENGTH.fullmatch(length) else None


def _read(answer: Any) -> bytes:
    try:
        data: bytes = answer.read1(_CHUNK)
    except http.client.HTTPException as error:
        raise OSError(f"{answer.url}: the answer ended too early: {error!r}") from error
    return data


def _require_space(target: Path, size: int) -> None:
    if shutil.disk_usage(target.parent).free < size:
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {size:,} bytes more are needed", str(target))
