"""What the benchmarks say about the machine and the packages they ran on."""

import platform
from functools import cache
from importlib import metadata
from pathlib import Path


def cpu_name() -> str:
    """Return the processor's marketing name where the system tells it, else its architecture."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def package_version(package: str) -> str | None:
    """Return the version of an importable package without importing it; None where it is not installed."""
    distributions = _distributions().get(package)
    return metadata.version(distributions[0]) if distributions else None


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())
