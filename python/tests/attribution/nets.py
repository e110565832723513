"""Networks for the tests of attribution, and plain float64 gradients to compare with."""

import numpy as np
from support import labelled_images

import swiftalexnet as sa

# captum's BasicModel_ConvNet_One_Conv, for which its tests publish numbers; its last ReLU does nothing to them.
ONE_CONVOLUTION = """\
network one_convolution
data channels=1 height=4 width=4
convolution conv1 outputs=2 kernel=3 stride=1 pad=0,0,0,0 groups=1
relu relu1
dense fc1 outputs=4
"""

# Two convolutions, pooling that overlaps, a dense layer: what the float64 reference below knows.
SMALL = """\
network small
data channels=3 height=12 width=14
convolution conv1 outputs=5 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=6 kernel=3 stride=1 pad=1,1,1,1 groups=1
relu relu2
dense fc3 outputs=7
relu relu3
dense fc4 outputs=4
softmax prob
"""


def one_convolution() -> tuple[sa.Model, np.ndarray]:
    """Return captum's network and its input."""
    model = sa.Model.from_spec(ONE_CONVOLUTION, "zeros")
    weight = np.concatenate([np.ones((4, 5)), -np.ones((4, 3))], axis=1)
    model.load_state_dict(
        {
            "conv1.weight": np.ones((2, 1, 3, 3), np.float32),
            "conv1.bias": np.array([-50, -75], np.float32),
            "fc1.weight": weight.astype(np.float32),
            "fc1.bias": np.zeros(4, np.float32),
        }
    )
    return model, np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)


def small(seed: int = 3) -> tuple[sa.Model, np.ndarray]:
    """Return a network with random weights that reads 12 × 14, and five inputs."""
    model = sa.Model.from_spec(SMALL, "torchvision", seed)
    return model, np.random.default_rng(seed).standard_normal((5, 3, 12, 14), np.float32)


def images(count: int = 3, side: int = 23) -> np.ndarray:
    """Return uint8 images for `support.tiny_model`."""
    return labelled_images(count, side=side)[0]


class Reference:
    """A forward pass of `SMALL` in float64, and gradients with the three rules of ReLU."""

    def __init__(self, model: sa.Model, x: np.ndarray):
        self._weights = {name: value.astype(np.float64) for name, value in model.state_dict().items()}
        self.values = {"data": x.astype(np.float64)}
        self._convolve("data", "conv1")
        self._rectify("conv1", "relu1")
        self._pool("relu1", "pool1")
        self._convolve("pool1", "conv2")
        self._rectify("conv2", "relu2")
        self._multiply("relu2", "fc3")
        self._rectify("fc3", "relu3")
        self._multiply("relu3", "fc4")

    def gradient(self, targets, wrt: str = "data", rule: str = "standard") -> np.ndarray:
        """Return the gradient of one logit an image with respect to a node."""
        slope = np.zeros_like(self.values["fc4"])
        slope[np.arange(len(slope)), targets] = 1
        steps = ("fc4", self._back_dense), ("relu3", self._back_relu), ("fc3", self._back_dense)
        steps += ("relu2", self._back_relu), ("conv2", self._back_convolution), ("pool1", self._back_pool)
        steps += ("relu1", self._back_relu), ("conv1", self._back_convolution)
        before = dict(zip(list(self.values)[1:], self.values, strict=False))
        for name, back in steps:
            if name == wrt:
                break
            slope = back(name, before[name], slope, rule)
        return slope

    def _convolve(self, source, name):
        weight, padded = self._weights[f"{name}.weight"], np.pad(self.values[source], [(0, 0)] * 2 + [(1, 1)] * 2)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        self.values[name] = (
            np.einsum("nchwuv,ocuv->nohw", windows, weight) + self._weights[f"{name}.bias"][:, None, None]
        )

    def _rectify(self, source, name):
        self.values[name] = np.maximum(self.values[source], 0)

    def _pool(self, source, name):
        windows = np.lib.stride_tricks.sliding_window_view(self.values[source], (3, 3), (2, 3))[:, :, ::2, ::2]
        self.values[name] = windows.max(axis=(4, 5))

    def _multiply(self, source, name):
        flat = self.values[source].reshape(len(self.values[source]), -1)
        self.values[name] = flat @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _back_dense(self, name, source, slope, rule):
        return (slope @ self._weights[f"{name}.weight"]).reshape(self.values[source].shape)

    def _back_relu(self, name, source, slope, rule):
        slope = slope if rule == "standard" else np.maximum(slope, 0)
        return slope if rule == "deconvnet" else slope * (self.values[source] > 0)

    def _back_convolution(self, name, source, slope, rule):
        padded = np.pad(slope, [(0, 0)] * 2 + [(1, 1)] * 2)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        return np.einsum("nohwuv,ocuv->nchw", windows, self._weights[f"{name}.weight"][:, :, ::-1, ::-1])

    def _back_pool(self, name, source, slope, rule):
        back, x = np.zeros_like(self.values[source]), self.values[source]
        for n, c, i, j in np.ndindex(slope.shape):
            window = x[n, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            u, v = np.unravel_index(window.argmax(), window.shape)
            back[n, c, 2 * i + u, 2 * j + v] += slope[n, c, i, j]
        return back


def near(found: np.ndarray, expected: np.ndarray, tolerance: float = 2e-6) -> bool:
    """Return whether values agree to a part of the largest."""
    return found.shape == expected.shape and np.abs(found - expected).max() <= tolerance * np.abs(expected).max()
