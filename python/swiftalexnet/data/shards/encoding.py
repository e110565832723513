"""The bytes that a shard holds of an image: those of its file, or of a smaller JPEG."""

import os
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from ...images.decoding import decoding, image_to_array, upright_size
from ...images.geometry import Whole

_COLORS = 3


class Encoding(NamedTuple):
    """How images are stored.

    Attributes
    ----------
    resize : int or None
        Pixels that the shorter side is reduced to; images that are no larger, and all of them with None, keep the bytes
        of their files.
    quality : int
        Of the JPEG that a reduced image becomes, Pillow's scale; colours have half the resolution (4:2:0).
    resample : str
        See `Preprocessing`.
    """

    resize: int | None
    quality: int
    resample: str

    def __call__(self, data: bytes, name: str) -> tuple[bytes, str]:
        """Return the bytes to store and their extension, without a dot.

        Raises
        ------
        ValueError
            The image is to be reduced and cannot be decoded.
        """
        kept = data, _extension(name)
        if self.resize is None:
            return kept
        with decoding(BytesIO(data), name) as image:
            if min(upright_size(image)) <= self.resize:
                image.load()  # a broken one is found out
                return kept
            pixels = image_to_array(image, Whole(self.resize, _COLORS, self.resample))
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=self.quality, subsampling="4:2:0")
        return buffer.getvalue(), "jpg"


def _extension(name: str) -> str:
    extension = os.path.splitext(name)[1][1:].lower()
    return "jpg" if extension in ("", "jpeg", "jpe") else extension
