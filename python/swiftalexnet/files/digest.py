"""A file's digest as its publisher gives it: "sha256:7be5be79…", in full or only its first digits."""

import os
from typing import NamedTuple

from .source import opened_source


class Digest(NamedTuple):
    """An algorithm of `hashlib` and hexadecimal digits, at least the first eight."""

    algorithm: str
    digits: str

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Return the digest of a text such as "md5:64373286793e3c8b2b4e3219cbf3544b"."""
        algorithm, _, digits = text.partition(":")
        return cls(algorithm, digits)

    def difference(self, path: str | os.PathLike[str], size: int | None = None) -> str | None:
        """Return in what a file differs from what is expected of it, None if in nothing.

        Raises
        ------
        OSError
            It cannot be read.
        """
        with opened_source(path, "digest") as file:
            if size is not None and file.size != size:
                return f"{path} has {file.size:,} bytes, expected {size:,}"
            found = file.digest(self.algorithm)
        if found.startswith(self.digits):
            return None
        return f"{path} has {self._name} {found}, expected {self.digits}"

    @property
    def _name(self) -> str:
        return {"sha256": "SHA-256", "sha1": "SHA-1", "md5": "MD5"}[self.algorithm]

    def __str__(self) -> str:
        return f"{self._name} {self.digits}"
