"""What a source or a destination needs towards the platform: process, engine, partitions, states, records on their way.

The other rooms of `airbyte_rdstation` know no stream and no catalog. Here is what the tables of streams agree in. Pure.
"""

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
    sort: str = ""
    """The field in whose order the list is asked for. Empty: no order of it is documented."""
    cursor: str = ""
    """Empty: the stream is read whole each time."""
    primary_key: str | tuple[str, ...] = "id"
    """The field that tells records apart, or the fields that do so together; none where nothing does."""
    lenient: bool = False
    """Its fields are guesses: a value of another type than the schema's is rewritten, so that none fails."""
