"""Where a model's weights come from."""

from dataclasses import asdict, dataclass
from typing import Any

from .._support.tables import printable


@dataclass(frozen=True)
class Source:
    """Where a model's weights come from; saved with the model.

    Attributes
    ----------
    format : str
        Of the file: "PyTorch (zip)".
    name : str
        The file's name, without its folder.
    sha256 : str or None
        Of the file, in hexadecimal; None if only part of it was read.
    publisher, licence, address : str or None
        Where they are known.
    notes : tuple of str
        What reading assumed, changed or left out.
    """

    format: str
    name: str
    sha256: str | None = None
    publisher: str | None = None
    licence: str | None = None
    address: str | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are known."""
        return {key: value for key, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Source":
        """Rebuild from `to_json`."""
        return cls(**{**fields, "notes": tuple(fields.get("notes", ()))})

    def __str__(self) -> str:
        known = (("published by", self.publisher), ("licence", self.licence), ("from", self.address))
        lines = [f"{self.name}: {self.format}" + (f", SHA-256 {self.sha256}" if self.sha256 else "")]
        lines += [f"{what} {value}" for what, value in known if value]
        return "\n".join(map(printable, [*lines, *(f"note: {note}" for note in self.notes)]))
