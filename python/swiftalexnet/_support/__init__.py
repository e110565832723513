"""Helpers for all other packages: checks of arguments, output, threads, progress; independent of networks."""
