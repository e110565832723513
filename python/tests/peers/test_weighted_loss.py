"""The weighted loss against PyTorch's cross entropy with class weights, whose mean is the same."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from swiftalexnet import ops  # noqa: E402 (after the library without which there is nothing to compare)


@pytest.mark.parametrize(("rows", "classes"), [(1, 2), (16, 10), (64, 1000)])
def test_class_weights(rows, classes):
    generator = np.random.default_rng(rows)
    x = (5 * generator.standard_normal((rows, classes))).astype(np.float32)
    labels = generator.integers(0, classes, rows)
    by_class = generator.uniform(0.1, 4, classes).astype(np.float32)
    leaf = torch.tensor(x, requires_grad=True)
    expected = torch.nn.CrossEntropyLoss(torch.tensor(by_class))(leaf, torch.tensor(labels))
    expected.backward()
    loss, dx = ops.cross_entropy(x, labels, sample_weight=by_class[labels])
    assert loss == pytest.approx(expected.item(), rel=2e-6)
    np.testing.assert_allclose(dx, leaf.grad.numpy(), rtol=1e-4, atol=1e-7 / rows)
