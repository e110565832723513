"""The catalogue of named networks, from the engine's tables."""

from typing import NamedTuple

from .. import _native

FAMILIES = ("alexnet", "vgg", "cifar")


class Variant(NamedTuple):
    """A row of a family's table."""

    name: str
    catalog_name: str
    summary: str
    initialization: str
    num_classes: int
    in_channels: int
    image_size: int


def variants() -> dict[str, str]:
    """Return a description of every network by its full name."""
    return {name: variant.summary for name, (_, variant) in catalog().items()}


def alexnet_variants() -> list[str]:
    """Return the variants of `alexnet`."""
    return _native.variants("alexnet")


def vgg_variants() -> list[str]:
    """Return the variants of `vgg`."""
    return _native.variants("vgg")


def cifar_variants() -> list[str]:
    """Return the variants of `cifar_net`."""
    return _native.variants("cifar")


def first_weights(name: str) -> str | None:
    """Return the initialisation of a network by its full name; None for an unknown name."""
    found = catalog().get(name)
    return None if found is None else found[1].initialization


def catalog() -> dict[str, tuple[str, Variant]]:
    """Return the family and row of every network by its full name."""
    rows = (
        (family, Variant(*_native.variant(family, name))) for family in FAMILIES for name in _native.variants(family)
    )
    return {row.catalog_name: (family, row) for family, row in rows}
