"""The formats of Pillow that are read as images.

Pillow also knows documents, films and scientific data: some of these start another program (EPS starts Ghostscript),
others need a plug-in from the user, and none is a photograph.
"""

import importlib
from functools import cache

from PIL import Image

# Pillow's names, in the order in which they are tried; HEIF and JXL are available if their plug-in is installed.
# TGA comes last because its files have no magic number.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "AVIF", "HEIF", "JXL"),
    *("PPM", "QOI", "PCX", "SGI", "DIB", "TGA"),
)

# Photographs that Pillow does not read by itself: extensions, and what to do.
_ELSEWHERE = (
    ((".heic", ".heif", ".hif"), "HEIC needs a plug-in: pip install pillow-heif"),
    ((".jxl",), "JPEG XL needs a plug-in: pip install pillow-jxl-plugin"),
    ((".avif", ".avifs"), "AVIF needs a newer Pillow: pip install 'pillow>=11.3'"),
    ((".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"), "a camera's raw file: save it as JPEG or PNG"),
)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def readable() -> list[str]:
    """Return the formats that the installed Pillow reads."""
    _load_plugins()
    return [name for name in FORMATS if name in Image.OPEN]


def extensions() -> set[str]:
    """Return the extensions of those formats, with the dot, in lower case; MPO is several JPEGs in a file."""
    _load_plugins()
    known = {*readable(), "MPO"}
    return {extension for extension, name in Image.EXTENSION.items() if name in known}


def way_to_read(extension: str) -> str | None:
    """Return what to do to read photographs with an unreadable extension; None for other files."""
    return next((way for known, way in _ELSEWHERE if extension.lower() in known), None)


def what_it_is(head: bytes) -> str:
    """Describe a file that begins with `head` and that Pillow does not know."""
    extension = _extension_of(head)
    way = None if extension is None or extension in extensions() else way_to_read(extension)
    return way or f"it is broken or not an image, expected one of {', '.join(readable())}"


def _extension_of(head: bytes) -> str | None:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in (b"avif", b"avis"):
        return ".avif"
    if brand in _HEIC_BRANDS:
        return ".heic"
    return ".jxl" if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")) else None


@cache
def _load_plugins() -> None:
    """Register Pillow's own formats and those of installed plug-ins."""
    Image.init()
    for module, function in (("pillow_heif", "register_heif_opener"), ("pillow_jxl", None)):
        try:
            plug_in = importlib.import_module(module)
            if function is not None:
                getattr(plug_in, function)()
        except Exception:  # missing or broken: its files are then reported as unreadable
            continue
