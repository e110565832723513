"""Convert Pillow images of any mode to 8-bit grey or RGB, with transparent pixels over white.

The colour of a transparent pixel is not part of the image. 16-bit modes are reduced to their high byte, as Pillow does
for 16-bit RGB; modes of unknown range are refused. Mode "I" has 32 bits; its range is known only if Pillow has read a
16-bit file into it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .levels import WAY_OUT, Range, to_bytes

_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # tags of TIFF

# A PNG stores its transparent colour at the file's own bit depth: factors to Pillow's 8 bits.
_KEY_FACTORS = {"1": 255, "L;2": 85, "L;4": 17}


def transparent_color(image: Image.Image) -> Any:
    """Return the transparent colour on the scale of the image's pixels, or None.

    Call it before the pixels are read, because Pillow then forgets the bit depth of the file.
    """
    color = image.info.get("transparency")
    if isinstance(color, tuple) and max(color, default=0) > 255:
        return tuple(value >> 8 for value in color)
    tiles = getattr(image, "tile", ()) if image.format == "PNG" else ()
    factor = _KEY_FACTORS.get(tiles[0][3]) if tiles else None
    return min(color * factor, 255) if isinstance(color, int) and factor else color


def to_colors(image: Image.Image, channels: int, value_range: Range | None, key: Any = None) -> Image.Image:
    """Return the image as "L" or "RGB", depending on `channels`, or as "RGBa" if parts of it are transparent.

    Parameters
    ----------
    value_range : (float, float), optional
        The values of black and white, for modes of more than 8 bits.
    key : int or tuple of int, optional
        The transparent colour: see `transparent_color`.

    Raises
    ------
    ValueError
        Pixels of unknown range, or outside `value_range`.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        image = _to_eight_bits(image, value_range, key)
    elif image.mode in ("1", "L", "RGB") and isinstance(key, (int, tuple)):
        image = _painted_white(image if image.mode == "RGB" else image.convert("L"), key)
    elif _is_transparent(image):
        image = image.convert("LA") if image.mode == "La" else image
        return image if image.mode == "RGBa" else image.convert("RGBA").convert("RGBa")
    elif image.mode == "LAB" and channels == 1:  # Pillow converts LAB only to RGB
        image = image.convert("RGB")
    mode = "L" if channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def over_white(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Blend pixels of "RGBa", whose colours are premultiplied by alpha, with white, and return grey or RGB."""
    colors, alpha = pixels[..., :3].astype(np.uint16), pixels[..., 3:]
    flat = np.minimum(colors + (255 - alpha), 255).astype(np.uint8)
    return flat if channels == 3 else np.asarray(Image.fromarray(flat).convert("L"))[..., None]


def _is_transparent(image: Image.Image) -> bool:
    if image.mode in _ALPHA:
        return True
    palette = image.palette if image.mode == "P" else None
    return "transparency" in image.info or (palette is not None and palette.mode == "RGBA")


def _to_eight_bits(image: Image.Image, value_range: Range | None, key: Any) -> Image.Image:
    """Return an image of 16 or 32 bits as "L"; Pillow's own conversion would clip everything above 255."""
    values = np.asarray(image)  # two or four bytes per pixel, as in Pillow
    if value_range is not None:
        levels = to_bytes(values, value_range, f"pixels of mode {image.mode}", "they")
    elif (bits := _known_bits(image)) is not None:
        levels = (values >> (bits - 8)).astype(np.uint8)
        if image.format == "TIFF" and _tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
            levels = 255 - levels
    else:
        raise ValueError(f"pixels of mode {image.mode} have no known range: {WAY_OUT}")
    if isinstance(key, int):
        levels[values == key] = 255
    return Image.fromarray(levels)


def _known_bits(image: Image.Image) -> int | None:
    """Return the number of bits used in each pixel, or None if it is unknown."""
    if image.mode.startswith("I;16"):
        return 12 if image.format == "TIFF" and _tag(image, _BITS_PER_SAMPLE) == 12 else 16
    # Some versions of Pillow read 16-bit PNG files into "I"; all of them do so with PGM files, scaled to 65535.
    return 16 if image.mode == "I" and image.format in ("PNG", "PPM") else None


def _tag(image: Image.Image, tag: int) -> Any:
    value = getattr(image, "tag_v2", {}).get(tag)
    return value[0] if isinstance(value, tuple) else value


def _painted_white(image: Image.Image, key: int | tuple[int, ...]) -> Image.Image:
    """Set the pixels of a transparent colour to white, as they would look over white."""
    pixels = np.array(image)
    there = pixels == np.array(key)
    pixels[there.all(axis=-1) if there.ndim == 3 else there] = 255
    return Image.fromarray(pixels)
