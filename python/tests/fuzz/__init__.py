"""A fuzzer of every entry point and file format: `make fuzz`, or `python -m fuzz --help` from python/tests.

A case is a function of (seed, number): a call with one or two hostile arguments, a damaged file, a forbidden state, or
a process with a hostile environment. Cases run in worker processes; a case fails if it ends its process, hangs, raises
something untyped, or changes a model that it had no right to change. docs/testing.md says how to repeat one.
"""
