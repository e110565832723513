"""PyTorch, in both of its orders of memory."""

import numpy as np
import torch
from torch import nn

from engines import LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, Setting
from torch_nets import alexnet

FORMATS = {"PyTorch NCHW": torch.contiguous_format, "PyTorch NHWC": torch.channels_last}


class Engine:
    """`torch.nn` layers run eagerly, `torch.optim.SGD`."""

    def __init__(self, setting: Setting, weights: dict[str, np.ndarray]):
        torch.set_num_threads(setting.threads)
        self.memory_format = FORMATS[setting.name]
        self.model = alexnet(setting.variant)
        self.model.load_state_dict({key: torch.from_numpy(values) for key, values in weights.items()})
        self.model.to(memory_format=self.memory_format)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
        )

    def tensor(self, images: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(images).contiguous(memory_format=self.memory_format)

    @torch.inference_mode()
    def forward(self, x: torch.Tensor) -> np.ndarray:
        return self.model.eval()(x).numpy()

    def gradient(self, x: torch.Tensor, labels: np.ndarray) -> np.ndarray:
        self.model.eval()
        self._backward(x, labels)
        return self.model.conv1.weight.grad.numpy()

    def train_step(self, x: torch.Tensor, labels: np.ndarray) -> None:
        self.model.train()
        self._backward(x, labels)
        self.optimizer.step()

    def _backward(self, x: torch.Tensor, labels: np.ndarray) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(self.model(x), torch.from_numpy(labels)).backward()
