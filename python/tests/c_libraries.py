"""Shared libraries that tests compile."""

import shutil
import subprocess

import pytest


def compile_library(folder, source, *options):
    """Compile C code to a shared library in the folder and return its path; skip the test where that is impossible."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.skip("there is no C compiler")
    code, library = folder / "library.c", folder / "library.so"
    code.write_text(source)
    command = [compiler, "-shared", "-fPIC", "-o", library, code, *options]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip(f"{compiler} makes no libraries here")
    return str(library)
