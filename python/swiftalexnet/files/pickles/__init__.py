"""Pickles, read without running any of their code.

A pickle is a program for a stack machine and can call any function by name. The machine here knows a closed list of
opcodes (described in CPython's Lib/pickletools.py) and builds data alone; the names that it may call are those that
its caller gives it, and they stand for functions of this package, never for what the pickle means by them.
"""
