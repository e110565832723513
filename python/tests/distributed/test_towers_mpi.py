"""Two towers in two processes that MPI connects."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import swiftalexnet as sa
from swiftalexnet import _native

TESTS = Path(__file__).resolve().parents[1]
MPIEXEC = Path(sys.executable).parent / "mpiexec"

STEPS = """\
import json, sys
import numpy as np
import swiftalexnet as sa
from support import tiny_model
from swiftalexnet.distributed import Towers, mpi

folder, variant = sys.argv[1:]
make = tiny_model if variant == "tiny" else lambda: sa.alexnet(variant, num_classes=4)
model = make()
x = np.random.default_rng(3).standard_normal((4, *model.input_shape), np.float32)
communicator = mpi()
with Towers(model, communicator, timeout=60) as towers:
    del model
    losses = [towers.train_step(x, [0, 1, 2, 3], seed=5, step=step) for step in range(2)]
    floats = sum(array.size for array in towers.state_dict().values())
    model = make() if communicator.rank == 0 else None
    towers.gather(model)
if model is not None:
    np.savez(folder + "/weights.npz", **model.state_dict())
with open(f"{folder}/rank{communicator.rank}.json", "w") as file:
    json.dump({"losses": losses, "floats": floats}, file)
"""

FAILURE = """\
import os, sys
import numpy as np
from support import tiny_model
from swiftalexnet.distributed import Towers, mpi

x = np.ones((2, 3, 20, 20), np.float32)
communicator = mpi()
with Towers(tiny_model(), communicator, timeout=4) as towers:
    towers.train_step(x, [0, 1])
    if communicator.rank == 1:
        if sys.argv[1] == "killed":
            os.kill(os.getpid(), 9)
        raise OSError(28, "No space left on device", "/somewhere")
    towers.train_step(x, [0, 1], step=1)
    print("not reached")
"""


def on_two_processes(code, *arguments):
    """Run code on two ranks; return the finished launcher."""
    pytest.importorskip("mpi4py", reason="mpi4py is missing: pip install 'swiftalexnet[mpi]'")
    if not MPIEXEC.exists():
        pytest.skip(f"there is no {MPIEXEC}: pip install mpich")
    path = os.pathsep.join([str(Path(_native.__file__).parents[1]), str(TESTS)])
    return subprocess.run(
        ["timeout", "-k", "5", "120", MPIEXEC, "-n", "2", sys.executable, "-m", "mpi4py", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.parametrize("variant", ("chm145", "paper"))
def test_the_authors_networks_take_two_steps(variant, tmp_path):
    done = on_two_processes(STEPS, str(tmp_path), variant)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in range(2))
    whole = sa.alexnet(variant, num_classes=4)
    x = np.random.default_rng(3).standard_normal((4, *whole.input_shape), np.float32)
    expected = [whole.train_step(x, [0, 1, 2, 3], seed=5, step=step) for step in range(2)]
    assert first["losses"] == second["losses"]
    assert first["losses"][0] == expected[0]
    np.testing.assert_allclose(first["losses"], expected, rtol=1e-5)
    weights = np.load(tmp_path / "weights.npz")
    state = whole.state_dict()
    for name, array in state.items():
        assert np.abs(weights[name] - array).max() <= 1e-5 * np.abs(array).max(), name
    floats = sum(array.size for array in state.values())
    last = state["fc8.weight"].size + state["fc8.bias"].size
    assert [first["floats"], second["floats"]] == [(floats + last) // 2, (floats - last) // 2]


@pytest.mark.parametrize("kind", ("raised", "killed"))
def test_a_rank_that_fails_leaves_no_other(kind):
    done = on_two_processes(FAILURE, kind)
    assert done.returncode not in (0, 124, 137), done.stdout + done.stderr
    assert "not reached" not in done.stdout
    if kind == "raised":
        assert "rank 1: No space left on device" in done.stderr
    else:
        assert "rank 1" in done.stderr
        assert "was killed" in done.stderr
