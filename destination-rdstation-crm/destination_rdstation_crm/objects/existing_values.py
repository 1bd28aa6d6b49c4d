"""What a record holds beside what a row says: whether the two are equal, and how they join. Pure.

Every function takes the existing value first. Equality never raises: it calls a value that it cannot read different
from the row's; the API gives "" for null, integers for floats, date-times for dates and "Won" for "won" [all seen].
What is joined is what a PUT would carry, since a PUT replaces lists and objects whole [guess]; whether that differs
from what exists, and so is sent at all, is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeAlias

from destination_rdstation_crm.objects.figures import birthday, day_of, number
from destination_rdstation_crm.objects.key_forms import phone_number
from destination_rdstation_crm.objects.values import begins_nested, blank, fold, plain, truth, unfolded
from destination_rdstation_crm.row import RowRejectedError

__all__ = [
    "PHONE_TYPES",
    "Join",
    "KeyOf",
    "Same",
    "email_key",
    "entries",
    "join_address",
    "join_emails",
    "join_phones",
    "join_profiles",
    "phone_key",
    "profile_key",
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


PHONE_TYPES: Final = ("work", "fax", "home", "mobile")

_NO_DIGIT: Final = re.compile(r"[^0-9]")


def entries(existing: Any) -> list[dict[str, Any]]:
    """Copy the objects of an existing list, whatever stands there."""
    return [dict(entry) for entry in existing if isinstance(entry, Mapping)] if isinstance(existing, list) else []


def _entry_key(name: str, entry: Mapping[str, Any]) -> str:
    """A member of the entry, folded; empty if there is none."""
    value = entry.get(name)
    return "" if blank(value) else fold(str(value))


KeyOf: TypeAlias = Callable[[Mapping[str, Any]], str]
"""Gives what tells an entry of a list from the others: its e-mail, say."""

email_key: Final[KeyOf] = partial(_entry_key, "email")
profile_key: Final[KeyOf] = partial(_entry_key, "type")  # the network


def phone_key(entry: Mapping[str, Any]) -> str:
    """Reduce the number to what its spellings have in common; one that names no line, to its digits or its text."""
    folded = _entry_key("phone", entry)
    try:
        return phone_number(folded)
    except RowRejectedError:
        return _NO_DIGIT.sub("", folded) or folded


Same: TypeAlias = Callable[[Any, Any], bool]


def _read_alike(read: Callable[[Any], object], *, empty: object = None) -> Same:
    """Make the comparison of two values as `read` reads them; `empty` is what an empty value reads as."""

    def same(existing: Any, sent: Any) -> bool:
        try:
            one, other = (empty if blank(value) else read(value) for value in (existing, sent))
        except RowRejectedError:
            return False
        return bool(one == other)

    return same


def _folds(items: Any) -> frozenset[str]:
    listed: Iterable[Any] = items if isinstance(items, list) else [items]
    return frozenset(fold(plain(item)) for item in listed if not blank(item))


def _keys(key_of: KeyOf) -> Callable[[Any], frozenset[str]]:
    return lambda existing: frozenset(filter(None, map(key_of, entries(existing))))


def _profiles(existing: Any) -> frozenset[tuple[str, str]]:
    stated = (entry for entry in entries(existing) if not blank(entry.get("username")))
    return frozenset((profile_key(entry), plain(entry["username"])) for entry in stated)


def _parts(address: Any) -> dict[str, str]:
    parts = address if isinstance(address, Mapping) else {"line": address}
    return {name: plain(part) for name, part in parts.items() if not blank(part)}


def same_untyped(existing: Any, sent: Any) -> bool:
    """Compare custom texts: some hold true or false, or a list [seen], which a table may keep as text."""
    if isinstance(existing, bool):
        return truth(sent) is existing
    if begins_nested(sent):
        with suppress(RowRejectedError, RecursionError):
            meant = unfolded(sent)
            if meant == existing or (blank(meant) and blank(existing)):
                return True
    return same_text(existing, sent)


same_text: Final = _read_alike(plain)
same_fold: Final = _read_alike(lambda value: fold(plain(value)))
same_day: Final = _read_alike(day_of)
same_birthday: Final = _read_alike(birthday)
same_price: Final = _read_alike(number, empty=0.0)  # a deal without a price is given as 0.0
same_set: Final = _read_alike(_folds, empty=frozenset())  # ids and options have no order
same_address: Final = _read_alike(_parts, empty={})
same_emails: Final = _read_alike(_keys(email_key), empty=frozenset())
same_phones: Final = _read_alike(_keys(phone_key), empty=frozenset())
same_profiles: Final = _read_alike(_profiles, empty=frozenset())


Join: TypeAlias = Callable[[Any, Any], Any]


def join_phones(existing: Any, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join as e-mails, by digits. A phone of no known type goes back as mobile: null may be refused [guess]."""
    joined = _joined(phone_key, existing, sent)
    return [phone if phone.get("type") in PHONE_TYPES else {**phone, "type": "mobile"} for phone in joined]


def join_profiles(existing: Any, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put a profile in the place of the one in its network; one without a user name only takes that away."""
    stated = {profile_key(profile) for profile in sent}
    others = [profile for profile in entries(existing) if profile_key(profile) not in stated]
    return [profile for profile in (*others, *sent) if not blank(profile.get("username"))]


def join_address(existing: Any, sent: dict[str, str] | None) -> dict[str, Any] | None:
    """Put the parts that the row names over the existing ones."""
    return {**existing, **sent} if isinstance(existing, Mapping) and sent is not None else sent


def _joined(key_of: KeyOf, existing: Any, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A new entry comes first, where the CRM looks for the main one [guess]; a known one stays in its place."""
    if not sent:
        return []  # the row clears the list
    there = entries(existing)
    known = {key_of(entry) for entry in there}
    # An entry without a key says nothing, and the API may refuse to take it back.
    return [*(entry for entry in sent if key_of(entry) not in known), *(entry for entry in there if key_of(entry))]


join_emails: Final[Join] = partial(_joined, email_key)
