"""Figures: learning curves, kernels, evaluations, predictions, explanations, neighbours and profiles.

Every function returns a matplotlib Figure without a window or global state; `savefig` writes it, and a notebook shows
it as the value of a cell.
"""

from .attribution import plot_attribution, plot_maximization
from .curves import plot_history
from .evaluation import plot_evaluation
from .figures import new_figure
from .kernels import kernel_sheet, plot_kernels
from .panel import plot_panel
from .predictions import plot_predictions
from .profile import plot_profile
from .sampling import fair_sample
from .seeds import plot_seeds
from .worst import plot_worst

__all__ = [
    "fair_sample",
    "kernel_sheet",
    "new_figure",
    "plot_attribution",
    "plot_evaluation",
    "plot_history",
    "plot_kernels",
    "plot_maximization",
    "plot_panel",
    "plot_predictions",
    "plot_profile",
    "plot_seeds",
    "plot_worst",
]
