"""Write swiftalexnet/formats/ilsvrc_classes.txt: the classes of ILSVRC-2012 as torchvision and timm list them.

pip install torchvision timm
python python/make_ilsvrc_classes.py
"""

from importlib import resources
from pathlib import Path

from torchvision.models import AlexNet_Weights

TARGET = Path(__file__).parent / "swiftalexnet" / "formats" / "ilsvrc_classes.txt"
HEAD = """\
# The classes of ILSVRC-2012 in the order of its outputs: WordNet number, name as in torchvision.
# WordNet numbers and words: Princeton University, WordNet 3.0 licence.
"""


def main() -> None:
    """Write the file."""
    names = AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
    text = (resources.files("timm.data") / "_info" / "imagenet_synsets.txt").read_text(encoding="utf-8")
    numbers = text.split()
    lines = [f"{number} {name}\n" for number, name in zip(numbers, names, strict=True)]
    TARGET.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
