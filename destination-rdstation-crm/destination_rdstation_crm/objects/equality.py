"""Whether what the CRM holds is what a row says, however either is written. Pure.

Every function takes the held value first, tells a value it cannot read from the row's by saying "different", and never
raises: the API gives "" for null, integers for floats, date-times for dates and "Won" for "won" [all seen].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from destination_rdstation_crm.objects.days import birthday, day_of
from destination_rdstation_crm.objects.entries import email_sign, entries, phone_sign, profile_sign
from destination_rdstation_crm.objects.nested import begins_nested, unfolded
from destination_rdstation_crm.objects.numbers import number
from destination_rdstation_crm.objects.texts import blank, fold, plain
from destination_rdstation_crm.objects.truths import truth
from destination_rdstation_crm.row import RowRejectedError

__all__ = [
    "Same",
    "same_address",
    "same_birthday",
    "same_day",
    "same_emails",
    "same_fold",
    "same_phones",
    "same_price",
    "same_profiles",
    "same_set",
    "same_text",
    "same_untyped",
]

Same: TypeAlias = Callable[[Any, Any], bool]


def _read_alike(read: Callable[[Any], object], *, empty: object = None) -> Same:
    """Alike once both are read; `empty` is what an empty value reads as."""

    def same(held: Any, sent: Any) -> bool:
        try:
            return bool(_read(held) == _read(sent))
        except RowRejectedError:
            return False

    def _read(value: Any) -> object:
        return empty if blank(value) else read(value)

    return same


def _folds(items: Any) -> frozenset[str]:
    listed: Iterable[Any] = items if isinstance(items, list) else [items]
    return frozenset(fold(plain(item)) for item in listed if not blank(item))


def _signs(sign: Callable[[Mapping[str, Any]], str]) -> Callable[[Any], frozenset[str]]:
    return lambda held: frozenset(filter(None, map(sign, entries(held))))


def _profiles(held: Any) -> frozenset[tuple[str, str]]:
    stated = (entry for entry in entries(held) if not blank(entry.get("username")))
    return frozenset((profile_sign(entry), plain(entry["username"])) for entry in stated)


def _parts(address: Any) -> dict[str, str]:
    parts = address if isinstance(address, Mapping) else {"line": address}
    return {name: plain(part) for name, part in parts.items() if not blank(part)}


def same_untyped(held: Any, sent: Any) -> bool:
    """Of a custom text: some hold true or false, or a list [seen], which a table may keep as text."""
    if isinstance(held, bool):
        return truth(sent) is held
    if begins_nested(sent):
        with suppress(RowRejectedError):
            meant = unfolded(sent)
            if meant == held or (blank(meant) and blank(held)):
                return True
    return same_text(held, sent)


same_text: Final = _read_alike(plain)
same_fold: Final = _read_alike(lambda value: fold(plain(value)))
same_day: Final = _read_alike(day_of)
same_birthday: Final = _read_alike(birthday)
same_price: Final = _read_alike(number, empty=0.0)  # a deal without a price is held as 0.0
same_set: Final = _read_alike(_folds, empty=frozenset())  # ids and options have no order
same_address: Final = _read_alike(_parts, empty={})
same_emails: Final = _read_alike(_signs(email_sign), empty=frozenset())
same_phones: Final = _read_alike(_signs(phone_sign), empty=frozenset())
same_profiles: Final = _read_alike(_profiles, empty=frozenset())
