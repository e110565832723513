"""The arithmetic of a network: from the caller's options to the engine's codes."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import _native
from ..errors import UnsupportedError
from .choices import choose
from .native_arguments import Arithmetic
from .shown import shown

PRECISIONS = ("float32", "bfloat16", "int8")  # in the order of the engine's codes
DIFFERENTIABLE = PRECISIONS[:2]  # those that gradients can be computed in
INT8 = PRECISIONS.index("int8")
WEIGHTS = ("float", "int8")


def choose_precision(operation: str, precision: Any, among: Iterable[str] = PRECISIONS) -> int:
    """Return the code of a precision; "auto" is bfloat16 where that is faster than float32, else float32.

    Parameters
    ----------
    operation : str
        The beginning of messages.
    precision : {"float32", "bfloat16", "int8", "auto"}
    among : iterable of str
        Those that the operation can compute in.

    Raises
    ------
    UnsupportedError
        A precision that the instruction set in use does not have.
    ValueError
        An unknown precision, or int8 where gradients are wanted.
    """
    info = _native.runtime_info()
    known = info["precisions"].split()
    if precision == "int8" and "int8" not in among:
        raise ValueError(
            f"{operation}: precision is 'int8', which is for inference, expected {', '.join(among)} or auto"
        )
    if choose(operation, "precision", precision, (*among, "auto")) == "auto":
        precision = info["auto_precision"]
    if precision not in known:
        raise UnsupportedError(
            f"{operation}: got precision {precision!r}, the instruction set in use "
            f"({info['instruction_set']}) has {', '.join(known)}; expected one of these or 'auto'"
        )
    return PRECISIONS.index(precision)


def choose_arithmetic(
    operation: str,
    precision: Any = "float32",
    weights: Any = "float",
    fast_math: Any = False,
    among: Iterable[str] = PRECISIONS,
) -> Arithmetic:
    """Return the arithmetic of inference, or with `among` of training.

    Parameters
    ----------
    operation : str
        The beginning of messages.
    precision, among
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
        Unknown names; fast math or 8-bit dense weights with int8, which has neither.
    """
    code = choose_precision(operation, precision, among)
    if not isinstance(fast_math, (bool, np.bool_)):
        raise TypeError(f"{operation}: fast_math is {shown(fast_math)}, expected True or False")
    rounded = WEIGHTS.index(choose(operation, "weights", weights, WEIGHTS))
    if code == INT8 and (rounded or fast_math):
        came = "weights='int8'" if rounded else "fast_math=True"
        raise ValueError(
            f"{operation}: {came} with precision 'int8', which has no such choice; expected one of the two, and "
            "precision='float32' for a quantised model"
        )
    return Arithmetic(code, rounded, int(fast_math))


def effective(arithmetic: Arithmetic) -> Arithmetic:
    """Return an arithmetic without fast math where that changes no bit: outside float32, and with OpenBLAS."""
    applies = arithmetic.precision == 0 and _native.runtime_info()["gemm"] == "swift"
    return arithmetic if applies else arithmetic._replace(fast_math=0)
