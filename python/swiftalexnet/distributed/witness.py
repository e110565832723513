"""A small process on every host that says which rank was killed.

When a process of a job is killed, MPICH's launcher kills the others at once and names none of them by rank. All ranks
of a host are connected with the witness, which so notices when one has ended; epoll tells in which order, however late
the witness is. It is in a session of its own, which the launcher does not end. A rank that ends in the usual way says
so before; and if a rank has said itself what is the matter, the witness says nothing.
"""

import atexit
import os
import secrets
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

# Takes the number of a listening socket and of the ranks that will connect. Each sends what to say of it; then "ended"
# or "hush".
_PROGRAM = """
import os, select, socket, sys
listening, count = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
listening.settimeout(60)
try:
    ranks = [listening.accept()[0] for _ in range(count)]
except OSError:
    raise SystemExit from None
poll, said = select.epoll(), {}
for each in ranks:
    each.setblocking(False)
    poll.register(each, select.EPOLLIN)
ranks = {each.fileno(): each for each in ranks}
said = dict.fromkeys(ranks, b"")
while ranks:
    for number, _ in poll.poll():
        data = ranks[number].recv(4096)
        said[number] += data
        if b"\\nhush\\n" in said[number]:
            raise SystemExit
        if not data:
            if b"\\nended\\n" not in said[number]:
                os.write(2, said[number].partition(b"\\n")[0] + b"\\n")
                raise SystemExit
            poll.unregister(number)
            ranks.pop(number).close()
"""

_connection: list[socket.socket] = []  # with the witness


def call_witness(rank: int, host: Any) -> None:
    """Start this host's witness, or connect with it; where that cannot be done there is none.

    Parameters
    ----------
    rank : int
        This process's, in the whole job.
    host : mpi4py communicator
        Of the ranks of this host.
    """
    address = None
    if host.Get_rank() == 0:
        with suppress(OSError):
            address = _start(host.Get_size())
    address = host.bcast(address)
    if address is None or _connection:
        return
    with suppress(OSError):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
        who = f"rank {rank} (process {os.getpid()} on {socket.gethostname()})"
        connection.sendall(f"swiftalexnet: {who} was killed, or crashed; the launcher ends the others\n".encode())
        _connection.append(connection)
        atexit.register(dismiss_witness)


def hush_witness() -> None:
    """Let the witness say nothing, because what has happened is being said."""
    _tell(b"hush\n")


def dismiss_witness() -> None:
    """Tell the witness that this process ends by itself."""
    _tell(b"ended\n")
    while _connection:
        _connection.pop().close()


def _start(ranks: int) -> str:
    address = f"\0swiftalexnet-{secrets.token_hex(8)}"  # in the abstract namespace: it leaves no file
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(ranks)
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, str(listening.fileno()), str(ranks)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )
    return address


def _tell(word: bytes) -> None:
    for connection in _connection:
        with suppress(OSError):
            connection.sendall(word)


os.register_at_fork(after_in_child=_connection.clear)
