"""The arithmetic of a network: from the caller's options to the engine's codes."""

from typing import Any

import numpy as np

from .. import _native
from ..errors import UnsupportedError
from .choices import choose
from .native_arguments import Arithmetic
from .shown import shown

PRECISIONS = ("float32", "bfloat16")  # in the order of the engine's codes
WEIGHTS = ("float", "int8")


def choose_precision(operation: str, precision: Any) -> int:
    """Return the code of a precision; "auto" is bfloat16 if the processor has instructions for it, else float32.

    Raises
    ------
    UnsupportedError
        A precision that the instruction set in use does not have.
    ValueError
        An unknown precision.
    """
    known = _native.runtime_info()["precisions"].split()
    if choose(operation, "precision", precision, (*PRECISIONS, "auto")) == "auto":
        precision = "bfloat16" if "bfloat16" in known else "float32"
    if precision not in known:
        raise UnsupportedError(
            f"{operation}: got precision {precision!r}, the instruction set in use "
            f"({_native.runtime_info()['instruction_set']}) has {', '.join(known)}; expected one of these or 'auto'"
        )
    return PRECISIONS.index(precision)


def choose_arithmetic(
    operation: str, precision: Any = "float32", weights: Any = "float", fast_math: Any = False
) -> Arithmetic:
    """Return the arithmetic of inference.

    Parameters
    ----------
    operation : str
        The beginning of messages.
    precision : {"float32", "bfloat16", "auto"}
        See `choose_precision`.
    weights : {"float", "int8"}
        The type to which the dense layers' weights are rounded.
    fast_math : bool
        Compute float32 convolutions by transforms that are not exact on integers.

    Raises
    ------
    UnsupportedError
        A precision that the instruction set in use does not have.
    TypeError, ValueError
        Unknown names.
    """
    code = choose_precision(operation, precision)
    if not isinstance(fast_math, (bool, np.bool_)):
        raise TypeError(f"{operation}: fast_math is {shown(fast_math)}, expected True or False")
    return Arithmetic(code, WEIGHTS.index(choose(operation, "weights", weights, WEIGHTS)), int(fast_math))


def effective(arithmetic: Arithmetic) -> Arithmetic:
    """Return an arithmetic without fast math where that changes no bit: in bfloat16, and with OpenBLAS."""
    applies = arithmetic.precision == 0 and _native.runtime_info()["gemm"] == "swift"
    return arithmetic if applies else arithmetic._replace(fast_math=0)
