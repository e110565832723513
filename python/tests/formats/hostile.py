"""Hostile files for readers: how valid bytes are spoilt, and what a reader may answer.

A test makes one small valid file (1 to 2 kB), a function that reads a path to the end, and cases:

    from formats.hostile import Case, assert_survives, damaged, flips, numbers, prefixes

    def test_hostile_bytes(tmp_path):
        data = small_file()
        cases = [*prefixes(data), *flips(data), *numbers(data, [4, 12], 4), *damaged(data, 2000, seed=1)]
        assert_survives(lambda path: read(path), cases, tmp_path)

`Case("two tensors of one name", data)` is what a test makes itself: duplicate names, overlaps, depth, wrong types. What
`read` raises must be one of the package's errors and name the file; it may also return, because a flipped bit of a
weight is a weight. The cases run in a child process: it may not die, take more than ten seconds for a file, or use
more memory than twice the file and 64 MiB. What it uses is the kernel's high-water mark: a limit to what it may ask for
would turn a bomb in a library into an error that looks like a refusal, so that limit is far higher, and only protects
the machine. The child is forked, so `read` need not be importable.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from select import select
from typing import Any, Literal, NamedTuple

from fuzz.files.damage import damage
from fuzz.judge import untyped

import swiftalexnet as sa
from swiftalexnet.files.source import opened_source
from swiftalexnet.formats.contents import Options
from swiftalexnet.formats.load import contents_of
from swiftalexnet.formats.malformed import malformed
from swiftalexnet.formats.recognition import recognize

SECONDS = 10.0  # a file
SPARE = 64 << 20  # bytes of memory besides twice the file
_MOST_ASKED = 4 << 30  # bytes besides that, which need not be touched
_LIMITS = (1 << 31, 1 << 32, 1 << 62, 1 << 63, (1 << 31) - 1, (1 << 63) - 1)
_MOST_FAULTS = 5  # after which the rest of the cases is left


class Case(NamedTuple):
    """A file to read."""

    name: str
    data: bytes


class Answer(NamedTuple):
    """What came of a case: whether the file was read, and what is wrong with that."""

    was_read: bool
    fault: str = ""


def prefixes(data: bytes) -> Iterator[Case]:
    """Yield every proper prefix."""
    for length in range(len(data)):
        yield Case(f"the first {length} bytes", data[:length])


def flips(data: bytes, places: Iterable[int] | None = None) -> Iterator[Case]:
    """Yield the file with each bit flipped, of all bytes or those at `places`."""
    for at in range(len(data)) if places is None else places:
        for bit in range(8):
            yield Case(f"bit {bit} of byte {at} flipped", data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])


def numbers(
    data: bytes, places: Iterable[int], size: int, order: Literal["little", "big"] = "little"
) -> Iterator[Case]:
    """Yield the file with other numbers of `size` bytes at each place: one more, one less, limits of 32 and 64 bits."""
    for at in places:
        old = int.from_bytes(data[at : at + size], order)
        for new in (old + 1, old - 1, 0, -1, *_LIMITS):
            packed = (new % 256**size).to_bytes(size, order)
            yield Case(f"{new} for {old} at byte {at}", data[:at] + packed + data[at + size :])


def damaged(data: bytes, count: int, seed: int) -> Iterator[Case]:
    """Yield the file damaged at random: bits, bytes, numbers, spans removed, repeated, swapped or filled."""
    for number in range(count):
        done, spoilt = damage(data, Random(f"{seed}/{number}"))
        yield Case(f"damage {seed}/{number}: {done}", spoilt)


def loading(kind: str) -> Callable[[Path], Any]:
    """Return a function that loads a file unless damage has made it one of another format."""

    def read(path: Path) -> Any:
        with opened_source(path, "load") as file, malformed(file):
            found = recognize(file)
        return sa.load(path) if found == kind else None

    return read


def describing(kind: str, network: bool = True) -> Callable[[Path], Any]:
    """Return a function that reads all tensors with the reader of a format, and the network but for its model.

    It takes a fraction of the time of `loading`.
    """

    def read(path: Path) -> Any:
        with opened_source(path, "load") as file, malformed(file):
            contents = contents_of(file, kind, Options())
            for stored in contents.tensors.values():
                stored.array()
            return contents.chain() if network else None

    return read


def assert_survives(read: Callable[[Path], Any], cases: Iterable[Case], folder: Path, name: str = "hostile") -> int:
    """Fail unless every case is read or refused as it should be; return how many were read."""
    whole = list(cases)
    done, faults, first = 0, [], 0
    while first < len(whole) and len(faults) < _MOST_FAULTS:
        answers, ending = _in_child(read, whole[first:], folder / name)
        done += sum(answer.was_read for answer in answers)
        faults += [f"{whole[first + i].name}: {answer.fault}" for i, answer in enumerate(answers) if answer.fault]
        first += len(answers)
        if ending is not None:
            faults.append(f"{whole[first].name}: {ending}")
            first += 1
    assert not faults, "\n".join(faults)
    return done


def _in_child(read: Callable[[Path], Any], cases: Sequence[Case], path: Path) -> tuple[list[Answer], str | None]:
    """Return what came of the cases, and how the child ended if that was too early."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _run(read, cases, path, writing)
        finally:
            os._exit(0)
    os.close(writing)
    text, ending = b"", None
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while True:
            if not select([pipe], [], [], SECONDS + 1)[0]:
                ending = f"no answer in {SECONDS:g} seconds"
                os.kill(child, signal.SIGKILL)
                break
            if not (part := pipe.read(1 << 16)):
                break
            text += part
    _, status = os.waitpid(child, 0)
    answers = [Answer(*json.loads(line)) for line in text.splitlines(keepends=True) if line.endswith(b"\n")]
    if ending is None and len(answers) < len(cases) and sum(bool(answer.fault) for answer in answers) < _MOST_FAULTS:
        ending = f"the process died: {os.waitstatus_to_exitcode(status)}"
    return answers, ending


def _run(read: Callable[[Path], Any], cases: Sequence[Case], path: Path, writing: int) -> None:
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faults = 0
    for case in cases:
        path.write_bytes(case.data)
        with open("/proc/self/statm", encoding="ascii") as statm:
            addresses = int(statm.read().split()[0]) * resource.getpagesize()
        most = addresses + 2 * len(case.data) + SPARE + _MOST_ASKED
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        held, start = _held_since_now(), time.monotonic()
        answer = _judged(read, path)
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if not answer.fault and (seconds := time.monotonic() - start) > SECONDS:
            answer = Answer(False, f"it took {seconds:.0f} seconds")
        if not answer.fault and (used := _memory("VmHWM") - held) > 2 * len(case.data) + SPARE:
            answer = Answer(False, f"it used {used:,} bytes of memory")
        os.write(writing, json.dumps(answer).encode() + b"\n")
        faults += bool(answer.fault)
        if faults == _MOST_FAULTS:
            return


def _held_since_now() -> int:
    """Begin the high-water mark of this process's memory anew; return the memory that it holds."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as mark:
        mark.write("5")
    return _memory("VmRSS")


def _memory(line: str) -> int:
    """Return a number of bytes that the kernel says of this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition(f"{line}:")[2].split(maxsplit=1)[0]) << 10


def _judged(read: Callable[[Path], Any], path: Path) -> Answer:
    try:
        read(path)
    except MemoryError as error:
        if not str(error) or untyped(error) is not None:
            return Answer(False, f"it asked for too much memory: {_place(error)}")
    except BaseException as error:
        if isinstance(error, TypeError | KeyboardInterrupt) or untyped(error) is not None:
            return Answer(False, f"{type(error).__name__}: {error}\n{_place(error)}")
        if isinstance(error, ValueError | NotImplementedError) and str(path) not in str(error):
            return Answer(False, f"the message does not name the file: {error}\n{_place(error)}")
    else:
        return Answer(True)
    return Answer(False)


def _place(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__)[-4:])
