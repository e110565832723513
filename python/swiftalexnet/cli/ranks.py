"""A command on several processes, which `mpiexec` has started: rank 0 speaks for all, and all end together."""

import argparse
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from .._support.shown import describe
from . import signals
from .options import one_of, real, whole
from .output import FAILED, complain

if TYPE_CHECKING:
    from ..distributed.communicator import Communicator
    from ..distributed.team import Team
    from .output import Output

_LATER = 1.0  # seconds after which another rank speaks, if rank 0 has not ended all with the same message

OF_ONE_CALL = {"mpi", "timeout"}  # options that are not saved with a run


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    from ..distributed.wire import WIRES

    group = parser.add_argument_group("several processes (docs/distributed.md)")
    add_mpi(group)
    group.add_argument(
        "--shards",
        type=whole(1, 1024),
        metavar="N",
        help="parts of a batch, a power of two; the weights are the same on any number of ranks that divides it "
        "(default: 8 with --mpi, otherwise none)",
    )
    group.add_argument(
        "--wire",
        type=one_of("wire", WIRES),
        default=WIRES[0],
        metavar="|".join(WIRES),
        help="what ranks send of gradients; bfloat16: half the bytes; factors: of the dense layers' gradients",
    )
    group.add_argument(
        "--towers", action="store_true", help="one half of a network in two groups (paper, chm145) on each of two ranks"
    )


def add_mpi(group: Any) -> None:
    """Add the options that are not saved with a run."""
    group.add_argument(
        "--mpi", action="store_true", help="train on all ranks of mpiexec: mpiexec -n 4 swiftalexnet train --mpi …"
    )
    group.add_argument(
        "--timeout",
        type=real(0, 1e6, open_below=True),
        default=30,
        metavar="SECONDS",
        help="that ranks wait for one of them before all end",
    )


class Ranks:
    """The ranks of a command, or this process alone.

    Parameters
    ----------
    options : namespace
    output : Output
        Made quiet on all ranks but the first.
    """

    def __init__(self, options: argparse.Namespace, output: "Output"):
        self.communicator: Communicator | None = None
        self.timeout: float = options.timeout
        if options.mpi:
            from ..distributed.mpi import mpi
            from ..training.ranks import SHARDS

            self.communicator = mpi()
            if getattr(options, "shards", 0) is None and not options.towers:
                options.shards = SHARDS
        self.leads = self.communicator is None or self.communicator.rank == 0
        output.quiet = output.quiet or not self.leads

    @contextmanager
    def together(self) -> Iterator[None]:
        """Run a block on all ranks: an error that all know of is printed by rank 0, any other ends the job."""
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if self.communicator is None or self.communicator.size == 1:
                raise
            usual = isinstance(error, (ValueError, TypeError, OSError, MemoryError, ImportError, KeyboardInterrupt))
            usual = usual or isinstance(error, (NotImplementedError, ArithmeticError))
            if not usual:
                raise
            status = signals.status(error) if isinstance(error, KeyboardInterrupt) else FAILED
            if not getattr(error, "all_ranks_know", False):
                if not self.leads:
                    time.sleep(_LATER)
                complain(f"rank {self.communicator.rank}: {describe(error)}", error)
                self.communicator.abort(status)
            if not self.leads:
                raise SystemExit(status) from error
            raise

    def team(self) -> "AbstractContextManager[Team]":
        """Return a context for work before training, in which an error of one rank reaches all."""
        from ..distributed.communicator import LocalCommunicator
        from ..distributed.team import Team
        from ..distributed.wire import Float32Wire
        from ..training.ranks import MOST_SHARDS, require_divisor

        if self.communicator is not None:  # the run's own shards are looked at later
            require_divisor(self.communicator.size, MOST_SHARDS, "train")
        return _telling(Team(self.communicator or LocalCommunicator(), Float32Wire(), self.timeout))


@contextmanager
def _telling(team: "Team") -> "Iterator[Team]":
    with team, team.telling():
        yield team


@contextmanager
def first_on_rank_0(team: "Team", what: str) -> Iterator[None]:
    """Run a block on rank 0, and then on the others, which wait as long as it takes."""
    team.doing(what, for_all=True)
    if not team.leads:
        team.agree()
    yield
    if team.leads:
        team.agree()
