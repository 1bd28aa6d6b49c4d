"""Cells as e-mails, ids and statuses: what can be known to be wrong without asking RD Station. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from airbyte_rdstation.invisible import without_invisible
from destination_rdstation_crm.objects.texts import blank, text
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["STATUSES", "email", "identifier", "identifiers", "status"]

STATUSES: Final = ("ongoing", "won", "lost", "paused")

_EMAIL: Final = re.compile(
    r"""[^\s@\[\]{}"]+@[^\s@\[\]{}"]+"""
)  # of what is allowed between quotes alone, JSON is made
# 24 hexadecimal digits [seen]; webhooks name records by UUID [doc].
_ID: Final = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def email(cell: Any) -> str:
    """One address: something, `@`, something, and no space in it."""
    address = without_invisible(text(cell)).strip()
    if not _EMAIL.fullmatch(address):
        raise RowRejectedError("an e-mail is needed: one address, with something on both sides of its @ and no spaces")
    return address


def identifier(cell: Any) -> str:
    """An id of RD Station, in lower case as its answers have it [seen]; never a number: its digits may be rounded."""
    trimmed = without_invisible(cell).strip() if isinstance(cell, str) else ""
    if not _ID.fullmatch(trimmed):
        raise RowRejectedError("an RD Station id is needed: 24 hexadecimal digits, or a UUID")
    return trimmed.lower()


def identifiers(cell: Any) -> list[str]:
    """One id, a list of ids, or ids with commas between them; each once, in their order."""
    items = cell.split(",") if isinstance(cell, str) else cell if isinstance(cell, list) else [cell]
    ids = dict.fromkeys(identifier(item) for item in items if not blank(item))
    if not ids:
        raise RowRejectedError("an RD Station id is needed, and there are only commas")
    return list(ids)


def status(cell: Any) -> str:
    """One of the four, in lower case."""
    folded = text(cell).strip().lower()
    if folded not in STATUSES:
        raise RowRejectedError("a deal's status is one of " + ", ".join(STATUSES))
    return folded
