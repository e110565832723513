"""OpenVINO on its CPU plugin, held to one precision: runs networks, does not train them."""

import numpy as np
import openvino

import onnx_nets
from engines import Setting, UnavailableError

PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


class Engine:
    """A compiled model with one stream over all threads.

    In int8 the quantised layers compute so by themselves; the others are in float32, or in bfloat16 if the form is.
    """

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        contender = setting.contender
        precision = PRECISIONS[contender.form or contender.precision]
        settings = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": setting.threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        model = onnx_nets.asked_for(setting, weights)
        core = openvino.Core()
        self.model = core.compile_model(core.read_model(model), "CPU", settings)
        chosen = self.model.get_property("INFERENCE_PRECISION_HINT").to_string()
        if chosen != precision:
            raise UnavailableError(f"asked for {precision}, chose {chosen}")
        if contender.precision == "int8":
            self._require_int8()

    def tensor(self, images: np.ndarray) -> np.ndarray:
        return images

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.model(x)[0].copy()

    def _require_int8(self) -> None:
        """Refuse a model whose convolutions were turned back to floats."""
        for node in self.model.get_runtime_model().get_ops():
            facts = node.get_rt_info()
            kernel = facts["primitiveType"].astype(str)
            if facts["layerType"].astype(str) == "Convolution" and not kernel.endswith("I8"):
                raise UnavailableError(f"{node.get_friendly_name()} runs as {kernel}")
