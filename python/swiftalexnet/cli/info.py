"""The command `swiftalexnet info`."""

import argparse
from typing import TYPE_CHECKING

import swiftalexnet as sa

if TYPE_CHECKING:
    from .output import Output


def add(_: argparse.ArgumentParser) -> None:
    """Add nothing to the options of all commands."""


def run(_: argparse.Namespace, output: "Output") -> None:
    """Show the version, the processor and the kernels selected for it."""
    facts = sa.info()
    output.show(facts, str(facts))
