"""The options that several commands share, and the readers of numbers and names."""

import argparse
import math
from collections.abc import Callable, Iterable
from typing import Any

from .._support.arithmetic import DIFFERENTIABLE, PRECISIONS, WEIGHTS
from .._support.choices import nearest

_SHOWN = 40  # characters of the user's input in a message


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `low` to `high`."""

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
    """Return a reader of finite numbers from `low`, or above it with `open_below`, to `high`."""
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
    """Return a reader of these names, which suggests the nearest one for any other."""
    known = list(names)

    def read(text: str) -> str:
        if text not in known:
            expected = f"expected one of {', '.join(known)}{nearest(text, known, even_if_far=True)}"
            raise argparse.ArgumentTypeError(f"unknown {what} {_short(text)}, {expected}")
        return text

    return read


def several(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Return a reader of lists separated by commas."""
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
    """Add the options of every command."""
    group = parser.add_argument_group("general")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument(
        "--threads", type=threads, metavar="N", help="compute on N threads (default: one per available processor)"
    )


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """Add the option of commands that run for long."""
    parser.add_argument("--quiet", action="store_true", help="print only the result, warnings and errors")


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add the option of commands that write a file."""
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def add_on_error(parser: argparse._ActionsContainer, default: str) -> None:
    """Add what happens to an image that cannot be read, and the value range of images."""
    add_value_range(parser)
    parser.add_argument(
        "--on-error",
        type=one_of("word", ("raise", "skip")),
        default=default,
        metavar="raise|skip",
        help="an image that cannot be read stops the command, or is skipped",
    )


def add_value_range(parser: argparse._ActionsContainer) -> None:
    """Add the value range of images that do not define one."""
    parser.add_argument(
        "--value-range",
        type=value_range,
        metavar="BLACK,WHITE",
        help="of images with more than 8 bits, such as 0,65535 (default: the file's; one is needed)",
    )


def add_reading(parser: argparse._ActionsContainer, default: str) -> None:
    """Add the options for reading a folder's images."""
    add_on_error(parser, default)
    add_max_errors(parser, "all but one per class")


def add_max_errors(parser: argparse._ActionsContainer, default: str) -> None:
    """Add the most images that may be left out."""
    parser.add_argument(
        "--max-errors",
        type=_images_or_part,
        metavar="N",
        help=f"most images that may be skipped: a number, or a fraction such as 0.1 (default: {default})",
    )


def reading(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_reading` as keywords."""
    return {name: getattr(options, name) for name in ("on_error", "max_errors", "value_range")}


def value_range(text: str) -> tuple[float, float]:
    """Read the values of black and white: "0,65535"."""
    try:
        black, white = map(float, text.split(","))
    except ValueError:
        black = white = math.nan
    if not (math.isfinite(black) and math.isfinite(white) and black < white):
        raise argparse.ArgumentTypeError(f"{_short(text)}, expected two numbers, black < white: 0,65535")
    return black, white


def _images_or_part(text: str) -> int | float:
    return whole(0, 2**31 - 1)(text) if text.isdecimal() else real(0, 1)(text)


def add_precision(parser: argparse.ArgumentParser, differentiates: bool = True) -> None:
    """Add the type of activations, where it `differentiates` one that has gradients."""
    names = (*(DIFFERENTIABLE if differentiates else PRECISIONS), "auto")
    parser.add_argument(
        "--precision",
        type=one_of("precision", names),
        default="float32" if differentiates else None,
        metavar="|".join(names),
        help="of activations; auto: bfloat16 where that is faster than float32"
        + ("" if differentiates else " (default: float32, or int8 of a quantised model)"),
    )


def add_fast_math(parser: argparse.ArgumentParser) -> None:
    """Add the choice of fast convolutions."""
    parser.add_argument(
        "--fast-math", action="store_true", help="faster float32 convolutions that are not exact on integers"
    )


def add_arithmetic(parser: argparse.ArgumentParser) -> None:
    """Add the arithmetic of inference."""
    add_precision(parser, differentiates=False)
    parser.add_argument(
        "--weights",
        type=one_of("word", WEIGHTS),
        default="float",
        metavar="float|int8",
        help="of dense layers; int8: rounded to 8 bits",
    )
    add_fast_math(parser)


def arithmetic(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_arithmetic` as keywords."""
    return {name: getattr(options, name) for name in ("precision", "weights", "fast_math")}


def add_views(parser: argparse.ArgumentParser) -> None:
    """Add the views of an image that are classified, and the arithmetic."""
    from ..inference.views import CROPS

    crops = {str(crops): crops for crops in CROPS}
    parser.add_argument(
        "--crops",
        type=lambda text: crops[one_of("number", crops)(text)],
        metavar="|".join(crops),
        help="1: the centre; 9: a grid; 10: corners, centre and their mirror images; 50: a grid and its mirror images "
        "(default: 1, and none with --dense)",
    )
    parser.add_argument("--dense", action="store_true", help="slide the network over the whole image")
    parser.add_argument(
        "--scales",
        type=several(side),
        metavar="N,N,…",
        help="sizes of the whole image's shorter side (default: the model's own)",
    )
    add_arithmetic(parser)


def views(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_views` as keywords."""
    return {name: getattr(options, name) for name in ("crops", "dense", "scales")} | arithmetic(options)


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
