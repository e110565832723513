"""What swiftalexnet has to reach, each time against a figure of the same run."""

from typing import NamedTuple

from engines import CONTENDERS, OURS

FLOAT32, BFLOAT16, ANY = "best float32 peer", "best bfloat16 peer", "best peer"
LIMIT, SPEED = "FMA limit", "images/s"


class Goal(NamedTuple):
    """A bound on one of a row's figures."""

    bound: float
    of: str  # the figure: one of the words above, a peer's column, or a row's own
    at_most: bool = False

    def met(self, figures: dict[str, float]) -> bool | None:
        """Say whether the figures reach it; None where they do not have it."""
        figure = figures.get(self.of)
        if figure is None:
            return None
        return figure <= self.bound if self.at_most else figure >= self.bound

    def __str__(self) -> str:
        """Write it as the table does."""
        sign = "≤" if self.at_most else "≥"
        if self.of == LIMIT:
            return f"{sign} {self.bound:.0%} of the limit"
        if self.of == SPEED:
            return f"{sign} {self.bound:g} images/s"
        relative = self.of in (FLOAT32, BFLOAT16, ANY) or any(self.of == each.column for each in CONTENDERS.values())
        return f"{sign} {self.bound:.3g} × {self.of}" if relative else f"{sign} {self.bound:g}"


def compare(values: dict[str, float], name: str, lower_is_better: bool = False) -> dict[str, float]:
    """Divide the value of one of our contenders by those of each peer's column, of each precision and of all peers.

    Each quotient is that against the best peer of its kind, the one that is hardest on us; without one it is missing.
    """
    if name not in values:
        return {}
    hardest = max if lower_is_better else min
    found = {SPEED: values[name]}
    for peer, value in values.items():
        contender = CONTENDERS[peer]
        if contender.module == OURS:
            continue
        for kind in (contender.column, FLOAT32 if contender.precision == "float32" else BFLOAT16, ANY):
            quotient = values[name] / value
            found[kind] = hardest(found.get(kind, quotient), quotient)
    return found
