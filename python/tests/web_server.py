"""A web server on this machine with the habits of good and bad ones."""

import http.server
import re
import ssl
import threading
import time
from contextlib import contextmanager


class Server(http.server.ThreadingHTTPServer):
    """Serves one content at every path.

    Attributes
    ----------
    content : bytes
    files : dict of str to bytes or None
        By path, in place of the one content.
    busy : int
        How many requests it answers with 503 first.
    ranges : bool
        Whether it sends parts of the content.
    cut_at : int or None
        It closes the connection after this many bytes of each answer.
    length : int or None
        What it says instead of the content's length.
    redirects : dict of str to str
        From paths to addresses.
    pause : float
        Seconds before each piece.
    answer : bytes or None
        What it sends instead of anything else.
    asked : list of (path, Range header)
    is_encrypted : bool
        Whether it speaks https.
    """

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.ranges, self.cut_at, self.length = content, True, None, None
        self.redirects, self.pause, self.answer = {}, 0.0, None
        self.asked, self.is_encrypted, self.files, self.busy = [], False, None, 0

    @property
    def address(self):
        return f"http{'s' if self.is_encrypted else ''}://localhost:{self.server_port}"

    def encrypt(self, certificate, key):
        """Speak https."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.is_encrypted = True

    def handle_error(self, request, client_address):
        """Say nothing: clients that leave early are part of the tests."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append((self.path, asked))
        if server.answer is not None:
            self.wfile.write(server.answer)
            return
        if self.path in server.redirects:
            self.send_response(302)
            self.send_header("Location", server.redirects[self.path])
            self.end_headers()
            return
        if server.busy:
            server.busy -= 1
            self.send_error(503)
            return
        body = server.content if server.files is None else server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        total, (start, last) = len(body), self._range(asked if server.ranges else None)
        if start >= total and start:
            self.send_error(416)
            return
        is_part = start > 0 or last is not None
        body = body if last is None else body[: last + 1]
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{total}")
        length = len(body) - start if server.length is None else server.length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        end = len(body) if server.cut_at is None else min(start + server.cut_at, len(body))
        for at in range(start, end, 4096):
            time.sleep(server.pause)
            self.wfile.write(body[at : min(at + 4096, end)])

    def _range(self, asked):
        first, last = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "bytes=0-").groups()
        return int(first), int(last) if last else None

    def log_message(self, *_):
        pass


@contextmanager
def serving(content, certificate=None, key=None):
    """Run a server in a thread, of https if it has a certificate."""
    with Server(content) as server:
        if certificate is not None:
            server.encrypt(certificate, key)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
