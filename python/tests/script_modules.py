"""Modules of scripts, which stand beside the package and import each other by their bare names."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from support import ROOT

BENCHMARKS = ROOT / "python" / "benchmarks"


@contextmanager
def benchmark_modules(*names: str) -> Iterator[dict[str, ModuleType]]:
    """Import modules of the benchmarks, and forget them afterwards: examples have modules of the same names."""
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield {name: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
                del sys.modules[name]
