"""Starting MPI: what launchers say, and what is refused."""

import os
import subprocess
import sys

import pytest
from mpi_job import QUIET
from support import TESTS, needs

from swiftalexnet.distributed.launch import Launch, launched

MPI = "import swiftalexnet as sa; ranks = sa.distributed.mpi(); print(ranks, ranks is sa.distributed.mpi())"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"PMI_SIZE": "4", "PMI_RANK": "3"}, Launch("PMI_SIZE", 4, 3)),
        ({"PMI_SIZE": "x", "PMI_RANK": "3"}, None),
        ({"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"}, Launch("OMPI_COMM_WORLD_SIZE", 2, 0)),
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, None),
        (
            {"SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0"},
            Launch("SLURM_NTASKS", 8, 0),
        ),
    ],
)
def test_what_launchers_say(environment, expected):
    assert launched(environment) == expected


def started(code=MPI, **environment):
    """Return what a process of its own says."""
    needs("mpi4py")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PMI", "OMPI", "MPI"))}
    own |= QUIET | {"PYTHONPATH": str(TESTS.parent), "PYTHONWARNINGS": "ignore"} | environment
    ended = subprocess.run(
        [sys.executable, "-c", code], env=own, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.stdout or ended.stderr.splitlines()[-1]


@pytest.mark.parametrize("environment", [{}, {"MPI4PY_RC_INITIALIZE": "0"}])
def test_without_a_launcher_there_is_one_rank(environment):
    assert started(**environment) == "<rank 0 of 1> True\n"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"}, "has started 4 processes (OMPI_COMM_WORLD_SIZE)"),
        ({"MPI4PY_LIBMPI": "/nowhere.so"}, "no MPI library is found: pip install mpi4py mpich"),
        ({"MPI4PY_RC_THREAD_LEVEL": "single"}, "expected MPI_THREAD_SERIALIZED or more"),
    ],
)
def test_what_is_refused(environment, words):
    said = started(**environment)
    assert "UnsupportedError: distributed.mpi: " in said
    assert words in said


def test_mpi4py_is_named_if_it_is_missing():
    code = f"import sys; sys.modules['mpi4py'] = None; {MPI}"
    assert "ImportError: distributed.mpi needs mpi4py: pip install 'swiftalexnet[mpi]'" in started(code)


def test_the_package_does_not_start_mpi():
    assert started("import sys, swiftalexnet.distributed; print('mpi4py' in sys.modules)") == "False\n"
