"""Check that an argument is a model."""

from typing import Any

from .._support.kinds import require_kind
from .base import BaseModel


def require_model(model: Any, operation: str) -> None:
    """Raise TypeError unless it is a `Model`."""
    require_kind(model, BaseModel, "model", operation, "Model")
