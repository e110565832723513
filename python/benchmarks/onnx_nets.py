"""The tables of `nets` as an ONNX model, for engines that only run networks."""

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from engines import Setting
from nets import IMAGE, NETS, Convolution, Dense, dense_layers


def asked_for(setting: Setting, weights: dict[str, np.ndarray]) -> bytes:
    """Serialise the network of a setting: quantised for int8, in float32 for all else."""
    if setting.contender.precision == "int8":
        import onnx_int8  # needs ONNX Runtime, the float32 network does not

        return onnx_int8.network(setting.variant, setting.batch_size, weights)
    return network(setting.variant, setting.batch_size, weights)


def network(variant: str, batch_size: int, weights: dict[str, np.ndarray]) -> bytes:
    """Serialise `paper`, `owt` or `vgg16`: input `x` float32 [batch, 3, 224, 224], output `logits` [batch, 1000]."""
    nodes = [node for row in NETS[variant].convolutions for node in _convolution(row)]
    nodes.append(helper.make_node("Flatten", [], []))
    nodes += [node for row in dense_layers(variant) for node in _dense(row)]
    _chain(nodes)
    graph = helper.make_graph(
        nodes,
        variant,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch_size, *IMAGE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch_size, 1000])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    opsets = [helper.make_opsetid("", 13)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def _convolution(row: Convolution) -> list[NodeProto]:
    """Convolution and what follows it; `_chain` adds the activations that flow between nodes."""
    parameters = [f"{row.name}.weight", f"{row.name}.bias"]
    strides = [row.stride, row.stride]
    nodes = [
        helper.make_node("Conv", parameters, [], strides=strides, pads=row.padding, group=row.groups),
        helper.make_node("Relu", [], []),
    ]
    if row.norm:  # ONNX divides its alpha by the size
        nodes.append(helper.make_node("LRN", [], [], size=5, alpha=5e-4, beta=0.75, bias=2.0))
    if row.pool:
        nodes.append(helper.make_node("MaxPool", [], [], kernel_shape=[row.pool, row.pool], strides=[2, 2]))
    return nodes


def _dense(row: Dense) -> list[NodeProto]:
    """Matrix product with the weight as it lies, [out, in]; ReLU after the hidden ones."""
    product = helper.make_node("Gemm", [f"{row.name}.weight", f"{row.name}.bias"], [], transB=1)
    return [product] if row.name == "fc8" else [product, helper.make_node("Relu", [], [])]


def _chain(nodes: list[NodeProto]) -> None:
    """Let each node read the one before it; the first reads `x`, the last writes `logits`."""
    names = ["x", *(f"value{index}" for index in range(1, len(nodes))), "logits"]
    for node, read, written in zip(nodes, names, names[1:], strict=False):
        node.input.insert(0, read)
        node.output.append(written)
