"""Optional packages: imported on demand, and named if they are missing."""

import importlib
from types import ModuleType

from .forking import importing


def require(module: str, extra: str, operation: str) -> ModuleType:
    """Import `module`.

    Raises
    ------
    ImportError
        It is not installed; the message names the extra of this package that installs it.
    """
    try:
        with importing:
            return importlib.import_module(module)
    except ImportError as error:
        package = "protobuf" if module.startswith("google.") else module.partition(".")[0]
        raise ImportError(f"{operation} needs {package}: pip install 'swiftalexnet[{extra}]'", name=package) from error
