"""The command `swiftalexnet verify`."""

import argparse
from typing import TYPE_CHECKING

from .models import open_model
from .output import DONE, PARTLY

if TYPE_CHECKING:
    from .output import Output


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("model", metavar="MODEL", help="a saved model, or weights of any format")
    parser.add_argument(
        "images", nargs="*", metavar="IMAGE", help="images whose answers are known (default: the built-in test image)"
    )


def run(options: argparse.Namespace, output: "Output") -> int:
    """Compute a model's known answers again; 1 if one differs."""
    model = open_model(options.model)
    found = model.verify(options.images or None)
    rows = [row._asdict() | {"holds": row.holds} for row in found.answers]
    output.show({"holds": bool(found), "answers": rows}, str(found))
    return DONE if found else PARTLY
