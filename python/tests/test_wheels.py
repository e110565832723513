"""The fast parts of `make wheel`: the library from OpenBLAS's archive, licences, detection of Pythons."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fresh_process import run

FOLDER = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def scripts():
    """Import the scripts, and remove their folder from the path."""
    sys.path.insert(0, str(FOLDER))
    try:
        import build_wheels
        import try_wheels

        yield build_wheels, try_wheels
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def library(scripts, tmp_path_factory):
    """OpenBLAS as in the wheel."""
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    build_wheels, _ = scripts
    try:
        archive = build_wheels.find_archive()
    except SystemExit as reason:
        pytest.skip(str(reason))
    path = tmp_path_factory.mktemp("wheel") / build_wheels.LIBRARY
    build_wheels.link_openblas(archive, path)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    return path


def test_the_name_is_the_one_that_the_engine_looks_for(scripts):
    source = (FOLDER.parent / "Sources" / "COpenBLAS" / "openblas.c").read_text()
    assert re.findall(r'beside_this_code\("(.+?)"', source) == [scripts[0].LIBRARY]


@pytest.mark.skipif(not shutil.which("nm") or not shutil.which("readelf"), reason="binutils are not installed")
def test_the_library_shows_what_is_called_and_needs_the_c_library_alone(scripts, library):
    listing = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    assert sorted(line.split()[-1] for line in listing.stdout.splitlines()) == sorted(scripts[0].SYMBOLS)
    listing = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"\(NEEDED\).*\[(.+)\]", listing)) <= {"libc.so.6", "libm.so.6", "libpthread.so.0"}


def test_the_library_multiplies_for_the_engine(library):
    code = """
import numpy as np, swiftalexnet as sa
x, w = np.arange(12, dtype=np.float32).reshape(3, 4), np.arange(20, dtype=np.float32).reshape(5, 4)
print(sa.info()["gemm"], np.array_equal(sa.ops.dense(x, w), x @ w.T))
"""
    assert run(code, SWIFTALEXNET_GEMM="openblas", SWIFTALEXNET_OPENBLAS=str(library)) == "openblas True"


def test_the_licence_is_in_the_metadata(scripts, tmp_path):
    text = tmp_path / "text"
    text.write_text("BSD")
    metadata = tmp_path / "METADATA"
    metadata.write_text("Name: x\nLicense-Expression: MIT\nLicense-File: LICENSE\n\nAbout\n")
    scripts[0].add_licence(tmp_path, text)
    named = re.findall("^License-File: (.+)$", metadata.read_text(), re.MULTILINE)
    assert sorted(named) == ["LICENSE", "OpenBLAS/copyright"]
    assert (tmp_path / "licenses" / "OpenBLAS" / "copyright").read_text() == "BSD"
    assert "License-Expression: MIT AND BSD-3-Clause\n" in metadata.read_text()


def test_pythons_are_found_by_what_they_say(scripts):
    _, try_wheels = scripts
    assert try_wheels.find_python("2.99") is None
    here = "{}.{}".format(*sys.version_info)
    found = try_wheels.find_python(here)
    said = found and subprocess.run([found, "-V"], capture_output=True, text=True, check=True).stdout
    assert found is None or said.startswith(f"Python {here}.")


def test_no_python_is_an_error(scripts, monkeypatch, capsys):
    monkeypatch.setattr(scripts[1], "VERSIONS", ("2.99",))
    with pytest.raises(SystemExit, match="no wheel was tried"):
        scripts[1].main(["some.whl"])
    assert capsys.readouterr().out == "skipped: python2.99 not found\n"
