"""A figure in a notebook that is replaced in place."""

import base64
import sys
from typing import Any


def in_notebook() -> bool:
    """Return whether cells of a notebook are being run, whose outputs can be replaced; never raises."""
    try:
        shell = sys.modules["IPython"].get_ipython()
        return getattr(shell, "kernel", None) is not None
    except Exception:  # not imported, or anything that calls itself IPython
        return False


class ShownImage:
    """A PNG in the output of the cell that runs, shown at its first update and replaced by later ones."""

    def __init__(self) -> None:
        self._handle: Any = None

    def update(self, png: bytes, text: str) -> None:
        """Show a PNG; `text` stands for it where images are not shown. Raises whatever IPython raises."""
        shown = {"image/png": base64.b64encode(png).decode(), "text/plain": text}
        if self._handle is None:
            display: Any = sys.modules["IPython"].display.display
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)
