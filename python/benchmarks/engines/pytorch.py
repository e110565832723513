"""PyTorch, in both of its orders of memory, in bfloat16 by either of its ways, and in int8."""

from functools import cached_property

import numpy as np
import torch
from torch import nn

from engines import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Setting
from torch_nets import network

FORMATS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}


class Engine:
    """`torch.nn` layers run eagerly, `torch.optim.SGD`.

    In bfloat16 the whole model is cast, weights and momentum too, or with `autocast` the weights stay float32 and are
    cast in every pass. In int8 the input is float32, and the first operator rounds it.
    """

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        torch.set_num_threads(setting.threads)
        order, _, autocast = setting.contender.form.partition(" ")
        self.memory_format = FORMATS[order]
        self.autocast = bool(autocast)
        cast = setting.contender.precision == "bfloat16" and not self.autocast
        self.dtype = torch.bfloat16 if cast else torch.float32
        self.model = network(setting.variant)
        self.model.load_state_dict({key: torch.from_numpy(values) for key, values in weights.items()})
        self.model.to(dtype=self.dtype, memory_format=self.memory_format)
        if setting.contender.precision == "int8":
            from torch_int8 import quantized  # PyTorch is about to give up this part of itself

            self.model = quantized(self.model)

    @cached_property
    def optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.model.parameters(), LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)

    def tensor(self, images: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(images).to(self.dtype).contiguous(memory_format=self.memory_format)

    @torch.inference_mode()
    def forward(self, x: torch.Tensor) -> np.ndarray:
        self.model.eval()
        return self._logits(x).numpy()

    def gradient(self, x: torch.Tensor, labels: np.ndarray) -> np.ndarray:
        self.model.eval()
        self._backward(x, labels)
        return self.model[0 if isinstance(self.model[0], nn.Conv2d) else 1].weight.grad.float().numpy()

    def train_step(self, x: torch.Tensor, labels: np.ndarray) -> None:
        self.model.train()
        self._backward(x, labels)
        self.optimizer.step()

    def _backward(self, x: torch.Tensor, labels: np.ndarray) -> None:
        self.model.zero_grad()
        nn.functional.cross_entropy(self._logits(x), torch.from_numpy(labels)).backward()

    def _logits(self, x: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
            return self.model(x).float()
