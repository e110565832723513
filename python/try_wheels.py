"""Install wheels into fresh environments and use them, on every Python that is here (`make wheel`).

usage: python python/try_wheels.py WHEEL...

What a wheel must do stands in `WITH_OPENBLAS` and `WITHOUT_OPENBLAS`: programs that run in an environment of the wheel
and its dependencies.
"""

import ctypes.util
import glob
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")

# A prediction and a product whose values are known, and which library multiplied.
USE = """
import numpy as np, swiftalexnet as sa
from pathlib import Path
image = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
(prediction,) = sa.cifar_net("80sec", seed=1).predict(image, top=3)
assert len(prediction.classes) == 3 and 0 < prediction.probabilities[0] <= 1, prediction
x, w = np.arange(12, dtype=np.float32).reshape(3, 4), np.arange(20, dtype=np.float32).reshape(5, 4)
assert np.array_equal(sa.ops.dense(x, w), x @ w.T)
folder = Path(sa.__file__).parent
assert "site-packages" in folder.parts, folder
inside = str(folder / "_openblas.so") in Path("/proc/self/maps").read_text()
"""
REFUSED = """
import numpy as np, swiftalexnet as sa
try:
    sa.ops.dense(np.ones((1, 1), np.float32), np.ones((1, 1), np.float32))
except sa.UnsupportedError as error:
    assert "libopenblas0" in str(error)
else:
    raise SystemExit("OpenBLAS was found where there is none")
"""
WISHED, PORTABLE = {"SWIFTALEXNET_GEMM": "openblas"}, {"SWIFTALEXNET_ISA": "portable"}
MISSING = {"SWIFTALEXNET_OPENBLAS": "/nowhere/libopenblas.so.0"}

# (what is tried, environment, program) of each kind of wheel.
WITH_OPENBLAS = [
    ("as installed", {}, USE + "assert not inside"),
    ("by OpenBLAS", WISHED, USE + "assert inside and sa.info()['gemm'] == 'openblas'"),
    ("portable kernels", PORTABLE, USE + "assert inside and sa.info()['gemm'] == 'openblas'"),
]
WITHOUT_OPENBLAS = [
    ("as installed", {}, USE + "assert not inside"),
    ("portable kernels, no OpenBLAS", PORTABLE | MISSING, USE + "assert sa.info()['gemm'] == 'swift'"),
    ("by OpenBLAS, which is missing", WISHED | MISSING, REFUSED),
    ("by the system's OpenBLAS", WISHED, USE + "assert not inside and sa.info()['gemm'] == 'openblas'"),
]


def main(wheels: list[str]) -> None:
    """Try every wheel on every Python; leave with an error if one fails or there is no Python."""
    tried = 0
    for version in VERSIONS:
        python = find_python(version)
        if not python:
            print(f"skipped: python{version} not found")
            continue
        for wheel in wheels:
            try_wheel(Path(wheel), python)
            tried += 1
    if not tried:
        raise SystemExit("no wheel was tried")


def find_python(version: str) -> str | None:
    """Return a Python of that version that runs, from PATH or from pyenv."""
    for path in candidates(version):
        command = [path, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if found == version:
            return path
    return None


def candidates(version: str) -> Iterator[str]:
    """Yield where such a Python may be."""
    if path := shutil.which(f"python{version}"):
        yield path
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    yield from sorted(glob.glob(f"{glob.escape(root)}/versions/{version}.*/bin/python{version}"))


def try_wheel(wheel: Path, python: str) -> None:
    """Install a wheel into an environment of its own and run the checks of its kind."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SWIFTALEXNET", "PYTHON"))}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([python, "-m", "venv", folder], check=True, env=clean)
        inside = f"{folder}/bin/python"
        subprocess.run([inside, "-m", "pip", "install", "--quiet", wheel.resolve()], check=True, env=clean)
        version = subprocess.run([inside, "-V"], capture_output=True, text=True, check=True).stdout.strip()
        for what, environment, program in WITH_OPENBLAS if "openblas" in wheel.name else WITHOUT_OPENBLAS:
            if "system" in what and not ctypes.util.find_library("openblas"):
                print(f"skipped: {wheel.name}, {version}, {what}: it is not installed")
                continue
            done = subprocess.run([inside, "-c", program], cwd=folder, env=clean | environment, check=False)
            print(f"{wheel.name}, {version}, {what}: {'failed' if done.returncode else 'works'}", flush=True)
            if done.returncode:
                raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
