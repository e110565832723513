"""Atomic writing: the order of system calls, permissions, failures at every call, what a killed process leaves."""

import errno
import os
import stat
import subprocess
import sys

import fresh_process
import numpy as np
import pytest
from support import dataset, photo_folder, quick_recipe, tiny_model

import swiftalexnet as sa
from swiftalexnet.files.atomic import write_atomically
from swiftalexnet.files.paths import as_path, naming, open_regular
from swiftalexnet.network import parts


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
    assert caught.value.errno == code and str(path) in str(caught.value)
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
from swiftalexnet.files.atomic import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(sys.argv[1], bytes(5000))
except OSError as error:
    print(error.errno, error.filename)
"""


def test_real_write_error(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "file")]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    assert result.stdout.split() == [str(errno.EFBIG), str(tmp_path / "file")]
    assert (tmp_path / "file").read_bytes() == b"old" and names(tmp_path) == ["file"]


KILLED = """
import os, sys
from swiftalexnet.files.atomic import write_atomically
os.replace = lambda *_: os.kill(os.getpid(), 9)
write_atomically(sys.argv[1], b"new")
"""


def test_killed_process_leaves_the_old_file_and_the_next_write_tidies(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.read_bytes() == b"old" and len(names(tmp_path)) == 2
    write_atomically(path, b"newer")
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/dev/full", OSError),
        ("/dev/null", OSError),
        (".", IsADirectoryError),
        ("missing/file", FileNotFoundError),
        ("a" * 300, OSError),
        ("nul\0", ValueError),
        ("", ValueError),
        (3.5, TypeError),
        (None, TypeError),
        (True, TypeError),
        (1, TypeError),
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


class Named:
    """An object with `__fspath__`."""

    def __init__(self, path):
        self._path = path

    def __fspath__(self):
        return self._path


def test_paths_of_every_kind(tmp_path):
    for value in ("a", b"a", tmp_path / "a", Named("a"), Named(b"a")):
        assert as_path(value, "path", "op").name == "a"
    assert os.fsencode(as_path(b"\xff", "path", "op")) == b"\xff"


NO_PATHS = {
    **dict.fromkeys([True, False, 0, 1, 2, 1.5, None, (), np.int64(1), np.True_, Named(1), Named(None)], TypeError),
    **dict.fromkeys(["", b"", "a\0b", b"a\0b", Named(""), Named("a\0b")], ValueError),
}


def doors(model):
    """Return everything that takes a path: the name of its argument, and a call."""
    history = model.fit(dataset(8), epochs=1, recipe=quick_recipe(), progress=False)

    def image_folder(cache):
        return sa.ImageFolder("photos", cache=cache)

    return {
        "load": ("path", sa.load),
        "save": ("path", model.save),
        "storage": ("path", lambda path: parts.save(model, path)),
        "fit": ("checkpoint", lambda path: model.fit(dataset(8), recipe=quick_recipe(), checkpoint=path)),
        "ImageFolder": ("root", sa.ImageFolder),
        "ImageFolder(cache)": ("path", image_folder),
        "cache_to": ("path", sa.ImageFolder("photos").cache_to),
        "to_csv": ("path", history.to_csv),
        "cifar10": ("path", sa.cifar10),
        "cifar10(cache)": ("cache", lambda path: sa.cifar10("photos", cache=path)),
    }


def test_anything_but_a_path_is_refused_by_every_entry_point(tmp_path, monkeypatch):
    """An integer would be an open file, and True the standard output, which closing would end."""
    photo_folder(tmp_path / "photos")
    monkeypatch.chdir(tmp_path)
    optional = {"fit": (None,), "ImageFolder(cache)": (True, False), "cifar10(cache)": (None,)}
    before = os.fstat(1), os.fstat(2)
    for door, (name, call) in doors(tiny_model()).items():
        for value, kind in NO_PATHS.items():
            if not any(value is each for each in optional.get(door, ())):
                with pytest.raises(kind, match=f"{name} is .*, expected a path"):
                    call(value)
    assert (os.fstat(1), os.fstat(2)) == before
    assert names(tmp_path) == ["photos"]


def test_an_error_names_the_file_unless_it_names_one_itself():
    with pytest.raises(OSError, match=r"No space left on device: 'a'"), naming("a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match=r"No space left on device: 'b'"), naming("a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "b")


FULL = """
import resource, signal, sys
from support import dataset, photo_folder, quick_recipe, tiny_model
import swiftalexnet as sa
folder = sys.argv[1]
model, photos = tiny_model(), sa.ImageFolder(folder + "/photos")
history = model.fit(dataset(8), epochs=1, recipe=quick_recipe(), progress=False)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
options = {"epochs": 1, "recipe": quick_recipe(), "progress": False}
for name, call in {
    "m": model.save,
    "k/checkpoint.safetensors": lambda _: model.fit(dataset(8), checkpoint=folder + "/k", **options),
    "c": photos.cache_to,
    "h": history.to_csv,
}.items():
    try:
        call(folder + "/" + name)
    except OSError as error:
        print(error.errno, error.filename.removeprefix(folder + "/"))
"""


def test_a_full_disk_names_the_file_that_could_not_be_written(tmp_path):
    photo_folder(tmp_path / "photos")
    named = ["m", "k/checkpoint.safetensors", "c", "h"]
    assert fresh_process.run(FULL, str(tmp_path)).splitlines() == [f"{errno.EFBIG} {name}" for name in named]


def test_a_path_that_cannot_be_shown_is_a_type_error():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(TypeError, match="load: path is .*expected a path"):
        as_path(deep, "path", "load")
