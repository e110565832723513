"""OpenVINO on its CPU plugin, held to float32: runs networks, does not train them."""

import numpy as np
import onnx_nets
import openvino

VERSION = openvino.__version__


class Engine:
    """A compiled model with one stream over all threads."""

    def __init__(self, variant: str, name: str, threads: int, weights: dict[str, np.ndarray]):
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        core = openvino.Core()
        self.model = core.compile_model(core.read_model(onnx_nets.alexnet(variant, weights)), "CPU", settings)

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.model(x)[0].copy()
