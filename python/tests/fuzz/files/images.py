"""Small image files of all formats that are read, and damage that respects their structure."""

import io
import struct
import zlib
from functools import cache
from random import Random

import numpy as np
from PIL import Image, features

# Sides that a header may claim: none, few pixels, more than Pillow's limit, more than the file has.
_SIDES = ((0, 0), (0, 5), (1, 1), (2, 70), (3000, 3000), (20_000, 20_000), (65_535, 65_535))

_MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "L", "RGBA", "LA", "P", "1", "I;16"),
    "GIF": ("P", "L"),
    "TIFF": ("RGB", "L", "RGBA", "CMYK", "I;16", "I", "F", "1"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("RGB", "L", "P"),
    "JPEG2000": ("RGB", "L"),
    "AVIF": ("RGB",),
    "PPM": ("RGB", "L"),
    "QOI": ("RGB", "RGBA"),
    "PCX": ("RGB", "L"),
    "SGI": ("RGB", "L"),
    "DIB": ("RGB",),
    "TGA": ("RGB", "RGBA"),
}


@cache
def sound_images() -> dict[str, bytes]:
    """Return files by format and mode; what this Pillow cannot write is missing."""
    Image.init()
    files = {}
    for kind, modes in _MODES.items():
        for mode in modes:
            for name, options in _variants(kind):
                try:
                    files[f"{kind} {mode}{name}"] = _encoded(_noise(mode), kind, **options)
                except (OSError, KeyError, ValueError):
                    continue
    return files


def _variants(kind: str) -> list[tuple[str, dict[str, object]]]:
    variants: list[tuple[str, dict[str, object]]] = [("", {})]
    if kind == "JPEG":
        variants += [(" progressive", {"progressive": True}), (" EXIF", {"exif": _exif()})]
    if kind == "PNG":
        variants += [(" EXIF", {"exif": _exif()}), (" text", {"pnginfo": None, "dpi": (72, 72)})]
    if kind == "TIFF":
        variants += [(f" {c}", {"compression": c}) for c in ("tiff_lzw", "packbits") if features.check("libtiff")]
    if kind == "GIF":
        variants += [(" animated", {"save_all": True, "append_images": [_noise("P")] * 2})]
    return variants


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = 6, "maker", "model"
    exif.get_ifd(0x8769)[0x9000] = b"0230"
    return exif.tobytes()


def _noise(mode: str) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (21, 26, 4), np.uint8)
    if mode in ("I;16", "I", "F"):
        types = {"I;16": np.uint16, "I": np.int32, "F": np.float32}
        return Image.fromarray(pixels[..., 0].astype(types[mode]) * 200)
    if mode == "RGBA":
        return Image.fromarray(pixels)
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3])).convert(mode)


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def damage_structure(data: bytes, random: Random) -> tuple[str, bytes]:
    """Change what only a program that knows the format can change: sizes, chunks, scans, tags; checksums are right."""
    if data.startswith(b"\x89PNG"):
        return _damage_png(data, random)
    if data.startswith(b"\xff\xd8"):
        return _damage_jpeg(data, random)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _damage_tiff(data, random)
    return "as it is", data


def _damage_png(data: bytes, random: Random) -> tuple[str, bytes]:
    chunks = _png_chunks(data)
    at = random.randrange(len(chunks))
    kind, body = chunks[at]
    act = random.choice(("size", "repeated", "removed", "swapped", "body", "other chunk", "bomb"))
    if act == "size":
        sides = random.choice((*_SIDES, (2**31 - 1, 1), (2**32 - 1, 2**32 - 1)))
        chunks[0] = b"IHDR", struct.pack(">II", *sides) + chunks[0][1][8:]
    elif act == "repeated":
        chunks[at:at] = [(kind, body)] * random.choice((1, 50))
    elif act == "removed":
        del chunks[at]
    elif act == "swapped":
        random.shuffle(chunks)
    elif act == "body" and body:
        changed = bytearray(body)
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
        chunks[at] = kind, bytes(changed)
    elif act == "bomb":
        chunks[1:1] = [(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**7)))]
    else:
        names = (
            b"tRNS",
            b"PLTE",
            b"iCCP",
            b"gAMA",
            b"eXIf",
            b"acTL",
            b"fcTL",
            b"pHYs",
            b"cHRM",
            b"tEXt",
            b"iTXt",
            b"\0\0\0\0",
        )
        chunks[1:1] = [(random.choice(names), random.randbytes(random.choice((0, 1, 2, 6, 9, 32, 768))))]
    return act, data[:8] + b"".join(_png_chunk(*chunk) for chunk in chunks)


def _png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks, at = [], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return chunks


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _damage_jpeg(data: bytes, random: Random) -> tuple[str, bytes]:
    scans = [at for at in range(2, len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    frames = [at for at in range(2, len(data) - 9) if data[at] == 0xFF and data[at + 1] in (0xC0, 0xC2)]
    act = random.choice(("size", "scans", "segment", "kind", "EXIF"))
    if act == "size" and frames:
        at = frames[0] + 5
        return act, data[:at] + struct.pack(">HH", *random.choice(_SIDES)) + data[at + 4 :]
    if act == "scans" and scans:
        end = scans[1] if len(scans) > 1 else len(data) - 2
        return act, data[: scans[0]] + data[scans[0] : end] * random.choice((2, 90, 400)) + data[end:]
    if act == "kind" and frames:
        return act, data[: frames[0] + 1] + bytes([random.choice((0xC1, 0xC3, 0xC9, 0xCA, 0xC2, 0xC0))]) + data[
            frames[0] + 2 :
        ]
    if act == "EXIF":
        tags = random.randbytes(random.choice((4, 20, 200)))
        body = b"Exif\0\0" + random.choice((b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"")) + tags
        return act, data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    marker = random.choice((0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xDB, 0xC4, 0xDD, 0xDC))
    body = random.randbytes(random.choice((0, 1, 12, 64, 2000)))
    return act, data[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + data[2:]


def _damage_tiff(data: bytes, random: Random) -> tuple[str, bytes]:
    """Change tag, type, count or value of an entry of the first directory, or where that lies."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack(order + "I", data[4:8])
    (count,) = struct.unpack(order + "H", data[start : start + 2])
    changed = bytearray(data)
    if not count or random.random() < 0.1:
        changed[4:8] = struct.pack(order + "I", random.choice((0, 4, 8, start + 1, len(data), 2**32 - 1)))
        return "directory", bytes(changed)
    at = start + 2 + 12 * random.randrange(count)
    field, size, letter = random.choice((("tag", 0, "H"), ("type", 2, "H"), ("count", 4, "I"), ("value", 8, "I")))
    values = (0, 1, 2, 3, 5, 8, 16, 255, 256, 258, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
    packed = struct.pack(order + letter, random.choice(values) % (2**16 if letter == "H" else 2**32))
    changed[at + size : at + size + len(packed)] = packed
    return field, bytes(changed)
