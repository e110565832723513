"""A process that runs cases: it reads one number per line, and writes JSON before and after each case.

Standard output and error belong to what the cases say; answers go to a descriptor of their own, whose number is the
first argument. The second is the seed; a third names a module with a function `run(seed, number)` in the place of the
fuzzer's own cases, for tests of the fuzzer.
"""

import faulthandler
import importlib
import json
import os
import resource
import sys
import urllib.request
import warnings
from collections.abc import Callable
from typing import Any

_ADDRESSES = 4 << 30  # bytes above what the process begins with


def main(descriptor: int, seed: int, module: str | None = None) -> None:
    """Run the cases whose numbers come."""
    numbers = os.fdopen(os.dup(0), closefd=True)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    faulthandler.enable()
    warnings.simplefilter("ignore")
    run, close = _planted(module, seed) if module else _own_cases(seed, descriptor)
    try:
        for line in numbers:
            number = int(line)
            _say(descriptor, start=number)
            outcome = run(number, lambda text, seconds: _say(descriptor, text=text, seconds=seconds))
            _say(descriptor, number=number, **outcome._asdict())
            if outcome.spoilt:
                return
    finally:
        close()


def _own_cases(seed: int, descriptor: int) -> tuple[Callable[..., Any], Callable[[], None]]:
    from .cases import Cases
    from .world import Shared

    shared = Shared()
    os.chdir(shared.folder)
    for made in ("history", "profile", "vgg", "cifar"):  # here, and not within the time of a case
        getattr(shared, made)
    urllib.request.urlopen = _no_network
    with open("/proc/self/statm", encoding="ascii") as statm:
        pages = int(statm.read().split()[0])
    most = pages * resource.getpagesize() + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return Cases(seed, shared, (0, 1, 2, descriptor)).run, shared.close


def _planted(module: str, seed: int) -> tuple[Callable[..., Any], Callable[[], None]]:
    run = importlib.import_module(module).run
    return lambda number, note: run(seed, number), lambda: None


def _no_network(*_: Any, **__: Any) -> None:
    raise OSError("the fuzzer has no network")


def _say(descriptor: int, **answer: Any) -> None:
    line = json.dumps(answer).encode() + b"\n"
    while line:
        line = line[os.write(descriptor, line) :]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
