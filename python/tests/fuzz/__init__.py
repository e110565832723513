"""A fuzzer for all entry points and file formats: `make fuzz`, or `python -m fuzz --help` from python/tests.

A case is a function of (seed, number): a call with one or two hostile arguments, a damaged file, a forbidden state, or
a process with a hostile environment. Cases run in worker processes; a case fails if it ends its process, hangs, raises
an unexpected type of exception, or changes a model that it must not change. docs/testing.md says how to repeat one.
"""
