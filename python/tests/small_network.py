"""A network with every kind of node in the paper, small enough to be built and trained in milliseconds."""

import numpy as np

from swiftalexnet import _native

CLASSES = 5
SHAPE = (3, 15, 15)

SPEC = """network small
data channels=3 height=15 width=15
convolution conv1 outputs=8 kernel=5 stride=2 pad=0,0,3,3 groups=1
relu relu1
response_norm norm1 size=5 alpha=0.0001 beta=0.75 k=2 alpha_over_n=0 groups=1
max_pool pool1 kernel=3 stride=2 pad=0,0,0,0 ceil=0
convolution conv2 outputs=8 kernel=3 stride=1 pad=1,1,1,1 groups=2
relu relu2
dense fc3 outputs=16
relu relu3
dropout drop3 probability=0.5 form=paper2012
dense fc4 outputs=5
softmax prob
"""

# Learning rate, momentum, weight decay, rule, seed, step, rates and decays of each parameter.
FLOAT32 = (0, 0, 0)
OPTIONS = (0.01, 0.9, 0.0005, 0, 1, 2, None, None, 0, None, 0.001, False, False)
# Crop height, crop width, mean, scale.
PREPROCESSING = (15, 15, None, None, 0)


def augmentation(color_noise=0.0, vectors=None, deviations=None, chunk=1, divisor=1.0, rotation=0.0, shift=0):
    """Return augmentation with a random crop and flip, and the given colour noise."""
    return True, True, color_noise, vectors, deviations, chunk, divisor, rotation, shift


AUGMENTATION = augmentation()


def make(seed=0):
    """Build the network."""
    return _native.Network(SPEC, "torchvision", seed)


def batch(count=4, seed=0):
    """Draw tensors [count, 3, 15, 15] and labels."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, *SHAPE), dtype=np.float32)
    return x, rng.integers(0, CLASSES, count).astype(np.int32)


def labelled_images(count=4, size=18, seed=0):
    """Draw uint8 images [count, size, size, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def forward(network, x, keep=False, training=False, layout=0):
    """Return logits."""
    logits = np.empty((len(x), CLASSES), np.float32)
    network.forward(x, layout, keep, training, 1, 2, FLOAT32, logits)
    return logits


def state(network, *which):
    """Return copies of all values, gradients or velocities (`which`: VALUE, GRADIENT, VELOCITY)."""
    indices = range(len(network.parameters()))
    return [np.array(network.parameter(i, kind)) for kind in which or (_native.VALUE,) for i in indices]


def same_bits(a, b):
    """Return whether two lists of arrays are bitwise equal (including NaN)."""
    return all(np.array_equal(x.view(np.uint32), y.view(np.uint32)) for x, y in zip(a, b, strict=True))


def predict_in_child(network, x, queue) -> None:
    """Put the bytes of the logits into a queue; here, because a new process must be able to import it."""
    queue.put(forward(make() if network is None else network, x).tobytes())
