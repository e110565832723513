"""Atomic writing: the order of system calls, permissions, failures at every call, what a killed process leaves."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from swiftalexnet import files
from swiftalexnet.files import open_regular, write_atomically


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new" and names(tmp_path) == ["file"]


def test_permissions(tmp_path):
    path = tmp_path / "file"
    umask = os.umask(0o027)
    try:
        write_atomically(path, b"1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        write_atomically(path, b"2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(umask)


def test_link_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"new"


def test_order_is_write_sync_rename_sync_of_the_folder(tmp_path, monkeypatch):
    calls = []
    for name in ("write", "fsync", "replace"):
        original = getattr(os, name)

        def spy(*arguments, name=name, original=original):
            kind = "folder" if name == "fsync" and stat.S_ISDIR(os.fstat(arguments[0]).st_mode) else name
            calls.append(kind)
            return original(*arguments)

        monkeypatch.setattr(os, name, spy)
    write_atomically(tmp_path / "file", b"content")
    assert calls == ["write", "fsync", "replace", "folder"]


def test_short_writes_are_continued(tmp_path, monkeypatch):
    original = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: original(descriptor, data[:3]))
    write_atomically(tmp_path / "file", b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize("call", ["open", "fchmod", "write", "fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_failure_keeps_the_old_file_and_errno(tmp_path, monkeypatch, call, code):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*_, **__):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched, pytest.raises(OSError) as caught:
        patched.setattr(os, call, fail)
        write_atomically(path, b"new")
    assert caught.value.errno == code
    assert path.read_bytes() == b"old" and names(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_ctrl_c_leaves_no_temporary_file(tmp_path, monkeypatch, call):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(os, call, interrupt)
        write_atomically(tmp_path / "file", b"new")
    assert names(tmp_path) == []


FULL_DISK = """
import resource, signal, sys
from swiftalexnet.files import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(sys.argv[1], bytes(5000))
except OSError as error:
    print(error.errno)
"""


def test_real_write_error(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "file")]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    assert result.stdout.strip() == str(errno.EFBIG)
    assert (tmp_path / "file").read_bytes() == b"old" and names(tmp_path) == ["file"]


KILLED = """
import os, sys
from swiftalexnet import files
os.replace = lambda *_: os.kill(os.getpid(), 9)
files.write_atomically(sys.argv[1], b"new")
"""


def test_killed_process_leaves_the_old_file_and_the_next_write_tidies(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.read_bytes() == b"old" and len(names(tmp_path)) == 2
    write_atomically(path, b"newer")
    assert names(tmp_path) == ["file"]


def test_a_file_with_our_own_number_is_stale_unless_a_thread_writes_it(tmp_path, monkeypatch):
    written, stale = (tmp_path / f".file.tmp-{os.getpid()}-{number}" for number in ("12345678", "87654321"))
    for path in (written, stale):
        path.write_bytes(b"half")
    monkeypatch.setattr(files, "_in_work", {str(written)})
    write_atomically(tmp_path / "file", b"new")
    assert names(tmp_path) == [written.name, "file"]
    assert files._in_work == {str(written)}


def test_what_cannot_be_tidied_does_not_block(tmp_path, monkeypatch):
    stale = tmp_path / f".file.tmp-{os.getpid()}-12345678"
    stale.write_bytes(b"of another user")

    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        write_atomically(tmp_path / "file", b"new")
    assert names(tmp_path) == [stale.name, "file"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/dev/full", OSError),
        ("/dev/null", OSError),
        (".", IsADirectoryError),
        ("missing/file", FileNotFoundError),
        ("a" * 300, OSError),
        ("nul\0", ValueError),
        (3.5, TypeError),
        (None, TypeError),
    ],
)
def test_refuses_bad_targets(tmp_path, monkeypatch, path, kind):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind):
        write_atomically(path, b"new")
    assert names(tmp_path) == []


def test_reading_refuses_pipes_devices_and_folders(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError):
            open_regular(path)
