"""OpenCV's `dnn` module in float32, 3 × 3 convolutions by Winograd's method: runs networks, does not train them."""

import cv2
import numpy as np

import onnx_nets
from engines import Setting


class Engine:
    """A network read from ONNX, with OpenCV's own kernels; Winograd's method is its default."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        cv2.setNumThreads(setting.threads)
        model = onnx_nets.network(setting.variant, setting.batch_size, weights)
        self.net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
        self.net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
        self.net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.net.setInput(x)
        return self.net.forward()
