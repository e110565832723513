"""Paths that are not files: devices, pipes, folders, impossible names; and values that are not paths."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..world import World
from .objects import Liar, Planned


class _PathLike:
    def __init__(self, result: Any):
        self._result = result

    def __fspath__(self) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def _pipe(world: World) -> Path:
    path = world.new_file()
    os.mkfifo(path)
    return path


def _socket(world: World) -> Path:
    path = world.new_file()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    return path


def _loop(world: World) -> Path:
    path = world.new_file()
    path.symlink_to(path)
    return path


def _dangling(world: World) -> Path:
    path = world.new_file()
    path.symlink_to(world.home / "nowhere" / "at all")
    return path


def _forbidden(world: World) -> Path:
    path = world.new_file()
    path.write_bytes(b"secret")
    path.chmod(0)
    return path


def _file(content: bytes) -> Callable[[World], Path]:
    def make(world: World) -> Path:
        path = world.new_file()
        path.write_bytes(content)
        return path

    return make


def _folder(world: World) -> Path:
    path = world.new_file()
    path.mkdir()
    return path


PATHS: dict[str, Callable[[World], Any]] = {
    "missing": lambda world: world.home / "missing",
    "in a missing folder": lambda world: world.home / "missing" / "file",
    "below a file": lambda world: world.image_file() / "file",
    "folder": _folder,
    "current folder": lambda world: ".",
    "pipe": _pipe,
    "socket": _socket,
    "/dev/zero": lambda world: "/dev/zero",
    "/dev/full": lambda world: "/dev/full",
    "/dev/null": lambda world: "/dev/null",
    "/dev/null/file": lambda world: "/dev/null/file",
    "link to itself": _loop,
    "dangling link": _dangling,
    "unreadable": _forbidden,
    "empty file": _file(b""),
    "file of zeros": _file(bytes(4096)),
    "file of text": _file(b"network\n" * 9),
    "sparse terabyte": lambda world: _sparse(world),
    "/proc/self/mem": lambda world: "/proc/self/mem",
    "zero in the name": lambda world: "a\0b",
    "lone surrogate": lambda world: "\ud800",
    "not UTF-8": lambda world: os.fsdecode(os.fsencode(world.home) + b"/\xff\xfe"),
    "name of 300 characters": lambda world: world.home / ("x" * 300),
    "5,000 characters": lambda world: world.home / ("x/" * 2500),
    "line break": lambda world: world.home / "a\nb\x1b[31m",
    "empty": lambda world: "",
    "space": lambda world: " ",
    "dash": lambda world: "-",
    "bytes": lambda world: os.fsencode(world.home) + b"/file",
    "bytes with a zero": lambda world: b"\xff\0",
    "path of bytes": lambda world: _PathLike(b"bytes"),
    "path of a number": lambda world: _PathLike(3),
    "path that raises": lambda world: _PathLike(Planned("path")),
    "path that lies": lambda world: Liar(world),
    "True": lambda world: True,
    "False": lambda world: False,
    "0": lambda world: 0,
    "-1": lambda world: -1,
    "1000000": lambda world: 1_000_000,
    "2^70": lambda world: 2**70,
    "1.5": lambda world: 1.5,
    "None": lambda world: None,
    "list": lambda world: ["a"],
}


def hostile_path(world: World) -> tuple[str, Any]:
    """Return a name and what it stands for."""
    name = world.random.choice(list(PATHS))
    return name, PATHS[name](world)


def _sparse(world: World) -> Path:
    path = world.new_file()
    with path.open("wb") as file:
        file.truncate(2**40)
    return path
