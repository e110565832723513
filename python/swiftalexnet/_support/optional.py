"""Packages that only some functions need: imported when asked for, and named when they are missing."""

import importlib
from types import ModuleType

from .forking import importing


def require(module: str, extra: str, operation: str) -> ModuleType:
    """Import `module`.

    Raises
    ------
    ImportError
        It is not installed; the message says which extra of this package brings it.
    """
    try:
        with importing:
            return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{operation} needs {package}: pip install 'swiftalexnet[{extra}]'", name=package) from error
