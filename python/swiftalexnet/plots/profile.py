"""The time of each layer in a pass, compared with the machine's limits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .._support.kinds import require_kind
from .figures import new_figure, verbatim, wrapped

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Row(Protocol):
    """The parts of a row that are drawn: see `swiftalexnet.profiling.Row`."""

    @property
    def name(self) -> str:
        """The node's name."""

    @property
    def direction(self) -> str:
        """Forward or backward."""

    @property
    def milliseconds(self) -> float:
        """The time it took."""

    @property
    def share(self) -> float | None:
        """Percent of the limit."""

    @property
    def limit(self) -> str:
        """The limit that applies."""


@runtime_checkable
class Profile(Protocol):
    """The parts of a profile that are drawn: see `swiftalexnet.profiling.Profile`."""

    @property
    def title(self) -> str:
        """What was measured."""

    @property
    def milliseconds(self) -> float:
        """The median time of a whole pass."""

    @property
    def gflops_limit(self) -> float:
        """The machine's limit of operations per second."""

    @property
    def gigabytes_limit(self) -> float:
        """The machine's limit of bytes per second."""

    @property
    def images_per_second(self) -> float:
        """Images per second."""

    @property
    def rows(self) -> Sequence[Row]:
        """In the order of computation."""


_COLORS = {"arithmetic": "#4477aa", "memory": "#ccbb44", "": "#bbbbbb"}
_WIDTH = 10.5  # inches
_HIDDEN = 0.002  # of the whole: shorter rows are left out


def plot_profile(profile: Profile) -> "Figure":
    """Draw a bar for every row: its length is the time, its dark part the machine's limit, its number their ratio.

    Rows below 0.2 % of the total are omitted.

    Raises
    ------
    TypeError
        Not a profile.
    ImportError
        matplotlib is not installed.
    """
    require_kind(profile, Profile, "profile", "plot_profile")
    rows = [row for row in profile.rows if row.milliseconds >= _HIDDEN * profile.milliseconds]
    figure = new_figure(_WIDTH, 1.2 + 0.27 * len(rows))
    axes = figure.subplots()
    times = [row.milliseconds for row in rows]
    colors = [_COLORS[row.limit] for row in rows]
    axes.barh(range(len(rows)), times, color=colors, alpha=0.35, height=0.72)
    axes.barh(range(len(rows)), [_least(row) for row in rows], color=colors, height=0.72)
    for place, row in enumerate(rows):
        share = "" if row.share is None else f" {row.share:.0f} %"
        axes.text(row.milliseconds, place, share, va="center", fontsize=8)
    for limit in ("arithmetic", "memory"):
        axes.barh(0, 0, color=_COLORS[limit], label=f"limit of {limit}")
    axes.barh(0, 0, color="#777777", alpha=0.35, label="above the limit")
    axes.set_yticks(range(len(rows)), [verbatim(_name(row)) for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds")
    axes.margins(x=0.08, y=0.01)
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))  # beside the bars
    limits = f"{profile.gflops_limit:,.0f} GFLOP/s, {profile.gigabytes_limit:.1f} GB/s"
    speed = f"{profile.images_per_second:,.1f} images/s; the machine allows {limits}"
    axes.set_title("\n".join(wrapped(line, _WIDTH - 3, 9) for line in (profile.title, speed)), fontsize=9, loc="left")
    return figure


def _least(row: Row) -> float:
    """Return the time at the machine's limit in milliseconds, at most the measured time."""
    return row.milliseconds * min(100.0, row.share or 0.0) / 100


def _name(row: Row) -> str:
    return f"{row.name}, backward" if row.direction == "backward" else row.name
