"""Make `training_step.npz`: two training steps of a small net like the paper's, computed by PyTorch in float64.

    pip install torch numpy
    python python/tests/golden/make_training_step.py

The net has what the paper's has: windows past the right and bottom edge, two groups, response normalisation with alpha
not divided by n, overlapping pooling, dense layers. Dropout has probability 0, since its mask is the engine's own. The
learning rate changes between the steps, so that the paper's update rule (decay and rate inside the velocity) shows.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

SPEC = """\
network small
data channels=3 height=32 width=30
convolution conv1 outputs=8 kernel=5 stride=2 pad=0,0,1,1 groups=1
relu relu1
response_norm norm1 size=5 alpha=0.01 beta=0.75 k=2.0 alpha_over_n=0 groups=1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=12 kernel=3 stride=1 pad=1,1,1,1 groups=2
relu relu2
response_norm norm2 size=5 alpha=0.01 beta=0.75 k=2.0 alpha_over_n=0 groups=1
max_pool pool2 kernel=3 stride=2 pad=0,0,0,0 ceil=0
dense fc6 outputs=16
relu relu6
dropout drop6 probability=0.0 form=paper2012
dense fc8 outputs=5
softmax prob
"""
SHAPES = {
    "conv1.weight": (8, 3, 5, 5),
    "conv1.bias": (8,),
    "conv2.weight": (12, 4, 3, 3),
    "conv2.bias": (12,),
    "fc6.weight": (16, 12 * 3 * 2),
    "fc6.bias": (16,),
    "fc8.weight": (5, 16),
    "fc8.bias": (5,),
}
BATCH, MOMENTUM, DECAY, RATES = 4, 0.9, 5e-3, (0.05, 0.005)
PATH = Path(__file__).with_name("training_step.npz")


def response_norm(x: torch.Tensor) -> torch.Tensor:
    """PyTorch divides alpha by the size; the paper's text does not."""
    return F.local_response_norm(x, size=5, alpha=5 * 0.01, beta=0.75, k=2.0)


def logits(x: torch.Tensor, w: dict[str, torch.Tensor]) -> torch.Tensor:
    x = F.conv2d(F.pad(x, (0, 1, 0, 1)), w["conv1.weight"], w["conv1.bias"], stride=2)
    x = F.max_pool2d(response_norm(F.relu(x)), 3, 2)
    x = F.conv2d(x, w["conv2.weight"], w["conv2.bias"], padding=1, groups=2)
    x = F.max_pool2d(response_norm(F.relu(x)), 3, 2)
    x = F.relu(F.linear(x.flatten(1), w["fc6.weight"], w["fc6.bias"]))
    return F.linear(x, w["fc8.weight"], w["fc8.bias"])


def main() -> None:
    random = np.random.default_rng(2012)
    x = random.uniform(-1, 1, (BATCH, 3, 32, 30)).astype(np.float32)
    labels = random.integers(0, 5, BATCH).astype(np.int32)
    start = {name: (0.2 * random.standard_normal(shape)).astype(np.float32) for name, shape in SHAPES.items()}
    weights = {name: torch.tensor(value, dtype=torch.float64, requires_grad=True) for name, value in start.items()}
    velocity = {name: torch.zeros_like(value) for name, value in weights.items()}
    images, targets = torch.tensor(x, dtype=torch.float64), torch.tensor(labels, dtype=torch.int64)

    golden: dict[str, np.ndarray] = {"spec": np.array(SPEC), "x": x, "labels": labels}
    golden |= {"momentum": np.array(MOMENTUM), "decay": np.array(DECAY), "rates": np.array(RATES)}
    golden |= {f"start/{name}": value for name, value in start.items()}
    for step, rate in enumerate(RATES):
        output = logits(images, weights)
        loss = F.cross_entropy(output, targets)
        gradients = torch.autograd.grad(loss, list(weights.values()))
        golden[f"{step}/logits"], golden[f"{step}/loss"] = output.detach().numpy(), loss.detach().numpy()
        for (name, w), gradient in zip(weights.items(), gradients, strict=True):
            with torch.no_grad():
                velocity[name] = MOMENTUM * velocity[name] - DECAY * rate * w - rate * gradient
                w += velocity[name]
            golden[f"{step}/gradient/{name}"] = gradient.numpy()
            golden[f"{step}/velocity/{name}"] = velocity[name].numpy()
            golden[f"{step}/weight/{name}"] = w.detach().numpy().copy()
    np.savez_compressed(PATH, **golden)


if __name__ == "__main__":
    main()
