"""Every kernel of the engine as a function on numpy arrays.

Arrays are float32; an array of another type is refused, never converted. 4-D tensors are NCHW, or NHWC with
``layout="NHWC"``, which saves a copy because the engine uses it internally; convolution weights are OIHW, dense weights
[out, in]. A pair may be given as one int. `out` receives the result: C-contiguous, with the exact shape, and not
overlapping any input. NaN and infinities are computed with, not refused.

Every function raises TypeError for anything but an array of float32, ValueError for shapes and numbers that do not fit,
and MemoryError before memory runs out. Results do not depend on the number of threads.
"""

from .activation import dropout, relu, relu_backward, sigmoid, sigmoid_backward, tanh, tanh_backward
from .convolution import conv2d, conv2d_backward
from .dense import dense, dense_backward
from .locally_connected import locally_connected2d, locally_connected2d_backward
from .loss import cross_entropy, softmax
from .normalization import (
    local_response_norm,
    local_response_norm_backward,
    spatial_response_norm,
    spatial_response_norm_backward,
)
from .optimizer import sgd_update
from .perceptual import perceptual_distance, perceptual_distance_backward, perceptual_embedding, squared_distances
from .pooling import avg_pool2d, avg_pool2d_backward, max_pool2d, max_pool2d_backward

__all__ = [
    "avg_pool2d",
    "avg_pool2d_backward",
    "conv2d",
    "conv2d_backward",
    "cross_entropy",
    "dense",
    "dense_backward",
    "dropout",
    "local_response_norm",
    "local_response_norm_backward",
    "locally_connected2d",
    "locally_connected2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "perceptual_distance",
    "perceptual_distance_backward",
    "perceptual_embedding",
    "relu",
    "relu_backward",
    "sgd_update",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "spatial_response_norm",
    "spatial_response_norm_backward",
    "squared_distances",
    "tanh",
    "tanh_backward",
]
