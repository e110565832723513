"""Tests of the command line; a package, because other tests have files of the same names."""
