"""Filters of the lists (crm-v1.md#lists-field-by-field).

A parameter -> a test of one row, with what finds such rows without asking each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..data.account import Account
from ..data.row import Row
from ..exchange import Refusal
from ..settings import Settings
from .errors import WrongParameterError, bad_request
from .windows import dates, days, instants

__all__ = ["Filter", "Range", "chosen"]

Values = Callable[[Row], Iterable[str]]


@dataclass(frozen=True)
class Filter:
    """Equal names and values mean equal tests, so that a view made for one serves the other."""

    name: str
    value: Hashable
    test: Callable[[Row], bool] = field(compare=False)
    values: Values | None = field(default=None, compare=False)  # set when `value` can be looked up among these


@dataclass(frozen=True)
class Range:
    """low <= what `read` gives < high; rows without a value are out. `name` is the property."""

    name: str
    low: int
    high: int
    read: Callable[[Row], int | None] = field(compare=False)

    def test(self, row: Row) -> bool:
        """Whether the row is inside."""
        value = self.read(row)
        return value is not None and self.low <= value < self.high


def chosen(name: str, query: Mapping[str, str], account: Account, settings: Settings) -> list[Filter | Range]:
    """The filters that a request of list `name` asks for; raises WrongParameterError or Refusal.

    What is empty, is not asked for.
    """
    asked = {key: value for key, value in query.items() if value}
    made: list[Filter | Range] = []
    for key, field_name in EQUAL.get(name, {}).items():
        if key in asked:
            made.append(_equal(key, asked[key], _reader(field_name)))
    for key, table in CHOICE.get(name, {}).items():
        if key in asked:
            if asked[key] not in table:
                raise WrongParameterError(key)
            made.append(Filter(key, asked[key], table[asked[key]]))
    if "q" in asked and name in SEARCHED:
        made.append(_contains("q", asked["q"]))
    special = SPECIAL.get(name)
    return made + (special(asked, account, settings) if special else [])


def _reader(name: str) -> Values:
    if name == "parent":
        return lambda row: [row.parent]
    if name in ("emails", "phones"):
        part = name[:-1]
        return lambda row: [str(entry.get(part)).casefold() for entry in row.fields.get(name) or ()]

    def read(row: Row) -> Iterable[str]:
        value = row.fields.get(name)
        return value if isinstance(value, list) else [value or ""]

    return read


def _equal(key: str, value: str, values: Values) -> Filter:
    wanted = value.casefold() if key in ("email", "phone") else value
    return Filter(key, wanted, lambda row: wanted in values(row), values)


def _contains(key: str, text: str) -> Filter:
    part = text.casefold()  # whether case matters is not said
    return Filter(key, part, lambda row: part in str(row.fields.get("name") or "").casefold())


def _is(name: str, *values: Any) -> Callable[[Row], bool]:
    return lambda row: row.fields.get(name) in values


def _deals(asked: Mapping[str, str], account: Account, settings: Settings) -> list[Filter | Range]:
    made: list[Filter | Range] = []
    if "name" in asked and asked.get("exact_name") == "true":
        name = asked["name"]
        made.append(Filter("exact_name", name, lambda row: row.fields.get("name") == name))
    elif "name" in asked:
        made.append(_contains("name", asked["name"]))
    if "closed_by_id" in asked:  # the account does not know who closed a deal: its owner, if it is closed
        user = asked["closed_by_id"]
        closed = _is("status", "won", "lost")
        made.append(Filter("closed_by_id", user, lambda row: closed(row) and row.fields.get("owner_id") == user))
    if "product_presence" in asked:
        made.append(_product_presence(asked["product_presence"], account))
    return made + _periods(asked, settings)


def _product_presence(text: str, account: Account) -> Filter:
    lines = account.children["deal_products"]
    if text in ("true", "false"):
        return Filter("product_presence", text, lambda row: lines.any_of(row) == (text == "true"))
    wanted = frozenset(text.split(","))

    def test(row: Row) -> bool:
        return any(line.fields.get("product_id") in wanted for line in lines.of(row).rows.values())

    return Filter("product_presence", wanted, test)


def _periods(asked: Mapping[str, str], settings: Settings) -> list[Filter | Range]:
    obeyed = _updated_at_period(asked, settings)
    named = [key for key in PERIODS if asked.get(key, "false") != "false" and (obeyed or key != "updated_at_period")]
    if not named:
        return []  # then start_date and end_date mean nothing
    if len(named) > 1 or asked[named[0]] != "true":
        raise WrongParameterError(named[0])
    field_name, read, window = PERIODS[named[0]]
    return [Range(field_name, *window(asked, settings), read)]


def _updated_at_period(asked: Mapping[str, str], settings: Settings) -> bool:
    """Whether rows are filtered by it.

    One client sends it: not refused, its dates validated, the effect never shown (crm-v1.md#unknowns row 18).
    """
    if asked.get("updated_at_period", "false") == "false":
        return False
    if settings.v1_updated_at_period == "400":
        raise Refusal(bad_request("updated_at_period is not permitted"))
    instants(asked, settings)
    return settings.v1_updated_at_period == "honoured"


def _prediction(row: Row) -> int | None:
    text = row.fields.get("expected_close_date")
    return date.fromisoformat(text).toordinal() if text else None


def _whole_days(*windows: tuple[str, str, str, Callable[[Row], int | None]]) -> Special:
    """Windows of (first parameter, last parameter, property, its reader)."""

    def make(asked: Mapping[str, str], _account: Account, settings: Settings) -> list[Filter | Range]:
        return [
            Range(name, *days(asked, first, last, settings), read)
            for first, last, name, read in windows
            if first in asked or last in asked
        ]

    return make


Special = Callable[[Mapping[str, str], Account, Settings], list[Filter | Range]]

Window = Callable[[Mapping[str, str], Settings], tuple[int, int]]
PERIODS: dict[str, tuple[str, Callable[[Row], int | None], Window]] = {
    "created_at_period": ("created_at", lambda row: row.created, instants),
    "closed_at_period": ("closed_at", lambda row: row.fields.get("closed_at"), instants),
    "updated_at_period": ("updated_at", lambda row: row.updated, instants),
    "prediction_date_period": ("prediction_date", _prediction, dates),
}
EQUAL: dict[str, dict[str, str]] = {
    "deals": {
        "user_id": "owner_id",
        "campaign_id": "campaign_id",
        "deal_stage_id": "stage_id",
        "deal_lost_reason_id": "lost_reason_id",
        "deal_pipeline_id": "pipeline_id",
        "organization": "organization_id",
    },
    "contacts": {"email": "emails", "phone": "phones", "title": "job_title"},
    "organizations": {"user_id": "owner_id", "organization_segment": "segment_ids"},
    "tasks": {"deal_id": "deal_id", "type": "type", "user_id": "owner_ids"},
    "activities": {"deal_id": "parent", "user_id": "user_id"},
}
CHOICE: dict[str, dict[str, dict[str, Callable[[Row], bool]]]] = {
    "deals": {
        "win": {
            "true": _is("status", "won"),
            "false": _is("status", "lost"),
            "null": _is("status", "ongoing", "paused"),
        },
        "closed_at": {"true": _is("status", "won", "lost"), "false": _is("status", "ongoing", "paused")},
        "hold": {"true": _is("status", "paused")},  # `true` only [doc]
        "exact_name": {"true": lambda _: True, "false": lambda _: True},
    },
    "tasks": {
        "done": {"true": _is("status", "completed"), "false": _is("status", "open", "canceled")},
    },
    "users": {"active": {"true": _is("_active", True), "false": _is("_active", False, None)}},
    "custom_fields": {
        "for": {entity: _is("entity", entity) for entity in ("deal", "contact", "organization", "product")}
    },
}
SEARCHED = ("contacts", "organizations", "campaigns", "deal_sources", "deal_lost_reasons")
SPECIAL: dict[str, Special] = {
    "deals": _deals,
    "tasks": _whole_days(
        ("date_start", "date_end", "due_date", lambda row: row.fields.get("due_date")),
        ("done_date_start", "done_date_end", "completed_at", lambda row: row.fields.get("completed_at")),
    ),
    "activities": _whole_days(("start_date", "end_date", "created_at", lambda row: row.created)),
}
