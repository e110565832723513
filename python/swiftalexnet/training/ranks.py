"""The options of `fit` that make a run one of several ranks, or of one by the same path."""

from typing import Any

from .. import _native
from .._support.arrays import as_integer
from .._support.choices import choose
from .._support.native_arguments import Arithmetic
from .._support.output import warn
from ..distributed.communicator import LocalCommunicator, as_communicator
from ..distributed.team import Team, alone, require_timeout
from ..distributed.tower_cut import require_rule, require_two
from ..distributed.wire import WIRES, wire_named
from ..errors import UnsupportedError
from ..network.base import BaseModel
from ..network.batch_size import for_training
from ..recipes.recipe import Recipe

SHARDS = 8  # by default, if there is a communicator
MOST_SHARDS = 1024


def require_own_kernels(shards: int | None) -> None:
    """Raise UnsupportedError for several shards with OpenBLAS."""
    if shards is not None and shards > 1 and _native.runtime_info()["gemm"] != "swift":
        raise UnsupportedError(
            "fit: shards need the engine's own kernels, because OpenBLAS adds in an order that depends on the batch: "
            "set SWIFTALEXNET_GEMM=swift"
        )


def fitting_batch(model: BaseModel, recipe: Recipe, arithmetic: Arithmetic, validates: bool, team: Team) -> int:
    """Return the recipe's batch size if each rank's part fits into its memory; see `for_training`.

    Otherwise a smaller one, which depends on the number of ranks, with a UserWarning.

    Raises
    ------
    MemoryError
        On one of them not even one image fits.
    """
    wanted = -(-recipe.batch_size // team.size)
    fitting: int = min(team.agree(for_training(model, wanted, arithmetic, validates)))
    if fitting == wanted:
        return recipe.batch_size
    chosen = fitting * team.size
    if team.leads:
        ranks = f" of {team.size} ranks, on whose number it depends" if team.size > 1 else ""
        warn(
            f"fit: batch_size 'auto' is {chosen}, because the recipe's {recipe.batch_size} does not fit into the "
            f"memory{ranks}; its learning rate is meant for batches of {recipe.batch_size}",
            stacklevel=4,
        )
    return chosen


def as_team(communicator: Any, shards: Any, wire: Any, timeout: Any, towers: bool = False) -> tuple[Team, int | None]:
    """Return the team and the number of shards of a batch; None for one process on whole batches.

    Raises
    ------
    TypeError, ValueError
        Not a communicator; a number of shards that is no power of two, or one of ranks that does not divide it; an
        unknown wire; a timeout that is not above 0.
    """
    given = as_communicator(communicator, "fit")
    name = choose("fit", "wire", wire, WIRES)
    require_timeout(timeout, "fit")
    if towers:
        if given is None or shards is not None or name != WIRES[0]:
            raise ValueError("fit: towers need communicator=, of two ranks, and neither shards= nor wire=")
        if given.size != 2:
            raise ValueError(f"fit: communicator has {given.size} ranks, expected 2: one for each tower")
        return Team(given, wire_named(name), float(timeout)), None
    if given is None and shards is None:
        if name != WIRES[0]:
            raise ValueError(f"fit: wire is {name!r}, which needs communicator= or shards=")
        return alone(), None
    count = SHARDS if shards is None else as_integer(shards, "shards", "fit", 1, MOST_SHARDS)
    if count & (count - 1):
        raise ValueError(f"fit: shards is {count}, expected a power of two")
    used = LocalCommunicator() if given is None else given
    require_divisor(used.size, count, "fit")
    return Team(used, wire_named(name), float(timeout)), count


def require_divisor(ranks: int, shards: int, operation: str) -> None:
    """Raise ValueError unless a number of ranks divides one of shards, which is a power of two."""
    if shards % ranks:
        powers = ", ".join(str(1 << power) for power in range(shards.bit_length()))
        more = f", or shards={ranks}" if ranks & (ranks - 1) == 0 else ""
        raise ValueError(f"{operation}: {ranks} ranks do not divide {shards} shards, expected {powers} ranks{more}")


def require_towers(
    model: BaseModel, team: Team, recipe: Recipe, batch_size: Any, checkpoint_every: Any, cache_features: Any
) -> None:
    """Refuse what towers cannot do.

    Raises
    ------
    ValueError
        There are not two ranks, or an option that towers do not have.
    UnsupportedError
        The network has no two towers, or the recipe's rule is LARS.
    """
    require_two(model, team.size, "fit")
    require_rule(recipe.rule, "fit")
    auto = {"batch_size": batch_size, "checkpoint_every": checkpoint_every}
    refused = [f"{name}='auto'" for name, value in auto.items() if isinstance(value, str)]
    refused += ["cache_features"] if cache_features else []
    if refused:
        raise ValueError(f"fit: towers cannot train with {' or '.join(refused)}")
