"""Asks what API v2's records look like: forms of values and keys, dates that are missing, what lies below a deal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.probe.questions import CannotTellError, Question, offsets_of, plain_keys, require
from airbyte_rdstation.probe.v2_filters import LISTS, AccountV2, at_least
from airbyte_rdstation.probe.v2_reads import LAST_PAGE, last_number

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
    require(keys, "no record has custom fields")
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


def _null_updated(account: AccountV2) -> str:
    missing = any(row.get("updated_at") is None for row in _all(account))
    return "some" if missing else "none seen"


def _null_created(account: AccountV2) -> str:
    for path in LISTS:
        oldest = account.page(path, sort="created_at")
        last = min(last_number(oldest) or 1, LAST_PAGE)
        newest = account.page(path, sort="created_at", order="desc")
        pages = (oldest, newest, account.page(path, sort="created_at", number=last))
        if any(row.get("created_at") is None for page in pages for row in page.rows()):
            return "some"
    return "none seen"


def _order_of_nulls(account: AccountV2) -> str:
    """Tell where deals without `closed_at` sort: every account has some, those that are open."""
    for status, has_date in (("ongoing", False), ("won", True)):
        rows = account.filtered("deals", f"status:{status}").rows()
        require(any(bool(row.get("closed_at")) is has_date for row in rows), f"no deal is {status}")
    first = {}
    for order in ("asc", "desc"):
        rows = at_least(account.page("deals", sort="closed_at", order=order).success().rows(), 1, "deals")
        first[order] = not rows[0].get("closed_at")
    if first["asc"] == first["desc"]:
        return "first" if first["asc"] else "last"
    return "low" if first["asc"] else "high"


def _negated(account: AccountV2) -> str:
    """Tell whether a negated filter finds records without the date that it names."""
    answer = account.filtered("deals", '-closed_at:>="1970-01-01 00:00:00"')
    if not answer.ok:
        return answer.or_status("accepted")
    rows = answer.rows()
    if any(row.get("closed_at") for row in rows):
        return "ignored"
    return "finds them" if rows else "finds nothing"


def _null_closed(account: AccountV2) -> str:
    rows = [row for status in ("won", "lost") for row in account.filtered("deals", f"status:{status}").rows()]
    missing = [row for row in at_least(rows, 1, "closed deals") if row.get("closed_at") is None]
    return "some" if missing else "none seen"


def _latest(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: str(row.get("updated_at")), reverse=True)[:_VISITS]


def _meetings(account: AccountV2) -> list[Row]:
    answer = account.page("meetings")
    require(answer.ok, f"the account has no meetings ({answer.status})")
    return at_least(answer.rows(), 1, "meetings")


def _meeting_fields(account: AccountV2) -> str:
    keys = plain_keys({key for row in _meetings(account) for key in row})
    return ", ".join(keys)


def _meeting_filter(account: AccountV2) -> str:
    _meetings(account)
    return account.page("meetings", condition='updated_at:>="2000-01-01 00:00:00"').or_status("accepted")


def _meeting_sort(account: AccountV2) -> str:
    _meetings(account)
    both = [account.page("meetings", sort="created_at", order=order) for order in ("asc", "desc")]
    both[0].success()
    first, second = (answer.ids() for answer in both)
    return "honoured" if first == second[::-1] and len(first) > 1 else "ignored"


def _gone(account: AccountV2) -> str:
    """Tell what GET says of a deal that a task still names."""
    there = {row["id"] for row in account.sample("deals")}
    named = {str(row["deal_id"]) for row in account.page("tasks").rows() if row.get("deal_id")}
    for id_ in sorted(named - there)[:_VISITS]:
        account.caller.get(f"/crm/v2/deals/{id_}").success()
    raise CannotTellError("no task is of a deal that is gone")


def _files(account: AccountV2) -> str:
    for deal in _latest(account.sample("deals")):
        answer = account.page(f"deals/{deal['id']}/files").success()
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
    Question("34 fields", "fields of a meeting", "any", "takes any name and type", _meeting_fields),
    Question("34 filter", "a filter on meetings", "500", "sends none: reads the list whole", _meeting_filter),
    Question("34 sort", "a sort of meetings", "ignored", "sends none: reads until nothing new comes", _meeting_sort),
    Question("38", "where records without a date sort", "low", "reads all by creation; tells what stays out of reach",
        _order_of_nulls),
    Question("38 created", "records without created_at", "none seen", "reads them at either end of the list",
        _null_created),
    Question("38 negated", "a negated filter on a date", "any", "sends none: what it finds is not told", _negated),
    Question("36", "GET of a record that is gone", "404", "takes 404 and 410 for gone", _gone),
    Question("37", "fields of a deal's file", "created_at, id, name, size, url", "passes them on as they come", _files),
)  # fmt: skip
