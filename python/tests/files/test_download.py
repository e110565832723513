import errno
import hashlib
import os
import shutil
import subprocess
import threading

import fresh_process
import numpy as np
import pytest
from web_server import serving

from swiftalexnet.files import download, partial
from swiftalexnet.files.digest import Digest

CONTENT = np.random.default_rng(0).bytes(50_000)
SIZE = len(CONTENT)
DIGEST = Digest("sha256", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def server(monkeypatch):
    """A server whose address counts as https, as that of no other server does."""
    with serving(CONTENT) as server:
        monkeypatch.setattr(download, "is_secure", lambda address: address.startswith(server.address))
        yield server


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home"


def fetch(server, folder, *, size=SIZE, digest=DIGEST, path="/weights", **options):
    remote = download.Remote(server.address + path, digest, size)
    return download.fetch(remote, folder / "weights.bin", progress=False, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", [SIZE, None])
def test_the_file_and_nothing_else(server, folder, size):
    path = fetch(server, folder, size=size)
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["weights.bin"]


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_digests_of_every_publisher(server, folder, algorithm):
    digits = hashlib.new(algorithm, CONTENT).hexdigest()
    for given in (digits, digits[:8]):
        assert fetch(server, folder, digest=Digest.parse(f"{algorithm}:{given}")).read_bytes() == CONTENT


def test_a_bar_counts_the_bytes(server, folder, capsys):
    remote = download.Remote(f"{server.address}/weights", DIGEST, len(CONTENT))
    download.fetch(remote, folder / "weights.bin")
    assert "weights.bin: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digest": Digest("sha256", "0" * 64)}, "SHA-256 .*expected 0{64}; it is not kept"),
        ({"digest": Digest("md5", "0" * 32)}, "MD5"),
        ({"size": 10}, "has 50,000 bytes, expected 10"),
        ({"size": 10**6}, "has 50,000 bytes, expected 1,000,000"),
    ],
)
def test_another_file_is_not_kept(server, folder, change, message):
    with pytest.raises(ValueError, match=message):
        fetch(server, folder, **change)
    assert names(folder) == []


def test_a_file_of_this_name_stays_until_the_new_one_is_complete(server, folder):
    folder.mkdir()
    (folder / "weights.bin").write_text("old")
    with pytest.raises(ValueError, match="not kept"):
        fetch(server, folder, digest=Digest("sha256", "0" * 64))
    assert (folder / "weights.bin").read_text() == "old"
    assert fetch(server, folder).read_bytes() == CONTENT


# Interrupted, and resumed


def test_a_body_that_ends_early_is_resumed(server, folder):
    server.cut_at = 20_000
    for have in (20_000, 40_000):
        with pytest.raises(OSError, match=f"ended after {have:,} of 50,000 bytes"):
            fetch(server, folder)
        assert names(folder) == [".weights.bin.partial"]
    assert fetch(server, folder).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=20000-", "bytes=40000-"]
    assert names(folder) == ["weights.bin"]


def test_ctrl_c_leaves_what_has_arrived(server, folder, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    server.pause = 0.01
    monkeypatch.setattr(download.Progress, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(server, folder)
    monkeypatch.undo()
    monkeypatch.setattr(download, "is_secure", lambda _: True)
    assert 0 < (folder / ".weights.bin.partial").stat().st_size < len(CONTENT)
    assert fetch(server, folder).read_bytes() == CONTENT
    assert server.asked[-1][1] is not None


def test_a_server_without_ranges_sends_everything_again(server, folder):
    server.cut_at = 20_000
    with pytest.raises(OSError, match="ended after"):
        fetch(server, folder)
    server.ranges, server.cut_at = False, None
    assert fetch(server, folder).read_bytes() == CONTENT


@pytest.mark.parametrize("size", [SIZE, None])
@pytest.mark.parametrize("length", [1, 20_000, len(CONTENT), len(CONTENT) + 1, 10**6])
def test_the_beginning_of_another_file_is_replaced(server, folder, size, length):
    folder.mkdir()
    (folder / ".weights.bin.partial").write_bytes(b"x" * length)
    assert fetch(server, folder, size=size).read_bytes() == CONTENT
    assert names(folder) == ["weights.bin"]


def test_a_complete_partial_file_needs_no_server(server, folder):
    folder.mkdir()
    (folder / ".weights.bin.partial").write_bytes(CONTENT)
    assert fetch(server, folder).read_bytes() == CONTENT
    assert not server.asked


def test_a_link_in_place_of_the_partial_file_is_not_followed(server, folder, tmp_path):
    folder.mkdir()
    (tmp_path / "other").write_text("mine")
    (folder / ".weights.bin.partial").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="partial"):
        fetch(server, folder)
    assert (tmp_path / "other").read_text() == "mine"


# Servers and connections


def test_only_https(folder):
    with serving(CONTENT) as server:
        with pytest.raises(OSError, match="not https"):
            fetch(server, folder)
        assert not server.asked
    for address in ("ftp://localhost/x", "file:///etc/passwd", "localhost", ""):
        with pytest.raises(OSError, match="not https"):
            download.fetch(download.Remote(address, DIGEST), folder / "x", progress=False)
    assert names(folder) == []


@pytest.fixture
def certificate(tmp_path):
    """A certificate for this machine that nobody has signed, and its key."""
    openssl = shutil.which("openssl") or pytest.skip("needs openssl")
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    options = ["subjectAltName=DNS:localhost", "-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    return paths


def test_https(folder, certificate, monkeypatch):
    with serving(CONTENT, *certificate) as server, serving(CONTENT) as other:
        with pytest.raises(OSError, match="certificate"):
            fetch(server, folder)
        assert names(folder) == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert fetch(server, folder).read_bytes() == CONTENT
        server.redirects = {"/weights": f"{other.address}/weights"}
        with pytest.raises(OSError, match=r"redirects to http://.*not https"):
            fetch(server, folder)
        assert not other.asked


def test_a_redirection_to_http_is_refused(server, folder):
    with serving(CONTENT) as other:
        server.redirects = {"/weights": f"{other.address}/weights", "/file": "file:///etc/passwd"}
        with pytest.raises(OSError, match=r"redirects to http://.*not https"):
            fetch(server, folder)
        assert not other.asked
    with pytest.raises(OSError):
        fetch(server, folder, path="/file")
    assert names(folder) == []


def test_redirections_on_the_server_are_followed(server, folder):
    server.redirects = {"/weights": "/elsewhere", "/endless": "/endless"}
    assert fetch(server, folder).read_bytes() == CONTENT
    with pytest.raises(OSError, match="30[12]"):
        fetch(server, folder, path="/endless")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 7-9/10\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://[\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://" + b"a" * 70 + b".com/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://" + b"\xe9" * 70 + b"/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://a..b/\r\n\r\n",
        b"HTTP/1.1 404 \x1b[31mred\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_answers_that_are_no_file(server, folder, answer):
    server.answer = answer
    for size in (SIZE, None):
        with pytest.raises((OSError, ValueError)) as error:
            fetch(server, folder, size=size)
        assert server.address in str(error.value) and "\x1b" not in str(error.value)
        assert type(error.value) in (OSError, ValueError)
        assert "weights.bin" not in names(folder)


@pytest.mark.parametrize("length", [10, len(CONTENT) * 2])
def test_a_server_that_lies_about_the_length(server, folder, length):
    server.length = length
    with pytest.raises((OSError, ValueError)):
        fetch(server, folder, size=None)
    assert "weights.bin" not in names(folder)


def test_an_endless_answer_ends(server, folder, monkeypatch):
    monkeypatch.setattr(download, "_LARGEST", 10_000)
    server.answer = b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT
    with pytest.raises(ValueError, match="more than the expected 10,000 bytes"):
        fetch(server, folder, size=None)
    assert names(folder) == []


def test_a_server_that_says_nothing_is_a_timeout(server, folder):
    server.pause = 5
    with pytest.raises(OSError, match="timed out"):
        fetch(server, folder, timeout=0.2)


def test_no_server(folder, monkeypatch):
    monkeypatch.setattr(download, "is_secure", lambda _: True)
    with pytest.raises(OSError, match="refused"):
        download.fetch(download.Remote("http://127.0.0.1:9/x", DIGEST), folder / "x", progress=False)
    assert names(folder) == []


# The disk


def test_a_full_disk_is_noticed_before(server, folder, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(OSError, match="50,000 bytes more are needed") as raised:
        fetch(server, folder)
    assert raised.value.errno == errno.ENOSPC
    assert names(folder) == []


def test_a_disk_that_fills_up(server, folder, monkeypatch):
    write_all, written = partial.write_all, []

    def fill_up(descriptor, data):
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(data)
        write_all(descriptor, data)

    server.pause = 0.01
    monkeypatch.setattr(partial, "write_all", fill_up)
    with pytest.raises(OSError, match="weights.bin") as raised:
        fetch(server, folder)
    assert raised.value.errno == errno.ENOSPC
    monkeypatch.setattr(partial, "write_all", write_all)
    assert fetch(server, folder).read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        fetch(server, tmp_path / "file")
    assert not server.asked


# Two at once


def test_threads_at_once_download_once(server, folder):
    server.pause = 0.01
    found = []
    threads = [threading.Thread(target=lambda: found.append(fetch(server, folder))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() == CONTENT for path in found] == [True] * 4
    assert len(server.asked) == 1
    assert names(folder) == ["weights.bin"]


FETCH = """
import sys
from pathlib import Path
from swiftalexnet.files import download
from swiftalexnet.files.digest import Digest
download.is_secure = lambda address: True
address, path, digest = sys.argv[1:]
download.fetch(download.Remote(address, Digest.parse(digest)), Path(path), progress=False)
print(len(Path(path).read_bytes()))
"""


def test_processes_at_once_download_once(server, folder):
    server.pause = 0.1
    arguments = f"{server.address}/weights", str(folder / "weights.bin"), f"sha256:{DIGEST.digits}"
    said = []
    threads = [threading.Thread(target=lambda: said.append(fresh_process.run(FETCH, *arguments))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [str(len(CONTENT))] * 3
    assert len(server.asked) == 1
    assert names(folder) == ["weights.bin"]


def test_when_the_first_fails_the_second_downloads(server, folder):
    server.pause, server.cut_at = 0.01, 20_000
    outcomes = []

    def attempt():
        try:
            outcomes.append(fetch(server, folder).read_bytes() == CONTENT)
        except OSError:
            outcomes.append(None)

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [None, None, True]
