"""Parameters, selected by name, with their own learning rate, weight decay and schedule."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .._support.kinds import require_kind
from .._support.numbers import check_number, make_plain
from .._support.shown import shown
from .schedules import Schedule, check_schedule


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with their own learning rate, weight decay and schedule.

    Parameters
    ----------
    pattern : str
        Names of parameters, with wildcards as for file names: "fc10.weight", "conv*", "*.bias". Case matters.
    learning_rate, weight_decay : float
        Factors, multiplied by the recipe's for biases and by those of other matching groups; 0 freezes, or turns
        weight decay off.
    schedule : Schedule, optional
        Replaces the recipe's; if several groups match, the last one's.

    Raises
    ------
    TypeError, ValueError
        A number out of its range, or something that is not a pattern or schedule.
    """

    pattern: str
    learning_rate: float = 1.0
    weight_decay: float = 1.0
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        make_plain(self)
        if not isinstance(self.pattern, str) or not self.pattern:
            raise TypeError(f"ParameterGroup: pattern is {shown(self.pattern)}, expected a text such as 'conv1.*'")
        for name in ("learning_rate", "weight_decay"):
            check_number(getattr(self, name), name, "ParameterGroup")
        check_schedule(self.schedule, "schedule", "ParameterGroup", optional=True)

    def matches(self, name: str) -> bool:
        """Return whether the parameter with this name belongs to the group."""
        require_kind(name, str, "name", "ParameterGroup.matches")
        return fnmatchcase(name, self.pattern)

    def to_json(self) -> dict[str, Any]:
        """Return all fields, which identify the group in a checkpoint."""
        schedule = self.schedule and self.schedule.to_json()
        factors = {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        return {"pattern": self.pattern, **factors, "schedule": schedule}

    def __str__(self) -> str:
        parts = [
            f"{what} × {factor:g}"
            for what, factor in (("rate", self.learning_rate), ("decay", self.weight_decay))
            if factor != 1
        ]
        parts += [] if self.schedule is None else [f"{self.schedule}"]
        return f"{self.pattern}: {'; '.join(parts) or 'as all others'}"
