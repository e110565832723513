"""Pictures of a run and of a network: learning curves, first-layer kernels, predictions, neighbours, profiles.

Every function returns a matplotlib Figure that belongs to nobody: no window, no global state, `savefig` writes it, and
a notebook shows it as the value of a cell.
"""

from .curves import plot_history
from .figures import new_figure
from .kernels import kernel_sheet, plot_kernels
from .panel import plot_panel
from .predictions import plot_predictions
from .profile import plot_profile

__all__ = [
    "kernel_sheet",
    "new_figure",
    "plot_history",
    "plot_kernels",
    "plot_panel",
    "plot_predictions",
    "plot_profile",
]
