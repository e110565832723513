"""What both ranks must have in common before they work."""

import hashlib
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .._support.native_arguments import StepOptions
from .team import Team


def require_same(team: Team, mine: Mapping[str, object], operation: str) -> None:
    """Compare facts by name over all ranks.

    Raises
    ------
    ValueError
        On all ranks, naming the first fact that differs and its values.
    """
    told = team.agree(mine)
    for name in mine:
        values = [str(each.get(name)) for each in told]
        if len(set(values)) > 1:
            each = "; ".join(f"rank {rank} has {_short(value)}" for rank, value in enumerate(values))
            raise ValueError(f"{operation}: the ranks have different {name}: {each}")


def require_same_batch(team: Team, x: NDArray[np.float32], labels: NDArray[np.int32], options: StepOptions) -> None:
    """Check that all ranks take the same step on the same batch.

    Raises
    ------
    ValueError
        They do not: see `require_same`.
    """
    settings = hashlib.sha256(repr(options._replace(rates=None, decays=None, sample_weight=None)).encode())
    for array in (labels, options.rates, options.decays, options.sample_weight):
        settings.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    facts = {
        "numbers of images": len(x),
        "seeds": options.seed,
        "steps": options.step,
        "labels or settings of a step": settings.hexdigest(),
        "images": zlib.adler32(x),
    }
    require_same(team, facts, "train_step")


def _short(value: str) -> str:
    """Return a value, or its digest if it is long."""
    return value if len(value) <= 20 else hashlib.sha256(value.encode()).hexdigest()[:12]
