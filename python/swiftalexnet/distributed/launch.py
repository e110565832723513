"""What a launcher says in the environment: how many processes it has started, and which of them this is."""

import os
from collections.abc import Mapping
from typing import NamedTuple

# Launchers' variables for the number of processes, and this one's.
_VARIABLES = (
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),  # Open MPI
    ("PMI_SIZE", "PMI_RANK"),  # MPICH, Intel MPI
    ("MPI_LOCALNRANKS", "MPI_LOCALRANKID"),
    ("SLURM_NTASKS", "SLURM_PROCID"),
)


class Launch(NamedTuple):
    """The launcher's word on this process; `variable` is where it says the number."""

    variable: str
    size: int
    rank: int


def launched(environment: Mapping[str, str] = os.environ) -> Launch | None:
    """Return what the launcher says; None without one.

    Slurm's variables are those of the whole allocation, also for a shell in it: they count only inside of a step.
    """
    for size_name, rank_name in _VARIABLES:
        size, rank = environment.get(size_name, ""), environment.get(rank_name, "")
        in_step = not size_name.startswith("SLURM") or "SLURM_STEP_ID" in environment
        if in_step and size.isdecimal() and rank.isdecimal():
            return Launch(size_name, int(size), int(rank))
    return None
