"""Whether something is a model."""

from typing import Any

from .._support.kinds import require_kind
from .base import BaseModel


def require_model(model: Any, operation: str) -> None:
    """Refuse what is not a `Model` with a TypeError."""
    require_kind(model, BaseModel, "model", operation, "Model")
