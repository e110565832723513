"""The clothing recipe in PyTorch: AlexNet `owt` from scratch, float32, with the update rule of the 2012 paper."""

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from clothing_recipe import Recipe
from photographs import Photographs
from torch_nets import network


def train(train_set: Photographs, validation: Photographs, recipe: Recipe, report: Callable[[dict], None]) -> dict:
    """Train and `report` a dict per epoch; returns what was chosen on the way."""
    torch.set_num_threads(recipe.threads)
    memory_format = _faster_memory_format(train_set, recipe)
    torch.manual_seed(recipe.seed)
    generator = np.random.default_rng(recipe.seed)
    model = _model(train_set, memory_format)
    optimizer = _optimizer(model, recipe)
    for epoch in range(recipe.epochs):
        _set_learning_rate(optimizer, recipe.learning_rate_at(epoch))
        start = time.perf_counter()
        loss = _train_epoch(model, optimizer, train_set, recipe, memory_format, generator)
        seconds = time.perf_counter() - start
        report(
            {
                "epoch": epoch,
                "train_loss": loss,
                "validation_top1_error": 100 * _top1_error(model, validation, recipe, memory_format),
                "images_per_second": len(train_set.labels) / seconds,
                "seconds": seconds,
            }
        )
    return {"memory_format": str(memory_format).removeprefix("torch.")}


def _model(data: Photographs, memory_format: torch.memory_format) -> nn.Module:
    """A fresh network with PyTorch's own layer defaults: uniform within 1/sqrt(fan_in)."""
    return network("owt", len(data.classes)).to(memory_format=memory_format)


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.SGD:
    return torch.optim.SGD(
        model.parameters(), recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )


def _set_learning_rate(optimizer: torch.optim.SGD, learning_rate: float) -> None:
    """Change the rate and keep the velocity: PyTorch's buffer is the paper's velocity divided by the rate."""
    (group,) = optimizer.param_groups
    for state in optimizer.state.values():
        state["momentum_buffer"].mul_(group["lr"] / learning_rate)
    group["lr"] = learning_rate


def _train_epoch(model, optimizer, data: Photographs, recipe: Recipe, memory_format, generator) -> float:
    """One pass in a new random order, the last small batch included; returns the mean loss per image."""
    model.train()
    order = generator.permutation(len(data.labels))
    total = 0.0
    for start in range(0, len(order), recipe.batch_size):
        chosen = order[start : start + recipe.batch_size]
        crops = _random_crops(data.images[chosen], recipe.size, generator)
        loss = _step(model, optimizer, _tensor(crops, memory_format), torch.from_numpy(data.labels[chosen]))
        total += loss * len(chosen)
    return total / len(order)


def _step(model, optimizer, x: torch.Tensor, labels: torch.Tensor) -> float:
    """Forward, loss, backward, update; returns the batch's mean loss."""
    optimizer.zero_grad(set_to_none=True)
    loss = nn.functional.cross_entropy(model(x), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _random_crops(images: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Each image's own window of `size` pixels, mirrored with probability one half; uint8 [count, size, size, 3]."""
    corners = generator.integers(0, images.shape[1] - size + 1, (len(images), 2))
    mirrored = generator.random(len(images)) < 0.5
    crops = np.stack([im[y : y + size, x : x + size] for im, (y, x) in zip(images, corners, strict=True)])
    crops[mirrored] = crops[mirrored, :, ::-1]
    return crops


def _tensor(crops: np.ndarray, memory_format: torch.memory_format) -> torch.Tensor:
    """uint8 [count, size, size, 3] to normalised float32 [count, 3, size, size]."""
    scaled = (crops - Recipe.mean) / Recipe.deviation
    return torch.from_numpy(scaled).permute(0, 3, 1, 2).contiguous(memory_format=memory_format)


@torch.inference_mode()
def _top1_error(model: nn.Module, data: Photographs, recipe: Recipe, memory_format) -> float:
    """The share of photographs whose best class, seen through the centre crop, is wrong."""
    model.eval()
    corner = (data.images.shape[1] - recipe.size) // 2
    window = slice(corner, corner + recipe.size)
    wrong = 0
    for start in range(0, len(data.labels), recipe.batch_size):
        batch = slice(start, start + recipe.batch_size)
        scores = model(_tensor(data.images[batch, window, window], memory_format))
        wrong += int((scores.argmax(1).numpy() != data.labels[batch]).sum())
    return wrong / len(data.labels)


def _faster_memory_format(data: Photographs, recipe: Recipe, steps: int = 20) -> torch.memory_format:
    """Time `steps` training steps of each of PyTorch's two orders of memory, and choose the quicker one."""
    return min((torch.contiguous_format, torch.channels_last), key=lambda form: _seconds(data, recipe, form, steps))


def _seconds(data: Photographs, recipe: Recipe, memory_format: torch.memory_format, steps: int) -> float:
    """Time of `steps` steps on one batch after two steps of warming up."""
    model = _model(data, memory_format)
    optimizer = _optimizer(model, recipe)
    crops = _random_crops(data.images[: recipe.batch_size], recipe.size, np.random.default_rng(0))
    x, labels = _tensor(crops, memory_format), torch.from_numpy(data.labels[: recipe.batch_size])
    for _ in range(2):
        _step(model, optimizer, x, labels)
    start = time.perf_counter()
    for _ in range(steps):
        _step(model, optimizer, x, labels)
    return time.perf_counter() - start
