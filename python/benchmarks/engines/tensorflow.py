"""TensorFlow: a compiled `tf.function` in its own order of memory, NHWC."""

import numpy as np
import tensorflow as tf

from engines import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Setting
from nets import NETS, Convolution, dense_layers


class Engine:
    """`tf.nn` operators on variables, and the fused momentum update.

    In bfloat16 the variables stay float32, as in Keras's mixed precision: a training step casts them, inference reads
    copies that were cast once.
    """

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        tf.config.threading.set_intra_op_parallelism_threads(setting.threads)
        tf.config.threading.set_inter_op_parallelism_threads(setting.threads)
        self.dtype = tf.dtypes.as_dtype(setting.contender.precision)
        self.net = NETS[setting.variant]
        self.dense = dense_layers(setting.variant)
        self.values = {key: tf.Variable(self._own_order(key, value)) for key, value in weights.items()}
        self.frozen: dict[str, tf.Variable] = {}
        self.velocities: dict[str, tf.Variable] = {}
        self._logits = tf.function(lambda x: self._network(x, self.frozen, False))
        self._gradients = tf.function(self._backward)
        self._step = tf.function(self._update)

    def tensor(self, images: np.ndarray) -> tf.Tensor:
        return tf.cast(images.transpose(0, 2, 3, 1), self.dtype)

    def forward(self, x: tf.Tensor) -> np.ndarray:
        if not self.frozen:
            same = self.dtype == tf.float32
            self.frozen = self.values if same else {key: tf.Variable(v) for key, v in self._cast().items()}
        return self._logits(x).numpy()

    def gradient(self, x: tf.Tensor, labels: np.ndarray) -> np.ndarray:
        slopes = self._gradients(x, tf.constant(labels), False)
        return slopes[f"{self.net.convolutions[0].name}.weight"].numpy().transpose(3, 2, 0, 1)

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
            logits = self._network(x, self._cast(), training)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        return tape.gradient(loss, self.values)

    def _cast(self) -> dict[str, tf.Tensor]:
        return {key: tf.cast(value, self.dtype) for key, value in self.values.items()}

    def _network(self, x: tf.Tensor, values: dict, training: bool) -> tf.Tensor:
        for row in self.net.convolutions:
            x = self._convolution(x, row, values)
        x = tf.reshape(x, (x.shape[0], -1))
        *hidden, last = self.dense
        for row in hidden:
            x = tf.nn.dropout(x, 0.5) if training else x
            x = tf.nn.relu(_product(x, row.name, values))
        return tf.cast(_product(x, last.name, values), tf.float32)

    def _convolution(self, x: tf.Tensor, row: Convolution, values: dict) -> tf.Tensor:
        top, left, bottom, right = row.padding
        padding = [[0, 0], [top, bottom], [left, right], [0, 0]]
        inputs = tf.split(x, row.groups, axis=3)
        kernels = tf.split(values[f"{row.name}.weight"], row.groups, axis=3)
        towers = [tf.nn.conv2d(i, k, row.stride, padding) for i, k in zip(inputs, kernels, strict=True)]
        x = tf.nn.relu(tf.nn.bias_add(tf.concat(towers, axis=3), values[f"{row.name}.bias"]))
        if row.norm:  # TensorFlow's alpha multiplies the plain sum of squares
            wide = tf.cast(x, tf.float32)  # it has no bfloat16 for it
            x = tf.nn.local_response_normalization(wide, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
            x = tf.cast(x, self.dtype)
        return tf.nn.max_pool2d(x, row.pool, 2, "VALID") if row.pool else x

    def _own_order(self, key: str, value: np.ndarray) -> np.ndarray:
        """Reorder [out, in, height, width] to [height, width, in, out], and [out, in] to [in, out]."""
        if key == "fc6.weight":
            return value.reshape(-1, *self.net.pooled).transpose(2, 3, 1, 0).reshape(-1, len(value))
        return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T


def _product(x: tf.Tensor, name: str, values: dict) -> tf.Tensor:
    return tf.nn.bias_add(tf.matmul(x, values[f"{name}.weight"]), values[f"{name}.bias"])
