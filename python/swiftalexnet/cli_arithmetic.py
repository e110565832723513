"""The options of commands that compute: `--precision`, `--weights` and `--fast-math`."""

import argparse
from typing import Any

from ._arithmetic import PRECISIONS, WEIGHTS


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Add what training takes."""
    parser.add_argument(
        "--precision",
        choices=(*PRECISIONS, "auto"),
        default="float32",
        help="of activations; auto: bfloat16 where the processor has it (default: float32)",
    )


def add_arithmetic(parser: argparse.ArgumentParser) -> None:
    """Add what inference takes."""
    add_precision(parser)
    parser.add_argument(
        "--weights", choices=WEIGHTS, default="float", help="of dense layers; int8: rounded to 8 bits (default: float)"
    )
    parser.add_argument(
        "--fast-math", action="store_true", help="faster convolutions in float32 that are not exact on integers"
    )


def arithmetic(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_arithmetic` as keywords."""
    return {name: getattr(options, name) for name in ("precision", "weights", "fast_math")}
