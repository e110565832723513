"""Training on several processes and machines: see docs/distributed.md."""

from .communicator import Communicator, LocalCommunicator
from .mpi import MPICommunicator, mpi

__all__ = ["Communicator", "LocalCommunicator", "MPICommunicator", "mpi"]
