"""OpenVINO on its CPU plugin, held to float32: runs networks, does not train them."""

import numpy as np
import openvino

import onnx_nets
from engines import Setting


class Engine:
    """A compiled model with one stream over all threads."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": setting.threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        model = onnx_nets.alexnet(setting.variant, setting.batch_size, weights)
        core = openvino.Core()
        self.model = core.compile_model(core.read_model(model), "CPU", settings)

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.model(x)[0].copy()
