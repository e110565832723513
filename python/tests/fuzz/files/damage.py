"""Damage to bytes and text: flipped bits, truncation, changed numbers."""

import re
import struct
from collections.abc import Callable
from random import Random

NUMBERS = (
    0,
    1,
    2,
    127,
    128,
    255,
    256,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**62,
    2**63 - 1,
    2**64 - 1,
)
WORDS = (
    *("-1", "0", "1", "-0.0", "1e400", "nan", "inf", "-inf", "1.5", "2147483647", "2147483648", "9223372036854775807"),
    "-9223372036854775808",
    *(
        "9223372036854775808",
        "18446744073709551616",
        "1" * 400,
        "",
        " ",
        "=",
        "\t",
        "0x10",
        "+3",
        "é",
        "\ufeff",
        "null",
    ),
)


def damage(data: bytes, random: Random) -> tuple[str, bytes]:
    """Damage bytes in one place to four; return what was done as well."""
    done = []
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        name = random.choice(list(BYTES))
        data = bytes(BYTES[name](bytearray(data), random))
        done.append(name)
    return ", ".join(done), data


def damage_text(text: str, random: Random) -> tuple[str, str]:
    """Change lines, words and numbers of a text; return what was done as well."""
    done = []
    for _ in range(random.choice((1, 1, 2, 4))):
        name = random.choice(list(_TEXTS))
        text = _TEXTS[name](text, random)
        done.append(name)
    return ", ".join(done), text


def _place(data: bytearray, random: Random) -> int:
    """Return an index; the first and the last bytes are the likeliest."""
    near = min(len(data), 160)
    choice = random.random()
    if choice < 0.5:
        return random.randrange(near) if near else 0
    return max(0, len(data) - 1 - random.randrange(near or 1)) if choice < 0.6 else random.randrange(len(data) or 1)


def _span(data: bytearray, random: Random) -> slice:
    start = _place(data, random)
    return slice(start, start + random.choice((1, 2, 4, 8, 16, 100, 1000)))


def _flip(data: bytearray, random: Random) -> bytearray:
    if data:
        data[_place(data, random)] ^= 1 << random.randrange(8)
    return data


def _byte(data: bytearray, random: Random) -> bytearray:
    if data:
        data[_place(data, random)] = random.choice((0, 1, 127, 128, 254, 255, random.randrange(256)))
    return data


def _number(data: bytearray, random: Random) -> bytearray:
    """Write a number of 2, 4 or 8 bytes, in either order."""
    size, order = random.choice(((2, "H"), (4, "I"), (8, "Q"))), random.choice("<>")
    packed = struct.pack(order + size[1], random.choice(NUMBERS) % 256 ** size[0])
    at = _place(data, random)
    data[at : at + len(packed)] = packed
    return data


def _cut(data: bytearray, random: Random) -> bytearray:
    return data[: random.choice((_place(data, random), random.randrange(len(data) + 1)))]


def _without_start(data: bytearray, random: Random) -> bytearray:
    return data[_place(data, random) :]


def _longer(data: bytearray, random: Random) -> bytearray:
    return data + random.choice((b"\0", bytes(100), random.randbytes(50), bytes(data[:500])))


def _repeat(data: bytearray, random: Random) -> bytearray:
    span = _span(data, random)
    return data[: span.stop] + data[span] * random.choice((1, 2, 300)) + data[span.stop :]


def _remove(data: bytearray, random: Random) -> bytearray:
    del data[_span(data, random)]
    return data


def _fill(data: bytearray, random: Random) -> bytearray:
    span = _span(data, random)
    data[span] = bytes([random.choice((0, 255, 65))]) * len(data[span])
    return data


def _swap(data: bytearray, random: Random) -> bytearray:
    one, two = _span(data, random), _span(data, random)
    data[one], data[two] = data[two], data[one]
    return data


BYTES: dict[str, Callable[[bytearray, Random], bytearray]] = {
    "bit flipped": _flip,
    "byte": _byte,
    "number": _number,
    "cut": _cut,
    "start cut": _without_start,
    "longer": _longer,
    "repeated": _repeat,
    "removed": _remove,
    "filled": _fill,
    "swapped": _swap,
}


def _in_lines(change: Callable[[list[str], int, Random], list[str]]) -> Callable[[str, Random], str]:
    def act(text: str, random: Random) -> str:
        lines = text.splitlines(keepends=True) or [""]
        return "".join(change(lines, random.randrange(len(lines)), random))

    return act


def _other_number(text: str, random: Random) -> str:
    places = list(re.finditer(r"\d+(\.\d+)?", text))
    if not places:
        return text
    place = random.choice(places)
    return text[: place.start()] + random.choice(WORDS) + text[place.end() :]


def _other_word(text: str, random: Random) -> str:
    words = re.split(r"(\s+|=|,)", text)
    words[random.randrange(len(words))] = random.choice((*WORDS, *words))
    return "".join(words)


def _bytes_of_text(text: str, random: Random) -> str:
    return damage(text.encode("utf-8", "replace"), random)[1].decode("utf-8", "replace")


_TEXTS: dict[str, Callable[[str, Random], str]] = {
    "number": _other_number,
    "another number": _other_number,
    "word": _other_word,
    "line twice": _in_lines(lambda lines, at, random: [*lines[:at], lines[at], *lines[at:]]),
    "line gone": _in_lines(lambda lines, at, random: lines[:at] + lines[at + 1 :]),
    "lines swapped": _in_lines(lambda lines, at, random: random.sample(lines, len(lines))),
    "line 2,000 times": _in_lines(lambda lines, at, random: [*lines[:at], *lines[at : at + 1] * 2000, *lines[at:]]),
    "bytes": _bytes_of_text,
}
