"""ONNX models of `onnx_nets` quantised by ONNX Runtime, for every engine that reads QuantizeLinear nodes."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

import calibration
import onnx_nets


def network(variant: str, batch_size: int, weights: dict[str, np.ndarray]) -> bytes:
    """Serialise a network as `onnx_nets.network` does, with pairs of QuantizeLinear and DequantizeLinear in it.

    Activations are uint8 with a step for each array, weights int8 with a step for each output channel.
    """
    logging.getLogger().setLevel(logging.ERROR)  # it advises to fuse batch normalisation, which is not there
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "int8.onnx")
        quantize_static(
            onnx.load_from_string(onnx_nets.network(variant, 1, weights)),
            path,
            _Images(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=False,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch_size
    del model.graph.value_info[:]  # shapes of one image's activations
    return model.SerializeToString()


class _Images(CalibrationDataReader):
    """Hands out one image after the other."""

    def __init__(self):
        self._left: Iterator[np.ndarray] = iter(calibration.tensors())

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._left, None)
        return None if image is None else {"x": image[np.newaxis]}
