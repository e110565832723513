"""Training steps by LARS: a dense layer, whose gradients numpy knows, in float64; refusals."""

import numpy as np
import numpy_operators as plain
import pytest
from support import dataset, fingerprint, fit, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet import _native

DENSE = "network one\ndata channels=3 height=1 width=1\ndense fc outputs=2\nsoftmax prob\n"
LABELS = np.array([0, 1, 1, 0])
X = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)
W = np.random.default_rng(2).standard_normal((2, 3)).astype(np.float32)
B = np.array([0.5, -0.25], np.float32)
RATES = (0.0, 1.0, 2.0, 2.0, 1.0, 0.5)
SETTINGS = {"momentum": 0.9, "weight_decay": 0.01, "rule": "lars"}


@pytest.mark.parametrize("lars_biases", [True, False])
@pytest.mark.parametrize("bias", [B, B * 0], ids=["bias", "no bias yet"])
def test_several_steps_equal_float64(lars_biases, bias):
    model = sa.Model.from_spec(DENSE, initialization="zeros")
    model.load_state_dict({"fc.weight": W, "fc.bias": bias})
    w, b, v, u = W.astype(np.float64), bias.astype(np.float64), 0, 0
    trust = 0.02
    for step, rate in enumerate(RATES):
        options = {"trust_coefficient": trust, "lars_biases": lars_biases, **SETTINGS}
        model.train_step(X[:, :, None, None], LABELS, learning_rate=rate, step=step, **options)
        _, slope = plain.cross_entropy(X.astype(np.float64) @ w.T + b, LABELS)
        if rate:  # a rate of 0 leaves a parameter and its velocity alone
            w, v = plain.sgd_update(w, v, slope.T @ X, rate, 0.9, 0.01, "lars", trust)
            b, u = plain.sgd_update(b, u, slope.sum(axis=0), rate, 0.9, 0.01, "lars" if lars_biases else "caffe", trust)
            assert np.array(model.network.parameter(0, _native.VELOCITY)) == pytest.approx(v, abs=1e-6, rel=1e-5)
        assert np.array(model.parameters()["fc.weight"]) == pytest.approx(w, abs=1e-6, rel=1e-5)
        assert np.array(model.parameters()["fc.bias"]) == pytest.approx(b, abs=1e-6, rel=1e-5)


def test_fit_takes_the_recipes_settings():
    """Every setting of the rule changes the weights, and none of them does where another rule is chosen."""
    settings = [{}, {"trust_coefficient": 0.02}, {"lars_biases": False, "bias_learning_rate": 0.001}]
    prints = {}
    for rule in ("lars", "caffe"):
        for number, changes in enumerate(settings[: 3 if rule == "lars" else 2]):
            model = tiny_model()
            recipe = quick_recipe(rule=rule, learning_rate=1.0 if rule == "lars" else 0.002, **changes)
            fit(model, epochs=1, recipe=recipe)
            prints[rule, number] = fingerprint(model)
    assert prints["caffe", 0] == prints["caffe", 1]
    assert len({prints["lars", number] for number in range(3)} | {prints["caffe", 0]}) == 4


def test_learns_and_does_not_depend_on_threads():
    recipe = quick_recipe(
        rule="lars", learning_rate=2.0, trust_coefficient=0.01, schedule=sa.PolynomialSchedule(), warmup_epochs=2.0
    )
    prints, threads = set(), sa.get_num_threads()
    try:
        for number in (1, 2):
            sa.set_num_threads(number)
            model = tiny_model()
            history = fit(model, dataset(200), epochs=12, recipe=recipe)
            prints.add(fingerprint(model))
    finally:
        sa.set_num_threads(threads)
    assert len(prints) == 1
    losses = history.column("train_loss")
    assert losses[-1] < 0.5 * losses[0]


def test_another_coefficient_is_another_run(tmp_path):
    recipe = quick_recipe(rule="lars", learning_rate=1.0)
    fit(tiny_model(), epochs=1, recipe=recipe, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="trust_coefficient"):
        fit(tiny_model(), epochs=2, recipe=recipe.replace(trust_coefficient=0.002), checkpoint=tmp_path, resume=True)


@pytest.mark.parametrize("trust", [0, -1.0, float("nan"), 1e-60])
def test_refuses_what_is_no_coefficient(trust):
    model = tiny_model()
    before = fingerprint(model)
    with pytest.raises(ValueError, match="trust"):
        model.train_step(np.zeros((2, 3, 20, 20), np.float32), [0, 1], rule="lars", trust_coefficient=trust)
    assert fingerprint(model) == before


def test_a_rate_that_leaves_float32_changes_nothing():
    model = sa.Model.from_spec(DENSE, initialization="zeros")
    model.load_state_dict({"fc.weight": W, "fc.bias": B})
    with pytest.raises(sa.NonFiniteError, match="the local rate of fc.weight would overflow float32 in step 3"):
        model.train_step(
            X[:, :, None, None], LABELS, learning_rate=3e38, weight_decay=0, rule="lars", trust_coefficient=3e38, step=3
        )
    assert (np.array(model.parameters()["fc.weight"]) == W).all()
    assert (np.array(model.parameters()["fc.bias"]) == B).all()
