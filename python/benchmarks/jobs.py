"""The rows of the table: what is measured, how often, and the goals of each of our arithmetics."""

from collections.abc import Container
from typing import NamedTuple

from engines import CONTENDERS, OURS, TRAINING, Contender
from goals import ANY, BEST, DIRECT, FLOAT32, LIMIT, OWN, Goal

FLOATS = ("float32", "bfloat16")
WORKS = {"inference": FLOATS, "int8 inference": ("int8",), "training": FLOATS}  # each in the precisions of its peers


class Job(NamedTuple):
    """A race: our arithmetics and all peers, in turn, on the same weights and images."""

    work: str  # a key of `WORKS`
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
    def precisions(self) -> tuple[str, ...]:
        """Give the precisions in which peers do the work."""
        return WORKS[self.work]

    @property
    def contenders(self) -> list[Contender]:
        """Peers that can do the work, and those of ours that are named; float32 first, for the expected answers."""
        found = [
            contender
            for contender in CONTENDERS.values()
            if (contender.name in self.goals if contender.module == OURS else self._can(contender))
        ]
        return sorted(found, key=lambda each: each.precision != "float32")

    def taking_part(self, names: Container[str], precisions: Container[str]) -> list[Contender]:
        """Return the contenders of these names and precisions; one that only others are compared with stays."""
        return [
            each
            for each in self.contenders
            if each.name in names and (each.precision in precisions or each.precision not in self.precisions)
        ]

    def _can(self, peer: Contender) -> bool:
        return peer.precision in self.precisions and (self.work != "training" or peer.module in TRAINING)


F32, F32_FAST, F32_INT8_WEIGHTS = OWN, "swiftalexnet fast_math", "swiftalexnet int8 weights"
BF16, BF16_INT8_WEIGHTS, INT8 = "swiftalexnet bfloat16", "swiftalexnet bfloat16 int8 weights", "swiftalexnet int8"


def _batch_1(variant: str, float32: float) -> Job:
    goals = {
        F32: (Goal(float32, FLOAT32),),
        F32_FAST: (),
        BF16: (Goal(1.0, ANY),),
        F32_INT8_WEIGHTS: (Goal(1 / 0.6, ANY),),
        BF16_INT8_WEIGHTS: (Goal(1 / 0.6, ANY),),
    }
    return Job("inference", variant, 1, goals, rounds=7, repeats=10)


def _small_batch(variant: str, batch_size: int) -> Job:
    return Job("inference", variant, batch_size, {F32: (), F32_FAST: ()}, rounds=7, repeats=max(1, 32 // batch_size))


def _int8(variant: str, batch_size: int, goals: tuple[Goal, ...], rounds: int) -> Job:
    repeats = max(1, 32 // batch_size)
    return Job("int8 inference", variant, batch_size, {F32: (), INT8: goals}, rounds, repeats)


INT8_BATCH = (Goal(3.2, OWN), Goal(1.1, "OpenVINO int8"), Goal(1.2, "ONNX Runtime int8"))
INT8_ONE = (Goal(1.2, BEST["int8"]),)

JOBS = (
    Job(
        "inference",
        "paper",
        128,
        {
            F32: (Goal(1.4, DIRECT), Goal(0.75, LIMIT)),
            F32_FAST: (Goal(2.6, DIRECT), Goal(1.5, "OpenCV float32")),
            BF16: (Goal(3.0, ANY),),
        },
        rounds=5,
    ),
    Job(
        "inference",
        "owt",
        128,
        {
            F32: (Goal(1.1, "OpenVINO float32"),),
            F32_FAST: (Goal(1.9, DIRECT), Goal(1.5, "OpenCV float32")),
            BF16: (Goal(1.0, "OpenVINO bfloat16"),),
        },
        rounds=9,  # of two engines that are this close
    ),
    _batch_1("paper", float32=1.0),
    _batch_1("owt", float32=1.1),
    *(_small_batch(variant, batch_size) for variant in ("paper", "owt") for batch_size in (4, 16)),
    Job(
        "inference",
        "vgg16",
        16,
        {
            F32: (Goal(1.1, DIRECT),),
            F32_FAST: (Goal(2.6, DIRECT), Goal(1.5, "OpenCV float32")),
            BF16: (Goal(1.2, ANY),),
        },
        rounds=3,
        resident=False,
    ),
    *(
        _int8(variant, batch_size, goals, rounds)
        for variant in ("paper", "owt")
        for batch_size, goals, rounds in ((1, INT8_ONE, 7), (4, (), 7), (16, INT8_BATCH, 7), (128, INT8_BATCH, 5))
    ),
    *(
        _int8("vgg16", batch_size, goals, rounds)
        for batch_size, goals, rounds in ((1, (), 5), (4, (), 5), (16, INT8_BATCH, 3))
    ),
    Job(
        "training",
        "paper",
        128,
        {
            F32: (Goal(1.4, FLOAT32),),
            F32_FAST: (Goal(1.9, FLOAT32),),
            BF16: (Goal(2.0, ANY), Goal(0.85, LIMIT)),
        },
        rounds=3,
        resident=False,
        peak=Goal(1.0, ANY, at_most=True),
    ),
    *(
        Job(
            "training",
            variant,
            batch_size,
            {F32: (Goal(direct, FLOAT32),), F32_FAST: (Goal(fast, FLOAT32),), BF16: (Goal(bfloat16, ANY),)},
            rounds=3,
            resident=False,
        )
        for variant, batch_size, direct, fast, bfloat16 in (("owt", 128, 1.15, 1.5, 1.25), ("vgg16", 16, 1.3, 2.2, 1.2))
    ),
)
