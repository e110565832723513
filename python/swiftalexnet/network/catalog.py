"""The networks that have names: rows of the engine's tables."""

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
    """Return what every network is, by its name among all."""
    return {name: variant.summary for name, (_, variant) in catalog().items()}


def alexnet_variants() -> list[str]:
    """Return the names of the variants that `alexnet` knows."""
    return _native.variants("alexnet")


def vgg_variants() -> list[str]:
    """Return the names of the variants that `vgg` knows."""
    return _native.variants("vgg")


def cifar_variants() -> list[str]:
    """Return the names of the variants that `cifar_net` knows."""
    return _native.variants("cifar")


def first_weights(name: str) -> str | None:
    """Return the initialisation of a network by its name among all; None for a name that is not there."""
    found = catalog().get(name)
    return None if found is None else found[1].initialization


def catalog() -> dict[str, tuple[str, Variant]]:
    """Return family and row of every network by its name among all."""
    rows = (
        (family, Variant(*_native.variant(family, name))) for family in FAMILIES for name in _native.variants(family)
    )
    return {row.catalog_name: (family, row) for family, row in rows}
