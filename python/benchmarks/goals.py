"""What swiftalexnet has to reach, each time against a figure of the same run."""

from typing import NamedTuple

from engines import CONTENDERS, OURS, WINOGRAD, Contender

FLOAT32, BFLOAT16, INT8, ANY = "best float32 peer", "best bfloat16 peer", "best int8 peer", "best peer"
BEST = {"float32": FLOAT32, "bfloat16": BFLOAT16, "int8": INT8}
DIRECT = "best direct float32 peer"  # of those that do not compute by Winograd's method
OWN = "swiftalexnet float32"  # our direct sums, beside which our other arithmetics are put
LIMIT = "FMA limit"


_RELATIVE = (*BEST.values(), DIRECT, OWN, ANY)


class Goal(NamedTuple):
    """A bound on one of a row's figures."""

    bound: float
    of: str  # the figure: one of the words above, a peer's column, or what a row calls its own
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
        relative = self.of in _RELATIVE or any(self.of == each.column for each in CONTENDERS.values())
        return f"{sign} {self.bound:.3g} × {self.of}" if relative else f"{sign} {self.bound:g}"


def compare(values: dict[str, float], name: str, lower_is_better: bool = False) -> dict[str, float]:
    """Divide the value of one of our contenders by those of each kind of peers, and by that of our direct sums.

    Each quotient is that against the best peer of its kind, the one that is hardest on us; without one it is missing.
    """
    if name not in values:
        return {}
    hardest = max if lower_is_better else min
    found = {OWN: values[name] / values[OWN]} if OWN in values else {}
    for peer, value in values.items():
        contender = CONTENDERS[peer]
        if contender.module == OURS:
            continue
        for kind in _kinds(contender):
            quotient = values[name] / value
            found[kind] = hardest(found.get(kind, quotient), quotient)
    return found


def _kinds(peer: Contender) -> list[str]:
    direct = peer.precision == "float32" and peer.form != WINOGRAD
    return [peer.column, BEST[peer.precision], *([DIRECT] if direct else []), ANY]
