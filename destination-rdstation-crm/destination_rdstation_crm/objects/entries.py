"""A contact's e-mails, phones and profiles: lists of objects, each entry known by a sign. Pure; reads any answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from destination_rdstation_crm.objects.texts import blank, fold

__all__ = ["PHONE_TYPES", "email_sign", "entries", "phone_sign", "profile_sign"]

PHONE_TYPES: Final = ("work", "fax", "home", "mobile")

_NO_DIGIT: Final = re.compile(r"[^0-9]")


def entries(held: Any) -> list[dict[str, Any]]:
    """The objects of a held list, whatever stands there."""
    return [dict(entry) for entry in held if isinstance(entry, Mapping)] if isinstance(held, list) else []


def email_sign(entry: Mapping[str, Any]) -> str:
    """The address, folded; empty if there is none."""
    return _folded(entry.get("email"))


def phone_sign(entry: Mapping[str, Any]) -> str:
    """The digits, which two spellings of a number have in common; a phone without digits is its own text."""
    folded = _folded(entry.get("phone"))
    return _NO_DIGIT.sub("", folded) or folded


def profile_sign(entry: Mapping[str, Any]) -> str:
    """The network."""
    return _folded(entry.get("type"))


def _folded(value: Any) -> str:
    return "" if blank(value) else fold(str(value))
