"""A write that RD Station refuses, as the row's reject: a reason without values, the field where it can be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from airbyte_rdstation.client.errors import ConnectorError, NotFoundError
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["RefusedError", "refused"]


class RefusedError(RowRejectedError):
    """RD Station does not take the row."""

    def __init__(self, reason: str, said: str, field_name: str | None = None) -> None:
        super().__init__(reason, field_name=field_name)
        self.said = said


def refused(error: ConnectorError, body: Mapping[str, Any]) -> RefusedError:
    """The reject that the answer to a write of this body stands for."""
    if isinstance(error, NotFoundError):
        return RefusedError("RD Station has no record with this _id (404)", error.said, "_id")
    return RefusedError(f"RD Station refuses the values ({error.status})", error.said, _named(error.said, body))


def _named(said: str, body: Mapping[str, Any]) -> str | None:
    """The field that the message names, among those that were sent: our own word, not the message's."""
    slugs = body.get("custom_fields")
    names: Iterable[str] = [
        *(slugs if isinstance(slugs, dict) else ()),
        *(name for name in body if name != "custom_fields"),
    ]
    for name in sorted(names, key=len, reverse=True):
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said):
            return f"@{name}" if name not in body else name
    return None
