"""RDQL tree -> a test of one row. Only the properties that crm-v2.md#listing lists for the resource are known here."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from ..data.account import Account
from ..data.row import Row
from ..settings import Settings
from . import literals
from .rdql import And, Condition, Expression, Flag, Or, Value
from .resources import Kind, Resource
from .values import flag_reader, reader, texts

__all__ = ["Test", "UnlistedPropertyError", "kind_of", "test_of"]

Test = Callable[[Row], bool]
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
LITERAL: dict[Kind, Callable[[Value], Any]] = {
    "instant": literals.instant,
    "date": literals.date,
    "number": literals.number,
}


class UnlistedPropertyError(ValueError):
    """The list does not filter by this property."""


def test_of(tree: Expression, account: Account, resource: Resource, settings: Settings) -> Test:
    """The test that a filter means; raises UnlistedPropertyError or LiteralError."""
    if isinstance(tree, (And, Or)):
        tests = [test_of(part, account, resource, settings) for part in tree.parts]
        together = all if isinstance(tree, And) else any
        return lambda row: together(test(row) for test in tests)
    if isinstance(tree, Flag):
        if tree.name not in resource.flags:
            raise UnlistedPropertyError(tree.name)
        read, wanted = flag_reader(account, tree.name), tree.wanted
        return lambda row: read(row) == wanted
    test = _condition(tree, account, resource, settings)
    if not tree.negated:
        return test
    if tree.name == "updated_at":  # rows without one fit no filter of it (crm-v2.md#unknowns row 32)
        read_updated = reader(account, resource, tree.name, settings)
        return lambda row: read_updated(row) is not None and not test(row)
    # A negated condition also matches rows without a value, as in Mongo [guess].
    return lambda row: not test(row)


def kind_of(name: str, account: Account, resource: Resource) -> Kind:
    """The kind of a filterable property; raises UnlistedPropertyError."""
    if name.startswith("@") and resource.entity:
        for row in account.lists["custom_fields"].rows.values():
            if row.fields["entity"] == resource.entity and row.fields["slug"] == name[1:]:
                return "text"
    if name not in resource.filters:
        raise UnlistedPropertyError(name)
    return resource.filters[name]


def _condition(condition: Condition, account: Account, resource: Resource, settings: Settings) -> Test:
    kind = kind_of(condition.name, account, resource)
    read = reader(account, resource, condition.name, settings)
    if kind == "text":
        if condition.operator == "~" and resource.exact:
            raise UnlistedPropertyError(f"{condition.name}:~")
        return _text_test(condition, read, settings)
    wanted = [LITERAL[kind](value) for value in condition.values]
    if condition.operator == "in":
        return lambda row: read(row) in wanted
    if condition.operator == "~":
        raise literals.LiteralError(f"{condition.name} is no text")
    compare, bound = ORDER[condition.operator], wanted[0]
    return lambda row: (value := read(row)) is not None and compare(value, bound)


def _number(text: str) -> str:
    """The digits of a text that is a number with punctuation; empty for any other text."""
    return re.sub(r"[^0-9]", "", text) if re.fullmatch(r"[0-9 ()+./-]{8,}", text) else ""


def _text_test(condition: Condition, read: Callable[[Row], Any], settings: Settings) -> Test:
    wanted = [value.text for value in condition.values]
    if condition.operator == "~" or (condition.operator == "=" and settings.text_match == "contains"):
        part = wanted[0].casefold()  # contains, case-insensitive [doc]
        return lambda row: any(part in text.casefold() for text in texts(read(row)))
    if condition.operator in ("=", "in"):
        if settings.text_match == "digits":
            numbers = {number for text in wanted if (number := _number(text))}
            return lambda row: any(text in wanted or _number(text) in numbers for text in texts(read(row)))
        if settings.text_match == "fold":
            folded = {text.strip().casefold() for text in wanted}
            return lambda row: any(text.strip().casefold() in folded for text in texts(read(row)))
        return lambda row: any(text in wanted for text in texts(read(row)))
    compare, bound = ORDER[condition.operator], wanted[0]
    return lambda row: any(compare(text, bound) for text in texts(read(row)))
