"""A file of results that rows are added to, so that one of them can be measured again."""

import json
from pathlib import Path
from typing import Any


class Results:
    """What was measured on one machine in one setting: the newest measurement of each row."""

    def __init__(self, path: Path, machine: dict[str, Any]):
        """Read the file if it is there; rows of another machine or setting are refused, not mixed in."""
        self.path = path
        self.machine = machine
        self.rows: dict[str, dict[str, Any]] = {}
        if path.exists():
            stored = json.loads(path.read_text())
            if stored["machine"] != machine:
                raise ValueError(f"{path}: measured on {stored['machine']}, here is {machine}; choose another --out")
            self.rows = stored["rows"]

    def add(self, title: str, row: dict[str, Any]) -> None:
        """Put a row in place of an older one, and write the file."""
        self.rows[title] = row
        self.path.write_text(json.dumps({"machine": self.machine, "rows": self.rows}, indent=1) + "\n")
