"""Whole training steps: two against PyTorch in float64 (golden/make_training_step.py), and every update rule."""

import numpy as np
import numpy_operators as plain
import pytest
from support import TESTS

import swiftalexnet as sa
from swiftalexnet import _native


@pytest.fixture(scope="module")
def golden():
    with np.load(TESTS / "golden" / "training_step.npz", allow_pickle=False) as file:
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


# ---- The three update rules on one dense layer, whose gradient numpy knows ----

DENSE = "network one\ndata channels=3 height=1 width=1\ndense fc outputs=2\nsoftmax prob\n"
LABELS = np.array([0, 1, 1, 0])
X = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)
W = np.random.default_rng(2).standard_normal((2, 3)).astype(np.float32)
MOMENTUM, DECAY = 0.9, 0.01


def engine_steps(rule, rates):
    """Weights and velocities after each step."""
    model = sa.Model.from_spec(DENSE, initialization="zeros")
    model.load_state_dict({"fc.weight": W, "fc.bias": np.zeros(2, np.float32)})
    states = []
    for step, rate in enumerate(rates):
        model.train_step(
            X[:, :, None, None], LABELS, learning_rate=rate, momentum=MOMENTUM, weight_decay=DECAY, rule=rule, step=step
        )
        states.append(
            [np.array(model.parameters()["fc.weight"]), np.array(model.network.parameter(0, _native.VELOCITY))]
        )
    return states


def exact_steps(rule, rates):
    """The same in float64; velocities and weights of weight and bias together, as columns."""
    x = np.hstack([X, np.ones((4, 1))]).astype(np.float64)
    w, v = np.hstack([W, np.zeros((2, 1))]).astype(np.float64), np.zeros((2, 4))
    states = []
    for rate in rates:
        _, slope = plain.cross_entropy(x @ w.T, LABELS)
        w, v = plain.sgd_update(w, v, slope.T @ x, rate, MOMENTUM, DECAY, rule)
        states.append([w[:, :3], v[:, :3]])
    return states


@pytest.mark.parametrize("rule", ["paper", "pytorch", "caffe"])
def test_each_rule_computes_its_formula(rule):
    rates = (0.5, 0.5, 0.5, 0.05, 0.05)
    for actual, expected in zip(engine_steps(rule, rates), exact_steps(rule, rates), strict=True):
        close(actual[0], expected[0], 1e-6)
        close(actual[1], expected[1], 1e-6)


def test_rules_agree_while_the_rate_stays():
    paper, pytorch, caffe = (engine_steps(rule, (0.5,) * 4) for rule in ("paper", "pytorch", "caffe"))
    for (w, v), (w_torch, v_torch), (w_caffe, v_caffe) in zip(paper, pytorch, caffe, strict=True):
        close(w_caffe, w, 1e-6)
        close(v_caffe, -v, 1e-6)
        close(w_torch, w, 1e-6)
        close(0.5 * v_torch, -v, 1e-6)


def test_pytorchs_rule_shrinks_the_old_velocity_when_the_rate_falls():
    """Its velocity holds no rate: the step after the fall is short of momentum · (ε - ε') · v, and Caffe's is not."""
    rates = (0.5, 0.5, 0.05)
    paper, pytorch, caffe = (engine_steps(rule, rates) for rule in ("paper", "pytorch", "caffe"))
    close(caffe[2][0], paper[2][0], 1e-6)
    old = exact_steps("pytorch", rates)[1][1]
    lost = MOMENTUM * (0.5 - 0.05) * old
    close(pytorch[2][0] - paper[2][0], lost, 1e-5)
    assert np.abs(lost).min() > 1e-3  # no accident of small numbers
