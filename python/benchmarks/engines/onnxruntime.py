"""ONNX Runtime on its CPU provider, in float32 and int8: runs networks, does not train them."""

import numpy as np
import onnxruntime

import onnx_nets
from engines import Setting


class Engine:
    """An inference session with every graph optimisation, which is its default."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = setting.threads
        options.inter_op_num_threads = 1
        model = onnx_nets.asked_for(setting, weights)
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.session.run(None, {"x": x})[0]
