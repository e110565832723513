"""The command `swiftalexnet info`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

if TYPE_CHECKING:
    from .output import Output


def add(_: argparse.ArgumentParser) -> None:
    """Add nothing to what all commands take."""


def run(_: argparse.Namespace, output: "Output") -> None:
    """Show version, processor and the kernels chosen for it."""
    facts = sa.info()
    output.show(facts, str(facts))
