"""Several hosts on one machine: network namespaces behind a bridge, with links of a chosen rate, and MPI across them.

    with Hosts(4, megabits=1000) as hosts:
        job = hosts.start([sys.executable, "-m", "mpi4py", "job.py"])
        hosts.cut(3)

A host has a network, a name, and processes of its own. All of it ends with the process that made it, however that ends:
the first process of a host is killed with its parent, and takes the others and the links with it. It needs Linux, root,
iproute2 and util-linux, and no ssh: MPICH's mpiexec is given a script that enters a namespace instead.

The links carry large segments as one packet, so that the interfaces count bytes almost without headers.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

TOOLS = ("ip", "tc", "nsenter", "unshare", "setpriv")
END_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")
HUB = "10.77.0.254"  # a host of its own for mpiexec, which would start ranks of its host without the script
DEADLINE = 10.0  # seconds for the first process of a host to be there
# Other hosts are reached by TCP over their one link; ranks on one host, were there several, by memory.
LAUNCH = ("-env", "MPIR_CVAR_CH4_NETMOD", "ofi", "-env", "FI_PROVIDER", "tcp", "-env", "FI_TCP_IFACE", "eth0")
IN_PLACE_OF_SSH = """\
#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
host=$1; shift
exec nsenter --target "$(cat "$(dirname "$0")/$host")" --net --uts --mount --pid -- sh -c "$*"
"""


class HostsUnavailableError(Exception):
    """Namespaces cannot be made here; the message says why."""


class Counters(NamedTuple):
    """Bytes that a host's link has carried."""

    received: int
    sent: int

    def __sub__(self, before: "Counters") -> "Counters":
        """Return what was carried since."""
        return Counters(self.received - before.received, self.sent - before.sent)


class Hosts:
    """Hosts `host0`, `host1` … with the addresses 10.77.0.1, 10.77.0.2 …

    Parameters
    ----------
    count : int
        From 1 to 253.
    megabits : int, optional
        What each link carries per second, in each direction; without it as much as the machine can.

    Attributes
    ----------
    addresses : list of str
    holders : list of int
        The first process of each host.

    Raises
    ------
    HostsUnavailableError
        On entering: this machine or this user has no namespaces, or a tool is missing.
    """

    def __init__(self, count: int, megabits: int | None = None):
        self.count, self._megabits = count, megabits
        self.addresses = [f"10.77.0.{index + 1}" for index in range(count)]
        self.holders: list[int] = []
        self._mpiexec = Path(sys.executable).with_name("mpiexec")
        self._parents: list[subprocess.Popen[bytes]] = []
        self._jobs: list[subprocess.Popen[str]] = []

    def __enter__(self) -> "Hosts":
        if os.name != "posix" or not sys.platform.startswith("linux") or os.geteuid() != 0:
            raise HostsUnavailableError("hosts in network namespaces need Linux and root")
        if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
            raise HostsUnavailableError(f"hosts in network namespaces need {', '.join(missing)}: iproute2, util-linux")
        if not self._mpiexec.exists():
            raise HostsUnavailableError("no MPI in this environment: pip install mpi4py mpich")
        self._folder = tempfile.TemporaryDirectory()
        try:
            self._hub, *self.holders = [self._new_host() for _ in range(self.count + 1)]
            self._connect()
            self._describe()
        except BaseException as error:
            self.__exit__()
            if isinstance(error, (subprocess.CalledProcessError, TimeoutError)):
                said = getattr(error, "stderr", None) or str(error)
                raise HostsUnavailableError(f"no network namespaces here: {said.strip()}") from error
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        for process in (*self._jobs, *self._parents):
            process.kill()
        for process in (*self._jobs, *self._parents):
            with process:  # which waits, and closes what it wrote to
                pass
        self._folder.cleanup()

    def start(self, command: Sequence[str], seconds: float = 120, **options: Any) -> subprocess.Popen[str]:
        """Start one rank of an MPI job on every host.

        A host that is lost keeps mpiexec waiting: after `seconds` it is told to end, with status 124.
        """
        launcher, file = (str(Path(self._folder.name, name)) for name in ("in_place_of_ssh", "hosts"))
        mpiexec = [str(self._mpiexec), "-launcher", "ssh", "-launcher-exec", launcher]
        mpiexec += ["-f", file, "-iface", "bridge", *LAUNCH]
        limited = [*END_WITH_PARENT, "timeout", "-k", "5", str(seconds), *END_WITH_PARENT, *mpiexec]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL} | options
        started = [*self._on(self._hub, "--net"), *limited, "-n", str(self.count), *command]
        job = subprocess.Popen(started, text=True, **options)
        self._jobs.append(job)
        return job

    def run(self, command: Sequence[str], seconds: float = 120, **options: Any) -> str:
        """Run one rank on every host, and return what they wrote to standard output.

        Raises
        ------
        AssertionError
            The job failed; the message has what it wrote.
        """
        job = self.start(command, seconds, stderr=subprocess.PIPE, **options)
        written, errors = job.communicate()
        assert job.returncode == 0, f"status {job.returncode}:\n{written}{errors}"
        return written

    def counters(self, host: int) -> Counters:
        """Return the bytes that a host's link has carried so far."""
        for line in Path(f"/proc/{self.holders[host]}/net/dev").read_text().splitlines():
            name, _, columns = line.partition(":")
            if name.strip() == "eth0":
                numbers = columns.split()
                return Counters(int(numbers[0]), int(numbers[8]))
        raise AssertionError("eth0 is not among the interfaces")

    def cut(self, host: int) -> None:
        """Cut a host's link: what is sent is lost, and nobody is told."""
        self._in_hub("ip", "link", "set", f"port{host}", "down")

    def processes(self, host: int) -> list[str]:
        """Return the commands of the processes on a host, but for the one that holds it; zombies do not count."""
        found = []
        for folder in Path(f"/proc/{self.holders[host]}/root/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            except OSError:  # it ended in the meantime
                continue
            if folder.name != "1" and command:
                found.append(command)
        return found

    def _new_host(self) -> int:
        """Make namespaces, and return the process that holds them."""
        hold = ["unshare", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sleep", "infinity"]
        parent = subprocess.Popen([*END_WITH_PARENT, *hold], stderr=subprocess.PIPE)
        self._parents.append(parent)
        until = time.monotonic() + DEADLINE
        while time.monotonic() < until:
            if parent.poll() is not None:
                raise subprocess.CalledProcessError(parent.returncode, hold, None, parent.stderr.read().decode())
            children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
            if children and Path(f"/proc/{children[0]}/comm").read_text() == "sleep\n":
                return int(children[0])
            time.sleep(0.005)
        raise TimeoutError(f"unshare made no namespaces in {DEADLINE:g} s")

    def _connect(self) -> None:
        self._in_hub("ip", "link", "add", "bridge", "type", "bridge")
        self._in_hub("ip", "address", "add", f"{HUB}/24", "dev", "bridge")
        self._in_hub("ip", "link", "set", "bridge", "up")
        for index, (address, process) in enumerate(zip(self.addresses, self.holders, strict=True)):
            port, inside = f"port{index}", self._on(process, "--net", "--uts")
            peer = ("peer", "name", "eth0", "netns", str(process))
            self._in_hub("ip", "link", "add", port, "type", "veth", *peer)
            self._in_hub("ip", "link", "set", port, "master", "bridge", "up")
            _call(*inside, "hostname", f"host{index}")
            _call(*inside, "ip", "link", "set", "lo", "up")
            _call(*inside, "ip", "address", "add", f"{address}/24", "dev", "eth0")
            _call(*inside, "ip", "link", "set", "eth0", "up")
            if self._megabits is not None:
                shaping = ("tbf", "rate", f"{self._megabits}mbit", "burst", "1mb", "latency", "50ms")
                _call(*inside, "tc", "qdisc", "add", "dev", "eth0", "root", *shaping)

    def _describe(self) -> None:
        """Write what mpiexec reads: the names of hosts, and how to start a process on one."""
        folder = Path(self._folder.name)
        (folder / "hosts").write_text("".join(f"{address}:1\n" for address in self.addresses))
        for address, process in zip(self.addresses, self.holders, strict=True):
            (folder / address).write_text(str(process))
        (folder / "in_place_of_ssh").write_text(IN_PLACE_OF_SSH)
        (folder / "in_place_of_ssh").chmod(0o700)

    def _in_hub(self, *command: str) -> None:
        _call(*self._on(self._hub, "--net"), *command)

    @staticmethod
    def _on(process: int, *spaces: str) -> list[str]:
        return ["nsenter", "--target", str(process), *spaces, "--"]


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
