"""What the benchmarks say about the machine they ran on."""

import platform
from pathlib import Path


def cpu_name() -> str:
    """The processor's marketing name where the system tells it, else its architecture."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
