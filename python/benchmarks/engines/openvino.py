"""OpenVINO on its CPU plugin, held to one precision: runs networks, does not train them."""

import numpy as np
import openvino

import onnx_nets
from engines import Setting, UnavailableError

PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class Engine:
    """A compiled model with one stream over all threads."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        precision = PRECISIONS[setting.contender.precision]
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": setting.threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        model = onnx_nets.network(setting.variant, setting.batch_size, weights)
        core = openvino.Core()
        self.model = core.compile_model(core.read_model(model), "CPU", settings)
        chosen = self.model.get_property("INFERENCE_PRECISION_HINT").to_string()
        if chosen != precision:
            raise UnavailableError(f"asked for {precision}, chose {chosen}")

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.model(x)[0].copy()
