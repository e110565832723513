"""Networks by name: tables in the engine, made into models here."""

from . import _native
from ._arrays import as_integer
from ._choices import choose
from .networks import Model


def alexnet(
    variant: str = "paper",
    num_classes: int = 1000,
    in_channels: int = 3,
    image_size: int | None = None,
    seed: int = 0,
    initialization: str | None = None,
) -> Model:
    """Build AlexNet.

    Parameters
    ----------
    variant : str
        `paper` (Krizhevsky et al. 2012: two towers, response normalisation), `caffe` (BVLC AlexNet), `caffenet`
        (pooling before normalisation), `one_tower` (no groups), `owt` ("One weird trick", as torchvision has it).
    num_classes, in_channels : int
        Outputs, and colour channels of the pictures.
    image_size : int, optional
        Side, in pixels, of what the network reads; by default the variant's own, 224 or 227.
    seed : int
        Of the random weights.
    initialization : {"paper", "caffe", "torchvision", "zeros"}, optional
        By default torchvision's for `owt` and the paper's for the others.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        An unknown name, or sizes that leave a layer nothing to read.
    MemoryError
        The network does not fit into memory.
    """
    choose("alexnet", "variant", variant, _native.alexnet_variants())
    num_classes = as_integer(num_classes, "num_classes", "alexnet", 1, 2**31 - 1)
    in_channels = as_integer(in_channels, "in_channels", "alexnet", 1, 2**31 - 1)
    side = 0 if image_size is None else as_integer(image_size, "image_size", "alexnet", 1, 2**31 - 1)
    if initialization is None:
        initialization = "torchvision" if variant == "owt" else "paper"
    text = _native.alexnet_spec(variant, num_classes, in_channels, side)
    return Model.from_spec(text, initialization, seed, variant=variant)


def alexnet_variants() -> list[str]:
    """Return the names of the variants that `alexnet` knows."""
    return _native.alexnet_variants()
