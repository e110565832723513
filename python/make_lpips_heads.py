"""Write swiftalexnet/perceptual/lpips_heads.safetensors: the weights of the layers in LPIPS, from the package lpips.

Beside it goes the copyright notice that its licence (BSD-2-Clause) asks for.

pip install lpips
python python/make_lpips_heads.py
"""

from importlib import metadata, resources
from pathlib import Path

import torch
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent / "swiftalexnet" / "perceptual"
NETS, VERSIONS, LAYERS = ("alex", "vgg"), ("0.0", "0.1"), 5


def main() -> None:
    """Write both files."""
    heads = {}
    for version in VERSIONS:
        for net in NETS:
            with resources.as_file(resources.files("lpips") / "weights" / f"v{version}" / f"{net}.pth") as path:
                state = torch.load(path, map_location="cpu", weights_only=True)
            for layer in range(LAYERS):
                heads[f"{net}.{version}.{layer}"] = state[f"lin{layer}.model.1.weight"].numpy().reshape(-1)
    source = f"lpips {metadata.version('lpips')}, https://github.com/richzhang/PerceptualSimilarity"
    save_file(heads, FOLDER / "lpips_heads.safetensors", {"source": source, "licence": "BSD-2-Clause"})
    licence = next(file for file in metadata.files("lpips") or () if file.name == "LICENSE")
    (FOLDER / "lpips_heads.LICENSE").write_text(licence.read_text().rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
