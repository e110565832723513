"""The options that commands share, and what numbers and names may be: each stands here once."""

import argparse
import math
from collections.abc import Callable, Iterable
from typing import Any

from .._support.arithmetic import PRECISIONS, WEIGHTS
from .._support.choices import nearest

_SHOWN = 40  # characters of what was typed, in a message


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{_short(text)}, expected a whole number from {low} to {high}")
        return number

    return read


def real(low: float, high: float = math.inf, open_below: bool = False) -> Callable[[str], float]:
    """Return what reads a finite number from `low`, or above it, to `high`."""
    least = f"above {low:g}" if open_below else f"of at least {low:g}"
    expected = f"a number {least}" + ("" if high == math.inf else f" and at most {high:g}")

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and low <= number <= high) or (open_below and number == low):
            raise argparse.ArgumentTypeError(f"{_short(text)}, expected {expected}")
        return number

    return read


def one_of(what: str, names: Iterable[str]) -> Callable[[str], str]:
    """Return what reads one of these names, and offers the nearest for another."""
    known = list(names)

    def read(text: str) -> str:
        if text not in known:
            expected = f"expected one of {', '.join(known)}{nearest(text, known, even_if_far=True)}"
            raise argparse.ArgumentTypeError(f"unknown {what} {_short(text)}, {expected}")
        return text

    return read


def several(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Return what reads a list with commas."""
    return lambda text: tuple(read(part) for part in text.split(","))


threads = whole(1, 256)
count = whole(1, 2**31 - 1)
side = whole(1, 2**15)  # pixels
batch = whole(1, 2**20)  # images
seed = whole(0, 2**64 - 1)


def batch_size(text: str) -> int | str:
    """Read a number of images, or "auto"."""
    return text if text == "auto" else batch(text)


def add_general(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    group = parser.add_argument_group("general")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument(
        "--threads", type=threads, metavar="N", help="compute on N threads (default: as the machine allows)"
    )


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add the option of commands that take long."""
    parser.add_argument(
        "--quiet", action="store_true", help="no progress and no notes, only the result and what is wrong"
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the option of commands that write a file."""
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")


def add_on_error(parser: argparse._ActionsContainer, default: str) -> None:
    """Add what an image does that cannot be read, and what the numbers of some mean."""
    add_value_range(parser)
    parser.add_argument(
        "--on-error",
        type=one_of("word", ("raise", "skip")),
        default=default,
        metavar="raise|skip",
        help="an image that cannot be read ends the work, or is left out",
    )


def add_value_range(parser: argparse._ActionsContainer) -> None:
    """Add what the numbers of images mean that have no range of their own."""
    parser.add_argument(
        "--value-range",
        type=value_range,
        metavar="BLACK,WHITE",
        help="of images with more than 8 bits, as 0,65535 (default: their own; images without one cannot be read)",
    )


def add_reading(parser: argparse._ActionsContainer, default: str) -> None:
    """Add how a folder's images are read."""
    add_on_error(parser, default)
    parser.add_argument(
        "--max-errors",
        type=_images_or_part,
        metavar="N",
        help="so many images may be left out; 0.1: a tenth of them (default: any number, but not all of a class)",
    )


def reading(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_reading` as keywords."""
    return {name: getattr(options, name) for name in ("on_error", "max_errors", "value_range")}


def value_range(text: str) -> tuple[float, float]:
    """Read what black and white are: "0,65535"."""
    try:
        black, white = map(float, text.split(","))
    except ValueError:
        black = white = math.nan
    if not (math.isfinite(black) and math.isfinite(white) and black < white):
        raise argparse.ArgumentTypeError(f"{_short(text)}, expected two numbers, black < white: 0,65535")
    return black, white


def _images_or_part(text: str) -> int | float:
    return whole(0, 2**31 - 1)(text) if text.isdecimal() else real(0, 1)(text)


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add the arithmetic of training."""
    parser.add_argument(
        "--precision",
        type=one_of("precision", (*PRECISIONS, "auto")),
        default="float32",
        metavar="float32|bfloat16|auto",
        help="of activations; auto: bfloat16 where the processor has it",
    )


def add_arithmetic(parser: argparse.ArgumentParser) -> None:
    """Add the arithmetic of inference."""
    add_precision(parser)
    parser.add_argument(
        "--weights",
        type=one_of("word", WEIGHTS),
        default="float",
        metavar="float|int8",
        help="of dense layers; int8: rounded to 8 bits",
    )
    parser.add_argument(
        "--fast-math", action="store_true", help="faster convolutions in float32 that are not exact on integers"
    )


def arithmetic(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_arithmetic` as keywords."""
    return {name: getattr(options, name) for name in ("precision", "weights", "fast_math")}


def add_views(parser: argparse.ArgumentParser) -> None:
    """Add what of an image is classified, and how it is computed."""
    from ..inference.views import CROPS

    crops = {str(crops): crops for crops in CROPS}
    parser.add_argument(
        "--crops",
        type=lambda text: crops[one_of("number", crops)(text)],
        metavar="|".join(crops),
        help="1: the centre; 9: a grid; 10: corners, centre and mirror images; 50: a grid and mirror images "
        "(default: 1, and none with --dense)",
    )
    parser.add_argument("--dense", action="store_true", help="slide the network over the whole image")
    parser.add_argument(
        "--scales",
        type=several(side),
        metavar="N,N,…",
        help="shorter sides of the whole image (default: the model's own)",
    )
    add_arithmetic(parser)


def views(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_views` as keywords."""
    return {name: getattr(options, name) for name in ("crops", "dense", "scales")} | arithmetic(options)


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
