"""PyTorch's networks of 8 bits: quantised after training, in FX graph mode, for the kernels that it calls x86."""

import warnings

import torch
from torch import nn
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

import calibration

KERNELS = "x86"


def quantized(network: nn.Module) -> nn.Module:
    """Return a network whose activations are uint8 and whose weights are int8 with a step for each output channel."""
    torch.backends.quantized.engine = KERNELS
    images = torch.from_numpy(calibration.tensors())
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # of the move to torchao, which has no kernels of its own for this
        observed = prepare_fx(network.eval(), get_default_qconfig_mapping(KERNELS), (images[:1],))
        observed(images)
        return convert_fx(observed)
