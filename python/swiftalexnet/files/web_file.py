"""A file on the web that is read by place, with a request for each range of bytes.

Each request has its own connection, so that threads share a file, and processes after a fork. A server that is busy or
gone is asked again for some seconds.
"""

import http.client
import re
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from .._support.tables import printable
from ..errors import UnsupportedError
from .download import web_opener

_ATTEMPTS = 6
_FIRST_PAUSE = 0.1  # seconds; each further one is twice as long
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_ABSENT = {404: FileNotFoundError, 410: FileNotFoundError, 401: PermissionError, 403: PermissionError}


class WebFile:
    """A file at an address that begins with http:// or https://.

    Parameters
    ----------
    address : str
    timeout : float
        Seconds without an answer.

    Attributes
    ----------
    size : int
        Bytes.

    Raises
    ------
    FileNotFoundError, PermissionError
        The server does not have it, or does not give it.
    OSError
        No connection, or no sound answer, after several attempts.
    UnsupportedError
        The server sends no parts of files.
    """

    def __init__(self, address: str, timeout: float = 30.0):
        self._address, self._timeout = address, timeout
        self._shown = printable(urlsplit(address)._replace(query="", fragment="").geturl())  # a query may be a key
        self.size = 0
        _, self.size = self._range(0, 1)

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer where the file ends.

        Raises
        ------
        ValueError
            The file has another size than when it was opened.
        OSError
            As above.
        """
        count = min(count, self.size - offset)
        if count <= 0:
            return b""
        data, size = self._range(offset, count)
        if size != self.size:
            raise ValueError(f"{self._shown} has {size:,} bytes, and had {self.size:,} when it was opened")
        return data

    def _range(self, offset: int, count: int) -> tuple[bytes, int]:
        """Return bytes and the size of the file, asking again if the server is busy."""
        pause = _FIRST_PAUSE
        for attempt in range(_ATTEMPTS):
            try:
                return self._ask(offset, count)
            except _Busy as error:
                if attempt == _ATTEMPTS - 1:
                    raise OSError(f"{self._shown}: {error}; asked {_ATTEMPTS} times") from error
                time.sleep(pause)
                pause *= 2
        raise AssertionError

    def _ask(self, offset: int, count: int) -> tuple[bytes, int]:
        headers = {
            "User-Agent": "swiftalexnet",
            "Accept-Encoding": "identity",
            "Range": f"bytes={offset}-{offset + count - 1}",
        }
        try:
            with web_opener().open(
                urllib.request.Request(self._address, headers=headers), timeout=self._timeout
            ) as answer:
                size = self._extent(answer, offset, count)
                data = answer.read(count)
        except urllib.error.HTTPError as error:
            raise self._refusal(error, offset) from error
        except urllib.error.URLError as error:
            raise _Busy(str(error.reason)) from error
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            raise _Busy(f"the connection broke: {error!r}") from error
        if len(data) != count:
            raise _Busy(f"the answer ended after {len(data):,} of {count:,} bytes")
        return data, size

    def _refusal(self, error: urllib.error.HTTPError, offset: int) -> Exception:
        error.close()
        text = f"the server answers {error.code} {printable(str(error.reason))}"
        if error.code in _AGAIN:
            return _Busy(text)
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and not self.size:
            return ValueError(f"{self._shown} is empty")
        return _ABSENT.get(error.code, OSError)(f"{self._shown}: {text}")

    def _extent(self, answer: Any, offset: int, count: int) -> int:
        """Return the size of the file, if the answer is the part that was asked for."""
        if answer.status != http.client.PARTIAL_CONTENT:
            raise UnsupportedError(f"{self._shown}: the server sends no parts of files (it ignores Range)")
        match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if match is None or (int(match[1]), int(match[2])) != (offset, offset + count - 1):
            raise OSError(f"{self._shown}: the server sends another part of the file than was asked for")
        return int(match[3])


class _Busy(Exception):  # noqa: N818 (what is raised in the end is an OSError)
    """The same question may be answered a moment later."""
