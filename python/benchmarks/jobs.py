"""The rows of the table: what is measured, how often, and the goals of each of our arithmetics."""

from typing import NamedTuple

from engines import CONTENDERS, OURS, TRAINING, Contender
from goals import ANY, FLOAT32, LIMIT, SPEED, Goal


class Job(NamedTuple):
    """A race: our arithmetics and all peers, in turn, on the same weights and images."""

    work: str  # "inference" or "training"
    variant: str
    batch_size: int
    goals: dict[str, tuple[Goal, ...]]  # by our contender; some have none
    rounds: int
    repeats: int = 1  # forward passes or steps in a round
    resident: bool = True  # whether all engines stay in memory; where that is too much, each round starts them anew
    peak: Goal | None = None  # of the memory, where the table shows it: ours against that of the best peer

    @property
    def title(self) -> str:
        """Give the row's name."""
        return f"{self.work}, {self.variant}, batch {self.batch_size}"

    @property
    def question(self) -> str:
        """Give what a worker is asked for the time of."""
        return "step_seconds" if self.work == "training" else "forward_seconds"

    @property
    def contenders(self) -> list[Contender]:
        """Peers that can do the work, and those of ours that are named."""
        return [
            contender
            for contender in CONTENDERS.values()
            if (contender.name in self.goals if contender.module == OURS else self._can(contender))
        ]

    def _can(self, peer: Contender) -> bool:
        return self.work == "inference" or peer.module in TRAINING


F32, F32_FAST, F32_INT8 = "swiftalexnet float32", "swiftalexnet fast_math", "swiftalexnet int8"
BF16, BF16_INT8 = "swiftalexnet bfloat16", "swiftalexnet bfloat16 int8"

BATCH_1 = {
    F32: (Goal(1.0, FLOAT32),),
    BF16: (Goal(1.0, ANY),),
    F32_INT8: (Goal(1 / 0.6, ANY),),
    BF16_INT8: (Goal(1 / 0.6, ANY),),
}

JOBS = (
    Job(
        "inference",
        "paper",
        128,
        {F32: (Goal(1.4, FLOAT32), Goal(0.75, LIMIT)), F32_FAST: (), BF16: (Goal(3.0, ANY),)},
        rounds=5,
    ),
    Job(
        "inference",
        "owt",
        128,
        {F32: (Goal(1.1, "OpenVINO float32"),), F32_FAST: (), BF16: (Goal(1.0, "OpenVINO bfloat16"),)},
        rounds=9,  # of two engines that are this close
    ),
    Job("inference", "paper", 1, BATCH_1, rounds=7, repeats=10),
    Job("inference", "owt", 1, BATCH_1, rounds=7, repeats=10),
    Job(
        "inference",
        "vgg16",
        16,
        {F32: (Goal(1.1, FLOAT32),), F32_FAST: (Goal(1.5, FLOAT32),), BF16: (Goal(1.2, ANY),)},
        rounds=3,
        resident=False,
    ),
    Job(
        "training",
        "paper",
        128,
        {F32: (Goal(1.4, FLOAT32),), BF16: (Goal(3.1, ANY), Goal(208, SPEED))},
        rounds=3,
        resident=False,
        peak=Goal(1.0, ANY, at_most=True),
    ),
    Job("training", "owt", 128, {F32: (Goal(1.3, FLOAT32),), BF16: (Goal(2.0, ANY),)}, rounds=3, resident=False),
    Job("training", "vgg16", 16, {F32: (Goal(1.5, FLOAT32),), BF16: (Goal(1.5, ANY),)}, rounds=3, resident=False),
)
