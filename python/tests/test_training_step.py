"""One whole training step, and the next at another rate, against PyTorch in float64 (golden/make_training_step.py)."""

from pathlib import Path

import numpy as np
import pytest

import swiftalexnet as sa


@pytest.fixture(scope="module")
def golden():
    with np.load(Path(__file__).parent / "golden" / "training_step.npz", allow_pickle=False) as file:
        return dict(file)


def close(actual, expected, tolerance=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())


def test_two_steps_equal_pytorchs(golden):
    model = sa.Model.from_spec(str(golden["spec"]), initialization="zeros")
    model.load_state_dict({name[6:]: value for name, value in golden.items() if name.startswith("start/")})
    for step, rate in enumerate(golden["rates"]):
        close(model.forward(golden["x"], keep=False), golden[f"{step}/logits"])
        loss = model.train_step(
            golden["x"],
            golden["labels"],
            learning_rate=float(rate),
            momentum=float(golden["momentum"]),
            weight_decay=float(golden["decay"]),
            step=step,
        )
        assert loss == pytest.approx(float(golden[f"{step}/loss"]), rel=1e-5)
        for name, gradient in model.gradients().items():
            close(gradient, golden[f"{step}/gradient/{name}"])
        for name, weight in model.parameters().items():
            close(weight, golden[f"{step}/weight/{name}"])
