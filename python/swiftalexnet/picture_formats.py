"""Which of Pillow's formats count as pictures.

Pillow also knows documents, films and scientific data: some of these start another program (EPS starts Ghostscript),
others need a plug-in of the user's, and none is a photograph.
"""

from functools import cache

# Pillow's names, in the order in which a file is tried; HEIF and JXL are there once a user has registered a plug-in.
# TGA comes last because its files begin with no mark.
FORMATS = (
    *("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "AVIF", "HEIF", "JXL"),
    *("PPM", "QOI", "PCX", "SGI", "DIB", "TGA"),
)


def readable() -> list[str]:
    """Return those formats that this Pillow reads."""
    from PIL import Image

    _load_plugins()
    return [name for name in FORMATS if name in Image.OPEN]


def extensions() -> set[str]:
    """Return the extensions of those formats, with the dot, in small letters; MPO is several JPEGs in a file."""
    from PIL import Image

    _load_plugins()
    return {extension for extension, name in Image.EXTENSION.items() if name in FORMATS or name == "MPO"}


@cache
def _load_plugins() -> None:
    from PIL import Image

    Image.init()
