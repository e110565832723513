"""Temporary files: only those whose writers are known to be dead are removed."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from swiftalexnet.files import temporary_files
from swiftalexnet.files.atomic import replacing, write_atomically


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Writes half a file, says so, and waits for its end.
WRITER = """
import os, sys
from swiftalexnet.files.atomic import replacing, write_all
with replacing(sys.argv[1]) as descriptor:
    write_all(descriptor, b"half")
    print(flush=True)
    sys.stdin.read()
    write_all(descriptor, b" and whole")
"""


def start_writer(path, prefix=()):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([*prefix, sys.executable, "-c", WRITER, str(path)], env=environment, **pipes)
    assert process.stdout.readline() == b"\n"
    return process


def test_another_process_at_work_keeps_its_file_and_a_dead_one_does_not(tmp_path):
    path = tmp_path / "file"
    living, dead = start_writer(path), start_writer(path)
    dead.kill()
    dead.communicate()
    assert len(names(tmp_path)) == 2
    write_atomically(path, b"mine")
    assert path.read_bytes() == b"mine" and len(names(tmp_path)) == 2
    living.communicate()
    assert living.returncode == 0
    assert path.read_bytes() == b"half and whole" and names(tmp_path) == ["file"]


CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc")


@pytest.mark.parametrize("other", ["writes", "tidies"])
def test_processes_of_two_containers_leave_each_other_alone(tmp_path, other):
    """Each has its own process numbers: a process there may have the number of a dead one here."""
    path = tmp_path / "file"
    try:
        subprocess.run([*CONTAINER, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs the right to make a PID namespace, as root has it: {error}")
    first, second = ((), CONTAINER) if other == "tidies" else (CONTAINER, ())
    living = start_writer(path, first)
    tidying = start_writer(path, second)
    tidying.communicate()
    assert tidying.returncode == 0 and path.read_bytes() == b"half and whole" and len(names(tmp_path)) == 2
    living.communicate()
    assert living.returncode == 0 and names(tmp_path) == ["file"]


def test_a_thread_at_work_keeps_its_file(tmp_path):
    path, entered, leave = tmp_path / "file", threading.Event(), threading.Event()

    def write():
        with replacing(path):
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    assert entered.wait(60)
    write_atomically(path, b"mine")
    assert len(names(tmp_path)) == 2
    leave.set()
    thread.join()
    assert names(tmp_path) == ["file"] and path.read_bytes() == b""


def abandoned(folder, monkeypatch=None) -> Path:
    """Return a file whose writer is gone."""
    path, descriptor = temporary_files.create(str(folder), "file")
    os.close(descriptor)
    return Path(path)


def test_a_file_of_another_machine_stays(tmp_path, monkeypatch):
    """This machine may not be able to see its lock."""
    ours, theirs = abandoned(tmp_path), tmp_path / ".file.tmp-boot0000000-12345678"
    for path in (theirs, tmp_path / f".file.tmp-{2**22 - 1}-12345678", tmp_path / ".file.tmp-"):
        path.write_bytes(b"half")
    write_atomically(tmp_path / "file", b"new")
    assert not ours.exists() and len(names(tmp_path)) == 4
    path = abandoned(tmp_path)
    monkeypatch.setattr(temporary_files, "_machine", lambda: None)  # the system does not say
    unknown = abandoned(tmp_path)
    write_atomically(tmp_path / "file", b"newer")
    assert path.exists() and unknown.exists() and (tmp_path / "file").read_bytes() == b"newer"


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_without_locks_nothing_is_removed_and_writing_works(tmp_path, monkeypatch, code):
    path = abandoned(tmp_path)

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    write_atomically(tmp_path / "file", b"new")
    assert path.exists() and (tmp_path / "file").read_bytes() == b"new"


def test_a_file_that_was_removed_before_it_was_locked_is_created_again(tmp_path, monkeypatch):
    original, tidied = temporary_files._lock, []

    def lock(descriptor):
        if not tidied:
            (path,) = tmp_path.iterdir()
            path.unlink()
            tidied.append(path)
        return original(descriptor)

    monkeypatch.setattr(temporary_files, "_lock", lock)
    write_atomically(tmp_path / "file", b"new")
    assert tidied and names(tmp_path) == ["file"] and (tmp_path / "file").read_bytes() == b"new"


def test_a_stale_file_that_cannot_be_removed_does_not_block(tmp_path, monkeypatch):
    stale = abandoned(tmp_path)
    (tmp_path / f"{stale.name}x").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / f"{stale.name}y")
    (tmp_path / f"{stale.name}z").mkdir()

    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        write_atomically(tmp_path / "file", b"new")
    assert stale.exists() and (tmp_path / "file").read_bytes() == b"new"
    write_atomically(tmp_path / "file", b"newer")
    assert not stale.exists() and len(names(tmp_path)) == 4


@pytest.mark.parametrize("name", ["a" * 255, "ä" * 127])
def test_the_longest_names_can_be_written(tmp_path, name):
    write_atomically(tmp_path / name, b"new")
    assert names(tmp_path) == [name]


def test_a_writer_that_is_killed_by_ctrl_c_leaves_nothing(tmp_path):
    process = start_writer(tmp_path / "file")
    process.send_signal(signal.SIGINT)
    process.wait(60)
    process.communicate()
    assert names(tmp_path) == []
