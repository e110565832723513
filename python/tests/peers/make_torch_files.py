"""Write the small files of PyTorch that the tests read: networks of torchvision with few kernels, and their logits.

    python python/tests/peers/make_torch_files.py [FOLDER]

The modules are torchvision's own, with narrower layers in the places of theirs. `torch_logits.npz` has the images' seed
and the logits of each network.
"""

import io
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import nn

FOLDER = Path(__file__).parents[1] / "formats/files"
WIDTHS = {"alexnet": (4, 6, 5, 6, 4, 8, 8, 7), "vgg11": (2, 3, 3, 2, 3, 2, 3, 2, 5, 4, 7)}
WIDTHS["vgg11_bn"] = WIDTHS["vgg11"]
SEED = 13  # of the images: numpy.random.default_rng(SEED).standard_normal((2, 3, 224, 224), numpy.float32)


def narrow(name: str, widths: tuple[int, ...] = ()) -> nn.Module:
    """Return a network of torchvision with other widths and random parameters, normalisation included."""
    torch.manual_seed(0)
    with torch.device("meta"):
        model = getattr(torchvision.models, name)()
    rest = iter(widths or WIDTHS[name])
    before = 3
    for place, layer in enumerate(model.features):
        if isinstance(layer, nn.Conv2d):
            width = next(rest)
            model.features[place] = nn.Conv2d(before, width, layer.kernel_size, layer.stride, layer.padding)
            before = width
        elif isinstance(layer, nn.BatchNorm2d):
            model.features[place] = nn.BatchNorm2d(before)
    before *= model.avgpool.output_size[0] ** 2
    for place, layer in enumerate(model.classifier):
        if isinstance(layer, nn.Linear):
            width = next(rest)
            model.classifier[place] = nn.Linear(before, width)
            before = width
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.weight, 1, 0.1)
            nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(module.weight, std=(2 / module.weight[0].numel()) ** 0.5)
            nn.init.normal_(module.bias, std=0.1)
    return model.eval()


def images() -> torch.Tensor:
    """Return two images of normally distributed numbers."""
    return torch.from_numpy(np.random.default_rng(SEED).standard_normal((2, 3, 224, 224), np.float32))


def logits(model: nn.Module) -> np.ndarray:
    """Return the logits of the images."""
    with torch.no_grad():
        return model(images()).numpy()


def in_one_storage(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return tensors that are views of one, so that a file has one storage."""
    flat = torch.cat([tensor.reshape(-1) for tensor in state.values()])
    parts = flat.split([tensor.numel() for tensor in state.values()])
    return {name: part.view(tensor.shape) for part, (name, tensor) in zip(parts, state.items(), strict=True)}


def files() -> dict[str, tuple[object, dict[str, object]]]:
    """Return what is saved under each name, and the options of `torch.save`."""
    legacy = {"_use_new_zipfile_serialization": False}
    states = {name: narrow(name).state_dict() for name in WIDTHS}
    alexnet = states["alexnet"]
    optimizer = torch.optim.SGD(nn.DataParallel(narrow("alexnet")).parameters(), 0.1, momentum=0.9)
    checkpoint = {
        "epoch": 3,
        "arch": "alexnet",
        "state_dict": {
            f"features.module{name[8:]}" if "features" in name else name: each for name, each in alexnet.items()
        },
        "best_acc1": torch.tensor(56.5),
        "optimizer": optimizer.state_dict(),
        "args": Settings(),
        "history": [np.float64(0.5), np.arange(3)],
    }
    one = (1,) * 11
    tiny = in_one_storage(narrow("vgg11", one).state_dict())
    features = {
        key: torch.full_like(each, torch.nan) if "classifier" in key else each for key, each in states["vgg11"].items()
    }
    transposed = dict(alexnet)
    transposed |= {"classifier.1.weight": alexnet["classifier.1.weight"].t().contiguous().t()}
    transposed |= {"features.3.weight": alexnet["features.3.weight"].contiguous(memory_format=torch.channels_last)}
    wide = torch.zeros(8, 16)
    wide[:, ::2] = alexnet["classifier.4.weight"]
    transposed |= {"classifier.4.weight": wide[:, ::2]}
    small = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2).half()}
    lpips = {f"lin{i}.model.1.weight": torch.rand(1, width, 1, 1) for i, width in enumerate(WIDTHS["alexnet"][:5])}
    return {
        "torch_alexnet.pth": (alexnet, {}),
        "torch_alexnet_legacy.pth": (alexnet, legacy),
        "torch_alexnet_half.pth": ({name: each.half() for name, each in alexnet.items()}, {}),
        "torch_alexnet_bfloat16.pth": ({name: each.bfloat16() for name, each in alexnet.items()}, {}),
        "torch_alexnet_double_legacy.pth": ({name: each.double() for name, each in alexnet.items()}, legacy),
        "torch_alexnet_data_parallel.pth": ({f"module.{name}": each for name, each in alexnet.items()}, {}),
        "torch_alexnet_protocol4.pth": (alexnet, {"pickle_protocol": 4}),
        "torch_alexnet_transposed.pth": (transposed, {}),
        "torch_checkpoint.pth": (checkpoint, {}),
        "torch_checkpoint_legacy.pth": (checkpoint, legacy),
        "torch_vgg11.pth": (states["vgg11"], {}),
        "torch_vgg11_bn.pth": (states["vgg11_bn"], {}),
        "torch_vgg11_features.pth": (features, {}),
        "torch_tiny.pth": (tiny, {}),
        "torch_tiny_legacy.pth": (tiny, legacy),
        "torch_small.pth": (small, {}),
        "torch_small_legacy.pth": (small, legacy),
        "torch_lpips_legacy.pth": (lpips, legacy),
        "torch_module.pth": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), {}),
    }


class Settings:
    """A class that readers do not have."""

    def __init__(self) -> None:
        self.lr, self.folder = 0.1, Path("data")


def main(folder: Path) -> None:
    """Write all files."""
    for name, (saved, options) in files().items():
        torch.save(saved, folder / name, **options)
    script = io.BytesIO()
    torch.jit.save(torch.jit.script(nn.Sequential(nn.Conv2d(3, 2, 3))), script)
    (folder / "torch_script.pt").write_bytes(script.getvalue())
    found = {name: logits(narrow(name)) for name in WIDTHS}
    tiny = narrow("vgg11", (1,) * 11)
    with torch.no_grad():
        features = narrow("vgg11").features(images()).numpy()
    np.savez(folder / "torch_logits.npz", **found, tiny=logits(tiny), features=features)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
