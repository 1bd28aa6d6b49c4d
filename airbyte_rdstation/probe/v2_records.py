"""What API v2's records look like: forms of values, of keys, of what is empty; files, meetings, what is gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from airbyte_rdstation.probe.caller import Answer, CannotTellError, offsets_of, plain_keys
from airbyte_rdstation.probe.findings import Question
from airbyte_rdstation.probe.v2_account import LISTS, AccountV2, Row, at_least

__all__ = ["RECORD_QUESTIONS"]

_VISITS: Final = 10


def _all(account: AccountV2) -> list[Row]:
    return at_least([row for path in LISTS for row in account.sample(path)], 1, "records")


def _offset(account: AccountV2) -> str:
    texts = [row[key] for row in _all(account) for key in ("created_at", "updated_at") if isinstance(row.get(key), str)]
    return offsets_of(texts)


def _blank(account: AccountV2) -> str:
    values = [value for row in _all(account) for value in row.values()]
    return '""' if "" in values else "null" if None in values else "nothing is empty"


def _capitals(account: AccountV2) -> str:
    found = [str(row.get("status")) for row in at_least(account.sample("deals"), 1, "deals")]
    return "lower case" if all(status == status.lower() for status in found) else "capitals"


def _prices(account: AccountV2) -> str:
    prices = [row.get("total_price") for row in at_least(account.sample("deals"), 1, "deals")]
    return "whole numbers, too" if any(type(price) is int for price in prices) else "always with a point"


def _keys_of_custom_fields(account: AccountV2) -> str:
    slugs = {row.get("slug") for row in account.custom_fields}
    ids = {row.get("id") for row in account.custom_fields}
    keys = {key for row in _all(account) if isinstance(row.get("custom_fields"), dict) for key in row["custom_fields"]}
    if not keys:
        raise CannotTellError("no record has custom fields")
    return "slug" if keys & slugs else "id" if keys & ids else "neither"


def _hyphens(account: AccountV2) -> str:
    slugs = [str(row.get("slug")) for row in at_least(account.custom_fields, 1, "custom fields")]
    return "hyphens" if any("-" in slug for slug in slugs) else "none with a hyphen"


def _swapped(account: AccountV2) -> str:
    answer = account.page("custom_fields", size=1)
    return "object" if isinstance(answer.body, dict) and isinstance(answer.body.get("data"), dict) else "list"


def _team_key(account: AccountV2) -> str:
    row = at_least(account.page("teams").rows(), 1, "teams")[0]
    return " and ".join(key for key in ("team_id", "id") if row.get(key)) or "neither"


def _without_date(path: str, key: str, condition: str, account: AccountV2) -> str:
    rows = account.filtered(path, condition).rows() if condition else account.sample(path)
    rows = at_least(rows, 1, path)
    return "some" if any(row.get(key) is None for row in rows) else "none seen"


def _null_updated(account: AccountV2) -> str:
    missing = any(row.get("updated_at") is None for row in _all(account))
    return "some" if missing else "none seen"


def _null_closed(account: AccountV2) -> str:
    rows = [row for status in ("won", "lost") for row in account.filtered("deals", f"status:{status}").rows()]
    missing = [row for row in at_least(rows, 1, "closed deals") if row.get("closed_at") is None]
    return "some" if missing else "none seen"


def _latest(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row.get("updated_at")), reverse=True)[:_VISITS]


def _meetings(account: AccountV2) -> list[Row]:
    answer = account.page("meetings")
    if not answer.ok:
        raise CannotTellError(f"the account has no meetings ({answer.status})")
    return at_least(answer.rows(), 1, "meetings")


def _meeting_fields(account: AccountV2) -> str:
    keys = plain_keys({key for row in _meetings(account) for key in row})
    return ", ".join(keys)


def _meeting_filter(account: AccountV2) -> str:
    _meetings(account)
    answer = account.page("meetings", condition='updated_at:>="2000-01-01 00:00:00"')
    return "accepted" if answer.ok else str(answer.status)


def _meeting_sort(account: AccountV2) -> str:
    _meetings(account)
    both = [account.page("meetings", sort="created_at", order=order) for order in ("asc", "desc")]
    if not both[0].ok:
        return str(both[0].status)
    first, second = map(_ids, both)
    return "honoured" if first == second[::-1] and len(first) > 1 else "ignored"


def _ids(answer: Answer) -> list[Any]:
    return [row.get("id") for row in answer.rows()]


def _gone(account: AccountV2) -> str:
    """What GET says of a deal that a task still names."""
    there = {row["id"] for row in account.sample("deals")}
    named = {str(row["deal_id"]) for row in account.page("tasks").rows() if row.get("deal_id")}
    for id_ in sorted(named - there)[:_VISITS]:
        answer = account.caller.get(f"/crm/v2/deals/{id_}")
        if not answer.ok:
            return str(answer.status)
    raise CannotTellError("no task is of a deal that is gone")


def _files(account: AccountV2) -> str:
    for deal in _latest(account.sample("deals")):
        answer = account.page(f"deals/{deal['id']}/files")
        if not answer.ok:
            return str(answer.status)
        if rows := answer.rows():
            return ", ".join(plain_keys(rows[0]))
    raise CannotTellError(f"none of {_VISITS} deals has a file")


RECORD_QUESTIONS: Final = (
    Question("10", "the zone of dates", "Z", "reads any offset, writes UTC", _offset),
    Question("10 status", "capitals in a deal's status", "lower case", "passes it on as it comes", _capitals),
    Question("10 prices", "prices that are whole", "always with a point", "takes both", _prices),
    Question("25", "slugs of custom fields", "hyphens", "takes slugs as they are; warns of near misses", _hyphens),
    Question("25 keys", "keys of custom_fields", "slug", "passes the object on untouched", _keys_of_custom_fields),
    Question("25 list", "the list of custom fields", "list", "takes one object for a list of one", _swapped),
    Question("26", "fields that are empty", "null", "takes both", _blank),
    Question("27", "the key of a team", "team_id", "takes both", _team_key),
    Question("32", "records without updated_at", "none seen", "emits them; they never become a state", _null_updated),
    Question("33", "closed deals without closed_at", "none seen", "passes it on; count by status", _null_closed),
    Question("34 fields", "fields of a meeting", "any", "not read yet", _meeting_fields),
    Question("34 filter", "a filter on meetings", "500", "not read yet", _meeting_filter),
    Question("34 sort", "a sort of meetings", "ignored", "not read yet", _meeting_sort),
    Question("36", "GET of a record that is gone", "404", "takes 404 and 410 for gone", _gone),
    Question("37", "fields of a deal's file", "created_at, id, name, size, url", "not read yet", _files),
)  # fmt: skip
