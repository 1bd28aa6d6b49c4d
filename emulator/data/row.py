"""One record, light until somebody looks at it: an account of 200,000 contacts starts in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Fields", "Row"]

Fields = dict[str, Any]
"""Field values by API name. Instants are milliseconds; names with a leading underscore are never served."""


class Row:
    """Identity and times are at hand; the other fields are made on first use; `wire` is kept until a change."""

    __slots__ = ("_fields", "_make", "created", "id", "index", "parent", "updated", "wire")

    def __init__(
        self,
        id_: str,
        created: int | None,
        updated: int | None,
        make: Callable[[Row], Fields] | Fields,
        index: int = 0,
        parent: str = "",
    ) -> None:
        self.id = id_
        self.created = created
        self.updated = updated
        self.index = index  # the generator's number of this row
        self.parent = parent  # id of the deal or pipeline, for rows of a child list
        self.wire: bytes | None = None
        self._fields: Fields | None = None
        self._make: Callable[[Row], Fields] | None = None
        if callable(make):
            self._make = make
        else:
            self._fields = make

    @property
    def fields(self) -> Fields:
        """All fields except id and the two times."""
        if self._fields is None:
            self._fields = self._make(self) if self._make else {}
        return self._fields

    def pin(self) -> Fields:
        """All fields, from now on the row's own: call it before a change."""
        fields = self.fields
        self._make = None
        return fields

    def release(self) -> None:
        """Give back the memory of fields that can be made again."""
        if self._make is not None:
            self._fields = None
