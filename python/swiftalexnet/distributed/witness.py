"""A tiny process beside each rank that says which rank was killed.

When a process of a job is killed, MPICH's launcher kills the others at once and names none of them by rank. The witness
reads from a pipe whose other end only its rank has, and so notices when that has ended; it is in a session of its own,
which the launcher does not end. Of the witnesses of one host and job the first one to notice speaks, and the others,
whose ranks the launcher has killed, do not; nor does any if a rank has said itself what is the matter. A rank that ends
in the usual way dismisses its witness.
"""

import atexit
import os
import socket
import subprocess
import tempfile
from contextlib import suppress

# Read a line. At the end of the file, without one, speak if a folder can be made, which only the first one can; it goes
# when the launcher has ended the others.
_SCRIPT = """
read line || { mkdir "$1" 2>/dev/null && printf '%s\\n' "$2" >&2; }
test -d "$1" && sleep 1 && rmdir "$1" 2>/dev/null
"""

_pipe: list[int] = []  # the end that this process writes to
_marks: list[str] = []  # the folder


def call_witness(rank: int, job: str) -> None:
    """Start a witness of this process; without a shell there is none.

    Parameters
    ----------
    rank : int
    job : str
        The same for all ranks of a job on one host, and different from that of other jobs.
    """
    if _pipe:
        return
    host = socket.gethostname()
    mark = os.path.join(tempfile.gettempdir(), f"swiftalexnet-{host}-{job}-ended")
    who = f"rank {rank} (process {os.getpid()} on {host})"
    message = f"swiftalexnet: {who} was killed, or crashed; the launcher ends the other ranks"
    reading, writing = os.pipe()
    try:
        subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "swiftalexnet-witness", mark, message],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        _pipe.append(writing)
        _marks.append(mark)
        atexit.register(dismiss_witness)
    except OSError:
        os.close(writing)
    finally:
        os.close(reading)


def hush_witnesses() -> None:
    """Let no witness of this host and job speak, because what has happened is being said."""
    for mark in _marks:
        with suppress(OSError):
            os.mkdir(mark)


def dismiss_witness() -> None:
    """Tell the witness that this process ends by itself."""
    while _pipe:
        with suppress(OSError):
            os.write(_pipe[-1], b"ended\n")
        with suppress(OSError):
            os.close(_pipe.pop())


os.register_at_fork(after_in_child=_pipe.clear)
