"""TensorFlow: a compiled `tf.function` in its own order of memory, NHWC."""

import numpy as np
import tensorflow as tf

from alexnet_nets import CONVOLUTIONS, POOLED, Convolution, dense_layers
from engines import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Setting


class Engine:
    """`tf.nn` operators on variables, and the fused momentum update."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        tf.config.threading.set_intra_op_parallelism_threads(setting.threads)
        tf.config.threading.set_inter_op_parallelism_threads(setting.threads)
        self.rows = CONVOLUTIONS[setting.variant]
        self.values = {key: tf.Variable(_own_order(key, value)) for key, value in weights.items()}
        self.velocities: dict[str, tf.Variable] = {}
        self._logits = tf.function(self._network)
        self._gradients = tf.function(self._backward)
        self._step = tf.function(self._update)

    def tensor(self, images: np.ndarray) -> tf.Tensor:
        return tf.constant(images.transpose(0, 2, 3, 1))

    def forward(self, x: tf.Tensor) -> np.ndarray:
        return self._logits(x, False).numpy()

    def gradient(self, x: tf.Tensor, labels: np.ndarray) -> np.ndarray:
        return self._gradients(x, tf.constant(labels), False)["conv1.weight"].numpy().transpose(3, 2, 0, 1)

    def train_step(self, x: tf.Tensor, labels: np.ndarray) -> None:
        if not self.velocities:
            self.velocities = {key: tf.Variable(tf.zeros_like(value)) for key, value in self.values.items()}
        self._step(x, tf.constant(labels)).numpy()

    def _update(self, x: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """One step of SGD; the result is a number, so that the caller can wait for the step."""
        gradients = self._backward(x, labels, True)
        for key, value in self.values.items():
            tf.raw_ops.ResourceApplyMomentum(
                var=value.handle,
                accum=self.velocities[key].handle,
                lr=LEARNING_RATE,
                grad=gradients[key] + WEIGHT_DECAY * value,
                momentum=MOMENTUM,
            )
        return tf.constant(0)

    def _backward(self, x: tf.Tensor, labels: tf.Tensor, training: bool) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = self._network(x, training)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        return tape.gradient(loss, self.values)

    def _network(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        for row in self.rows:
            x = self._convolution(x, row)
        x = tf.reshape(x, (x.shape[0], -1))
        *hidden, last = dense_layers()
        for row in hidden:
            x = tf.nn.dropout(x, 0.5) if training else x
            x = tf.nn.relu(self._dense(x, row.name))
        return self._dense(x, last.name)

    def _convolution(self, x: tf.Tensor, row: Convolution) -> tf.Tensor:
        top, left, bottom, right = row.padding
        padding = [[0, 0], [top, bottom], [left, right], [0, 0]]
        inputs = tf.split(x, row.groups, axis=3)
        kernels = tf.split(self.values[f"{row.name}.weight"], row.groups, axis=3)
        towers = [tf.nn.conv2d(i, k, row.stride, padding) for i, k in zip(inputs, kernels, strict=True)]
        x = tf.nn.relu(tf.nn.bias_add(tf.concat(towers, axis=3), self.values[f"{row.name}.bias"]))
        if row.norm:  # TensorFlow's alpha multiplies the plain sum of squares
            x = tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
        return tf.nn.max_pool2d(x, 3, 2, "VALID") if row.pool else x

    def _dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.nn.bias_add(tf.matmul(x, self.values[f"{name}.weight"]), self.values[f"{name}.bias"])


def _own_order(key: str, value: np.ndarray) -> np.ndarray:
    """Reorder [out, in, height, width] to [height, width, in, out], and [out, in] to [in, out]."""
    if key == "fc6.weight":
        return value.reshape(-1, *POOLED).transpose(2, 3, 1, 0).reshape(-1, len(value))
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T
