"""MPI by mpi4py, on any MPI that it runs on: MPICH, Open MPI, Intel MPI."""

import os
from typing import Any

from .. import _native
from .._support.optional import require
from ..errors import UnsupportedError
from ..runtime import get_num_threads, threads_are_chosen
from .communicator import ANY, Request
from .launch import Launch, launched
from .watchdog import die_with_parent
from .witness import call_witness, hush_witness

_INSTALL = "pip install mpi4py mpich"


class MPICommunicator:
    """The processes of an MPI communicator; made by `mpi`.

    Attributes
    ----------
    rank, size : int
        This process's number, from 0, and how many there are.
    """

    def __init__(self, library: Any, communicator: Any):
        self._library, self._communicator = library, communicator
        self.rank: int = communicator.Get_rank()
        self.size: int = communicator.Get_size()

    def send(self, data: Any, to: int, tag: int) -> Request:
        """Begin to send a buffer, which must not change until the request is done."""
        try:
            return _MPIRequest(self._communicator.Isend([data, self._library.BYTE], to, tag), to)
        except Exception as error:
            raise _lost(to, error) from error

    def receive(self, data: Any, source: int, tag: int) -> Request:
        """Begin to receive a message of at most the buffer's length."""
        given = self._library.ANY_SOURCE if source == ANY else source
        try:
            return _MPIRequest(self._communicator.Irecv([data, self._library.BYTE], given, tag), source)
        except Exception as error:
            raise _lost(source, error) from error

    def abort(self, status: int) -> None:
        """End all ranks."""
        hush_witness()
        self._communicator.Abort(status)

    def __repr__(self) -> str:
        return f"<rank {self.rank} of {self.size}>"


def _lost(partner: int, error: Exception) -> ConnectionError:
    """Return what an exception of MPI means."""
    who = "a rank" if partner == ANY else f"rank {partner}"
    return ConnectionError(f"{who} has ended, or the link to it is gone: {' '.join(str(error).split())}")


class _MPIRequest:
    """A message of MPI to or from a partner."""

    def __init__(self, request: Any, partner: int):
        self._request, self._partner = request, partner

    def test(self) -> bool:
        """Return whether it is done."""
        try:
            return bool(self._request.Test())
        except Exception as error:
            raise _lost(self._partner, error) from error

    def cancel(self) -> None:
        """Give up receiving."""
        self._request.Cancel()
        self._request.Wait()


_found: list[MPICommunicator] = []


def mpi() -> MPICommunicator:
    """Return the processes that `mpiexec` has started, for `fit(…, communicator=)`.

    The first call starts MPI. If there are several ranks, it also takes care that none outlives the launcher, and, if
    neither the environment nor the program has said otherwise, gives each rank its share of the host's processors to
    compute on. Later calls return the same object.

    Returns
    -------
    MPICommunicator
        With `rank` and `size`; one rank if the program was started without `mpiexec`.

    Raises
    ------
    ImportError
        mpi4py is not installed.
    UnsupportedError
        There is no MPI library, or it does not allow calls from another thread, or `mpiexec` belongs to another
        library: it has started several processes, and each is alone.
    """
    if _found:
        return _found[0]
    require("mpi4py", "mpi", "distributed.mpi")
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        cause = " ".join(str(error).split())
        raise UnsupportedError(f"distributed.mpi: no MPI library is found: {_INSTALL} ({cause})") from error
    launch = launched()
    _check(MPI, launch)
    made = MPICommunicator(MPI, MPI.COMM_WORLD.Dup())
    if made.size > 1:
        die_with_parent()
        host = MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED)
        call_witness(made.rank, host)
        _share_processors(host)
        host.Free()
    _found.append(made)
    return made


def _check(library: Any, launch: Launch | None) -> None:
    """Start MPI, unless it has been started; refuse one that cannot do what is needed."""
    if library.Is_finalized():
        raise UnsupportedError("distributed.mpi: MPI has been finalized, and cannot be started again")
    if not library.Is_initialized():
        library.Init_thread()
    level = library.Query_thread()
    if level < library.THREAD_SERIALIZED:
        raise UnsupportedError(
            f"distributed.mpi: MPI was started with thread level {level}, expected MPI_THREAD_SERIALIZED or more: "
            "mpi4py.rc.thread_level = 'multiple' before MPI is imported"
        )
    size = library.COMM_WORLD.Get_size()
    if launch is not None and launch.size > size == 1:
        name = " ".join(library.Get_library_version().splitlines()[0].strip("\0").split())
        raise UnsupportedError(
            f"distributed.mpi: the launcher has started {launch.size} processes ({launch.variable}), but for MPI each "
            f"is alone: mpiexec belongs to another library than {name}, which mpi4py uses. Start the mpiexec that was "
            f"installed with it, with its full path; in a fresh environment: {_INSTALL}"
        )


def _share_processors(host: Any) -> None:
    """Compute on this rank's share of its processors, unless the number of threads has been chosen."""
    own = os.sched_getaffinity(0)  # some launchers bind each rank to processors of its own
    sharers = sum(not own.isdisjoint(each) for each in host.allgather(sorted(own)))
    if not threads_are_chosen():
        _native.set_num_threads(max(1, get_num_threads() // sharers))
