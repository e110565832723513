"""Training on several processes and machines: see docs/distributed.md."""

from .communicator import Communicator, LocalCommunicator
from .mpi import MPICommunicator, mpi
from .towers import Towers

__all__ = ["Communicator", "LocalCommunicator", "MPICommunicator", "Towers", "mpi"]
