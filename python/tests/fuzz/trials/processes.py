"""A separate process in a hostile environment: variables, closed streams, limits."""

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import swiftalexnet as sa

from ..world import World

# Variables that the package reads, and some that its libraries do.
VARIABLES = (
    *("SWIFTALEXNET_NUM_THREADS", "SWIFTALEXNET_ISA", "SWIFTALEXNET_GEMM", "OMP_NUM_THREADS"),
    *("SWIFTALEXNET_OPENBLAS", "SWIFTALEXNET_HOME", "SWIFTALEXNET_OFFLINE"),
    *("SWIFT_BACKTRACE", "OPENBLAS_NUM_THREADS", "COLUMNS", "LINES", "TERM", "HOME", "TMPDIR", "TZ", "LC_ALL"),
)
_VALUES = ("", " ", "0", "-1", "1", "2", "256", "257", "999999999999", "9" * 400, "1.5", "nan", "2,3", "auto", "avx2")
_MORE_VALUES = (
    "portable",
    "AVX512",
    "openblas",
    "swift",
    "blas",
    "é",
    "\udcff",
    "%n%s",
    "x" * 100_000,
    "\n",
    "/dev/null",
)
_SECONDS = 30  # a busy machine starts Python slowly

_BEGIN = """
import os, signal, sys, threading, time, warnings
warnings.simplefilter("ignore")
import numpy as np
import swiftalexnet as sa
def fit(epochs, progress=False):  # a lock of tqdm's may be held when a process forks
    model = sa.Model.from_spec(sys.argv[1], "glorot")
    data = sa.ArrayDataset(np.zeros((4, 20, 20, 3), np.uint8), [0, 1, 2, 3])
    model.fit(data, recipe=sa.recipe("torchvision", epochs=epochs), progress=progress)
    return model
def threads(**options):
    for thread in [threading.Thread(target=fit, **options) for _ in range(2)]:
        thread.start()
    time.sleep(0.2)
"""

# How a process works and ends; a line of Python each.
_SCRIPTS = {
    "works": "print(sa.info()); fit(1, True).predict(np.zeros((2, 20, 20, 3), np.uint8))",
    "ends while others train": "threads(args=(10**6,), daemon=True)",
    "ends before others have trained": "threads(args=(20,))",
    "is interrupted": "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start(); fit(10**6)",
    "exits while it trains": "threads(args=(10**6,), daemon=True); sys.exit(0)",
    "forks while others train": "threads(args=(20,)); child = os.fork() or fit(1) and os._exit(0); os.wait()",
}

_END = """
try:
    {}
except (ValueError, TypeError, MemoryError, OSError, NotImplementedError) as error:
    assert type(error).__module__ in ("builtins", "swiftalexnet"), type(error)
except KeyboardInterrupt:
    pass
"""


@dataclass
class Process:
    """A process that has not been started yet."""

    text: str
    run: Callable[[], Any]
    seconds: float = _SECONDS + 10


def make_process(world: World) -> Process:
    """Draw variables, streams and limits."""
    variables = {
        world.random.choice(VARIABLES[:4] if world.one_of(True, True, False) else VARIABLES): world.random.choice(
            (*_VALUES, *_MORE_VALUES)
        )
        for _ in range(world.random.choice((1, 1, 2)))
    }
    streams = world.one_of("open", "open", "closed", "full", "ascii")
    model = str(world.shared.folder / "model.safetensors")
    words = world.one_of(["info"], ["summary", model], ["predict", "--model", model, str(world.image_file())])
    name, command = f"swiftalexnet {words[0]}", [sys.executable, "-m", "swiftalexnet", *words]
    if world.random.random() < 0.7:
        name = world.random.choice(list(_SCRIPTS))
        command = [sys.executable, "-c", _BEGIN + _END.format(_SCRIPTS[name]), world.shared.model.spec]
    shown = {variable: value[:20] for variable, value in variables.items()}
    return Process(f"process {name}, {shown}, streams {streams}", lambda: _run(command, variables, streams, world))


def _run(command: list[str], variables: dict[str, str], streams: str, world: World) -> None:
    path = os.pathsep.join([str(Path(sa.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    if streams == "ascii":
        environment["PYTHONIOENCODING"] = "ascii"
    log = world.new_file(".log")
    with log.open("wb") as output, open("/dev/full", "wb") as full:
        target: Any = full if streams == "full" else output

        def prepare() -> None:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore it
            if streams == "closed":
                os.closerange(0, 3)

        options: dict[str, Any] = {"env": environment, "cwd": world.home, "preexec_fn": prepare, "timeout": _SECONDS}
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=target, stderr=target, check=False, **options
            )
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the process did not end within {_SECONDS} s") from None
    said = log.read_text("utf-8", "replace")
    # 120 is Python's own word for streams that could not be flushed at its end.
    # Python says with a traceback what a thread was refused, and that Ctrl-C came while it waited for its threads.
    untyped = "Traceback" in said and not re.search(
        r"^(swiftalexnet\.\w+Error: |KeyboardInterrupt)", said, re.MULTILINE
    )
    if done.returncode not in (0, 1, 2, 120) or untyped or (done.returncode == 1 and streams == "open"):
        raise AssertionError(f"the process ended with {done.returncode}: {said[-600:]}")
