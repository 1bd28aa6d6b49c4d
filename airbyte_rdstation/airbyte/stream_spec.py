"""A stream as a row of a table, as far as all tables agree. Pure."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

__all__ = ["BaseStreamSpec"]


@dataclass(frozen=True)
class BaseStreamSpec:
    """What sets a stream apart from the others of its kind; each API's table adds columns."""

    name: str
    kind: str
    """How it is read."""
    path: str
    _: KW_ONLY
    cursor: str = ""
    """Empty: the stream is read whole each time."""
    primary_key: str | tuple[str, ...] = "id"
    """The field that tells records apart, or the fields that do so together; none where nothing does."""
