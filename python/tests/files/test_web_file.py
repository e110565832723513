"""Files on the web that are read by place."""

import socket
import threading

import pytest
from web_server import serving

import swiftalexnet as sa
from swiftalexnet.files import web_file
from swiftalexnet.files.web_file import WebFile

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(web_file, "_FIRST_PAUSE", 0.001)
    with serving(CONTENT) as running:
        yield running


def test_parts_of_a_file(server):
    file = WebFile(f"{server.address}/a.tar?key=1")
    assert file.size == len(CONTENT)
    assert file.read(1000, 50) == CONTENT[1000:1050] and file.read(0, 10**9) == CONTENT
    assert file.read(len(CONTENT) - 3, 50) == CONTENT[-3:] and file.read(len(CONTENT), 5) == b""
    assert server.asked[1] == ("/a.tar?key=1", "bytes=1000-1049")


def test_threads_share_it(server):
    file, found = WebFile(server.address), []
    threads = [
        threading.Thread(target=lambda at=at: found.append(file.read(at, 9) == CONTENT[at : at + 9])) for at in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


def test_a_busy_server_is_asked_again(server):
    server.busy = 3
    assert WebFile(server.address).read(1, 2) == CONTENT[1:3]
    server.busy = 99
    with pytest.raises(OSError, match="the server answers 503 .*; asked 6 times"):
        WebFile(server.address)


def test_a_connection_that_breaks(server):
    file = WebFile(server.address)
    server.cut_at = 100
    with pytest.raises(OSError, match="asked 6 times"):
        file.read(0, 5000)
    server.cut_at = None
    assert file.read(0, 5000) == CONTENT[:5000]


def test_a_redirection(server):
    server.redirects = {"/old": "/new"}
    assert WebFile(f"{server.address}/old").read(0, 5) == CONTENT[:5]


def test_what_is_not_there(server):
    server.files = {"/there": b"", "/key": b"x"}
    with pytest.raises(FileNotFoundError, match=r"/absent: the server answers 404") as caught:
        WebFile(f"{server.address}/absent?secret=7")
    assert "secret" not in str(caught.value)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="asked 6 times"):
            WebFile(f"http://127.0.0.1:{unused.getsockname()[1]}/")


def test_a_server_without_parts(server):
    server.ranges = False
    with pytest.raises(sa.UnsupportedError, match="sends no parts of files"):
        WebFile(server.address)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 206 OK\r\n\r\nx",
        b"HTTP/1.0 206 OK\r\nContent-Range: bytes 5-5/9\r\n\r\nx",
        b"HTTP/1.0 206 OK\r\nContent-Range: bytes 0-0/*\r\n\r\nx",
        b"HTTP/1.0 206 OK\r\nContent-Range: bytes 0-0/99999999999999999999\r\n\r\nx",
        b"nothing",
        b"",
        b"HTTP/1.0 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    ],
)
def test_answers_that_are_no_part(server, head):
    server.answer = head
    with pytest.raises(OSError):
        WebFile(server.address)


def test_a_file_that_changes(server):
    file = WebFile(server.address)
    server.content = CONTENT * 2
    with pytest.raises(ValueError, match="has 20,480 bytes, and had 10,240 when it was opened"):
        file.read(0, 5)
