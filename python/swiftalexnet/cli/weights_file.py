"""The options that say of a file of weights what it does not say itself."""

import argparse
from typing import Any

import swiftalexnet as sa

from .options import one_of


def add_hints(parser: argparse.ArgumentParser) -> None:
    """Add the options that `inspect` and `convert` share."""
    parser.add_argument(
        "--variant",
        type=one_of("variant", sa.variants()),
        metavar="NAME",
        help="the network, where the tensors fit several, such as caffe and caffenet (default: by the file)",
    )
    parser.add_argument("--prototxt", metavar="FILE", help="Caffe's description of the network (default: by the file)")


def hints(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options as arguments of `swiftalexnet.load`."""
    return {"variant": options.variant, "prototxt": options.prototxt}
