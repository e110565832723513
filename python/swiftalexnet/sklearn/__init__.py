"""Estimators for scikit-learn: `AlexNetClassifier` and `AlexNetFeatures`, which need the extra "sklearn"."""

import importlib
from typing import TYPE_CHECKING, Any

from .._support.forking import importing
from .._support.optional import require

if TYPE_CHECKING:
    from .classifier import AlexNetClassifier
    from .features import AlexNetFeatures

__all__ = ["AlexNetClassifier", "AlexNetFeatures"]

_MODULES = {"AlexNetClassifier": "classifier", "AlexNetFeatures": "features"}


def __getattr__(name: str) -> Any:
    """Import an estimator on first use, and scikit-learn with it.

    Raises
    ------
    ImportError
        scikit-learn is not installed, or older than 1.6.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    validation = require("sklearn.utils.validation", "sklearn", f"sklearn.{name}")
    if not hasattr(validation, "validate_data"):
        raise ImportError(f"sklearn.{name} needs scikit-learn 1.6 or newer: pip install 'swiftalexnet[sklearn]'")
    with importing:
        value = getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
