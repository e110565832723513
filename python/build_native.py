"""Build the extension `swiftalexnet._native` with SwiftPM and put it next to the package's Python files.

The wheel's build hook calls it; run it after a change of Swift or C to refresh an editable install:
`python python/build_native.py`.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST_SWIFT = (6, 3)

# SwiftPM would take another compiler and its flags for the C targets, which only Swift's own clang can build.
FOREIGN_VARIABLES = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS")


def build(root: Path = ROOT) -> Path:
    """Compile and link the extension; return the path of the shared object."""
    swift, include = find_swift(), find_python_headers()
    scratch = root / ".build-python"
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
    environment["SWIFTALEXNET_PYTHON_INCLUDE"] = str(include)
    environment.setdefault("HOME", str(scratch))
    command = [
        *(swift, "build", "--configuration", "release", "--product", "_native"),
        *("--package-path", str(root), "--scratch-path", str(scratch)),
        # A dynamic library ignores SwiftPM's own --static-swift-stdlib; so the wheel needs no Swift to run.
        *("-Xswiftc", "-static-stdlib"),
        # lld obeys the version script to the letter (gold leaks two Swift symbols).
        *("-Xswiftc", "-use-ld=lld"),
        *("-Xlinker", f"--version-script={root / 'python' / 'exports.map'}", "-Xlinker", "--strip-all"),
    ]
    print("+", *command, file=sys.stderr, flush=True)
    if subprocess.run(command, env=environment, stdout=sys.stderr, check=False).returncode:
        raise SystemExit("swiftalexnet: `swift build` failed; its messages are above")
    return install(scratch / "release" / "lib_native.so", root / "python" / "swiftalexnet" / "_native.abi3.so")


def install(library: Path, target: Path) -> Path:
    """Replace the extension by a new file: a running process keeps the one that it has mapped."""
    temporary = target.with_name(target.name + ".tmp")
    shutil.copyfile(library, temporary)
    os.replace(temporary, target)
    return target


def find_swift() -> str:
    """Return the Swift driver: $SWIFT or the one on PATH, if it is new enough."""
    swift = os.environ.get("SWIFT") or shutil.which("swift")
    needed = ".".join(map(str, OLDEST_SWIFT))
    if not swift:
        raise SystemExit(
            f"swiftalexnet: there is no `swift` on PATH; install Swift {needed} or newer (https://swift.org/install) "
            "or set SWIFT=/path/to/swift"
        )
    try:
        text = subprocess.run([swift, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"swiftalexnet: `{swift} --version` failed: {error}") from None
    found = re.search(r"Swift version (\d+)\.(\d+)", text)
    if not found or tuple(map(int, found.groups())) < OLDEST_SWIFT:
        first = text.splitlines()[0] if text else "nothing"
        raise SystemExit(f"swiftalexnet: `{swift} --version` says {first!r}, expected Swift {needed} or newer")
    return swift


def find_python_headers() -> Path:
    """Return the folder of Python.h of the Python that runs."""
    include = Path(sysconfig.get_paths()["include"])
    if not (include / "Python.h").exists():
        raise SystemExit(f"swiftalexnet: there is no {include / 'Python.h'}; on Debian: apt-get install python3-dev")
    return include


if __name__ == "__main__":
    print(build())
