"""The file of an entry: found where it lies already, or downloaded.

Its digest is checked at every use, not once and remembered: a note beside the file would be believed after the file has
changed, and needs a folder that can be written.
"""

import os
from pathlib import Path

from ..._support.output import warn
from ...errors import UnsupportedError
from ...files.download import Remote, fetch
from .places import Place, own_path, places
from .registry import Entry

OFFLINE = "SWIFTALEXNET_OFFLINE"


def weights_file(entry: Entry, progress: bool, operation: str) -> Path:
    """Return the path of a file whose size and digest have been checked.

    Raises
    ------
    UnsupportedError
        It lies nowhere, and its publisher gives no digest or no https address: it is not downloaded.
    OSError
        It lies nowhere and cannot be downloaded, or `SWIFTALEXNET_OFFLINE` forbids it. The message says where to get it
        and where to put it.
    ValueError
        What was downloaded is another file.
    """
    differences = []
    for place in places(entry):
        difference = _difference(entry, place)
        if difference is None:
            return place.path
        differences.append(difference)
    start = f"{operation}: {entry.name!r} is not on this machine"
    if entry.digest is None or not entry.can_be_downloaded:
        missing = "digest to check it with" if entry.digest is None else "https address"
        reason = f"and its publisher gives no {missing}, so that it is not downloaded"
        raise UnsupportedError(f"{start}, {reason}. {_advice(entry, differences)}")
    if os.environ.get(OFFLINE, "").lower() not in ("", "0", "false", "no", "off"):
        raise OSError(f"{start}, and {OFFLINE} forbids to download it. {_advice(entry, differences)}")
    for difference in differences:
        warn(f"{operation}: {difference}: it is not used", stacklevel=5)
    try:
        return fetch(Remote(entry.address, entry.digest, entry.bytes), own_path(entry), progress)
    except OSError as error:
        text = f"{start}, and could not be downloaded: {error}. {_advice(entry, [])}"
        raise (OSError(text) if error.errno is None else OSError(error.errno, text)) from error


def _difference(entry: Entry, place: Place) -> str | None:
    """Return why a file is not used, None if it is the one."""
    if place.digest is None:
        return f"{place.path} cannot be checked"
    try:
        return place.digest.difference(place.path, entry.bytes)
    except OSError as error:
        return str(error)


def _advice(entry: Entry, differences: list[str]) -> str:
    """Return where to get a file and where to put it, or how to load it, and what is wrong with those that are here."""
    size = "" if entry.bytes is None else f" ({entry.bytes / 1e6:.0f} MB)"
    if entry.digest is None:
        variant = f", variant={entry.variant!r}" if entry.variant else ""
        way = f"Get {entry.address}{size} and load it by its path: sa.load(path{variant})"
    else:
        way = f"Get {entry.address}{size}, {entry.digest}, and put it at {own_path(entry)}"
    return "; ".join([way, *differences])
