"""Two towers in two processes that MPI connects."""

import json

import numpy as np
import pytest
from mpi_job import run_job

import swiftalexnet as sa
from swiftalexnet import _native
from swiftalexnet.network.parameters import by_name

STEPS = """\
import json, sys
import numpy as np
import swiftalexnet as sa
from support import tiny_model
from swiftalexnet import _native
from swiftalexnet.distributed import Towers, mpi
from swiftalexnet.network.parameters import by_name

folder, variant = sys.argv[1:]
make = tiny_model if variant == "tiny" else lambda: sa.alexnet(variant, num_classes=4)
model = make()
x = np.random.default_rng(3).standard_normal((4, *model.input_shape), np.float32)
communicator = mpi()
with Towers(model, communicator, timeout=60) as towers:
    del model
    losses = [towers.train_step(x, [0, 1, 2, 3], seed=5)]
    floats = sum(array.size for array in towers.state_dict().values())
    model = make() if communicator.rank == 0 else None
    towers.gather(model)
    losses.append(towers.train_step(x, [0, 1, 2, 3], seed=5, step=1))
if model is not None:
    velocities = {f"velocity.{name}": array for name, array in by_name(model.network, _native.VELOCITY).items()}
    np.savez(folder + "/weights.npz", **model.state_dict(), **velocities)
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


@pytest.mark.parametrize("variant", ["chm145", "paper"])
def test_the_authors_networks_take_two_steps(variant, tmp_path):
    done = run_job(2, ["-c", STEPS, str(tmp_path), variant], 120, tmp_path)
    assert done.status == 0, done.out + done.errors
    first, second = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in range(2))
    whole = sa.alexnet(variant, num_classes=4)
    x = np.random.default_rng(3).standard_normal((4, *whole.input_shape), np.float32)
    expected = [whole.train_step(x, [0, 1, 2, 3], seed=5)]
    state, gradients = whole.state_dict(), by_name(whole.network, _native.VELOCITY)
    gradients = {name: array.copy() for name, array in gradients.items()}
    expected.append(whole.train_step(x, [0, 1, 2, 3], seed=5, step=1))
    assert first["losses"] == second["losses"]
    assert first["losses"][0] == expected[0]
    np.testing.assert_allclose(first["losses"], expected, rtol=1e-5)
    with np.load(tmp_path / "weights.npz") as arrays:
        for name, array in (state | {f"velocity.{name}": array for name, array in gradients.items()}).items():
            assert np.abs(arrays[name] - array).max() <= 1e-5 * np.abs(array).max(), name
            if name.startswith(("fc7", "fc8", "velocity.fc7", "velocity.fc8")):
                assert arrays[name].tobytes() == np.ascontiguousarray(array).tobytes(), name
    floats = sum(array.size for array in state.values())
    last = state["fc8.weight"].size + state["fc8.bias"].size
    assert [first["floats"], second["floats"]] == [(floats + last) // 2, (floats - last) // 2]


@pytest.mark.parametrize("kind", ["raised", "killed"])
def test_a_rank_that_fails_leaves_no_other(kind, tmp_path):
    done = run_job(2, ["-c", FAILURE, kind], 60, tmp_path)
    assert done.status != 0, done.out + done.errors
    assert "not reached" not in done.out
    if kind == "raised":
        assert "rank 1: No space left on device" in done.errors
    else:
        assert "rank 1" in done.errors
        assert "was killed" in done.errors
