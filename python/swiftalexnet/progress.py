"""A progress bar with pictures a second, or bytes, and the time left; or nothing."""

import sys
from types import TracebackType
from typing import Any


class Progress:
    """A tqdm bar over pictures when it is wanted; a context manager.

    Parameters
    ----------
    total : int
        Pictures, or what `unit` says.
    wanted : bool
        Whether to show it; tqdm is imported only then.
    title : str
    done : int
        Pictures that an earlier run has done.
    unit : str
        "B" shows large numbers with k, M and G.
    """

    def __init__(self, total: int, wanted: bool, title: str, done: int = 0, unit: str = " images"):
        self._bar: Any = None
        if wanted:
            from tqdm.auto import tqdm

            live = sys.stderr.isatty() or "ipykernel" in sys.modules
            self._bar = tqdm(
                total=total,
                initial=done,
                desc=title,
                unit=unit,
                unit_scale=unit == "B",
                dynamic_ncols=True,
                smoothing=0.1,
                mininterval=0.1 if live else 10,  # in seconds: a log needs few lines
            )

    def advance(self, count: int, **shown: str) -> None:
        """Count pictures, and show values beside the bar."""
        if self._bar is not None:
            if shown:
                self._bar.set_postfix(shown, refresh=False)
            self._bar.update(count)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        if self._bar is not None:
            self._bar.write(line)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
