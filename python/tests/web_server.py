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
        self.asked, self.is_encrypted = [], False

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
        body, total = server.content, len(server.content)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        if start >= total and start:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        length = len(body) - start if server.length is None else server.length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        end = total if server.cut_at is None else min(start + server.cut_at, total)
        for at in range(start, end, 4096):
            time.sleep(server.pause)
            self.wfile.write(body[at : min(at + 4096, end)])

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
