"""File formats of weights, one a module."""
