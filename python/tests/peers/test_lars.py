"""Training steps by LARS against PyTorch in float64, which has no LARS: its gradients, and the paper's algorithm 1."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import swiftalexnet as sa  # noqa: E402 (after the library without which there is nothing to compare)

SPEC = """\
network small
data channels=3 height=9 width=9
convolution conv1 outputs=6 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
dense fc2 outputs=4
softmax prob
"""
RATES, MOMENTUM, DECAY, TRUST = (1.0, 2.0, 2.0, 0.5, 0.1), 0.9, 0.0005, 0.01


def logits(x, parameters):
    """Return what the network computes before its softmax."""
    w1, b1, w2, b2 = parameters
    hidden = torch.nn.functional.conv2d(x, w1, b1, padding=1).relu()
    return torch.nn.functional.max_pool2d(hidden, 3, 2).flatten(1) @ w2.T + b2


def test_several_steps_follow_the_papers_algorithm():
    generator = np.random.default_rng(1)
    x = generator.standard_normal((8, 3, 9, 9)).astype(np.float32)
    labels = generator.integers(0, 4, 8)
    model = sa.Model.from_spec(SPEC, "torchvision", 3)
    parameters = [torch.tensor(np.array(each), dtype=torch.float64) for each in model.parameters().values()]
    velocities = [torch.zeros_like(each) for each in parameters]
    for step, rate in enumerate(RATES):
        options = {"momentum": MOMENTUM, "weight_decay": DECAY, "rule": "lars", "trust_coefficient": TRUST}
        loss = model.train_step(x, labels, learning_rate=rate, step=step, **options)
        leaves = [each.requires_grad_() for each in parameters]
        expected = torch.nn.functional.cross_entropy(
            logits(torch.tensor(x, dtype=torch.float64), leaves), torch.tensor(labels)
        )
        gradients = torch.autograd.grad(expected, leaves)
        assert loss == pytest.approx(expected.item(), rel=1e-5)
        with torch.no_grad():
            for number, (w, g) in enumerate(zip(parameters, gradients, strict=True)):
                local = TRUST * w.norm() / (g.norm() + DECAY * w.norm())
                velocities[number] = MOMENTUM * velocities[number] + rate * local * (g + DECAY * w)
                parameters[number] = w.detach() - velocities[number]
        for found, wanted in zip(model.parameters().values(), parameters, strict=True):
            np.testing.assert_allclose(np.array(found), wanted.numpy(), rtol=2e-5, atol=2e-6)
