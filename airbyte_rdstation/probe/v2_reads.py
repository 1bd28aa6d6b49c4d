"""Asks what API v2's lists and records look like: pages, links, order, limits, errors, forms of values and keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from secrets import token_hex
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.probe.questions import (
    Answer,
    CannotTellError,
    Question,
    never,
    offsets_of,
    plain_keys,
    require,
    wait_told,
)
from airbyte_rdstation.probe.v2_filters import LISTS, AccountV2, at_least, error_shape

__all__ = ["LIMIT_QUESTIONS", "LIST_QUESTIONS", "RECORD_QUESTIONS"]

_PAGE: Final = 200
_LAST_PAGE: Final = 50
_NUMBER: Final = re.compile(r"page\[number\]=(\d+)")
_ORDER_SHOWS_IN: Final = 8


def _walled(account: AccountV2) -> str:
    """Return a list whose last page within 10,000 rows is full."""
    for path in LISTS:
        if len(account.sample(path)) == _PAGE:
            answer = account.page(path, number=_LAST_PAGE, sort="created_at")
            if answer.ok and len(answer.rows()) == _PAGE:
                return path
    raise CannotTellError("no list has more than 10,000 records")


def _wall(account: AccountV2) -> str:
    path = _walled(account)
    beyond = account.page(path, number=_LAST_PAGE + 1, sort="created_at").success()
    if not beyond.rows():
        return "empty"
    pages = (account.page(path, number=number, sort="created_at") for number in (1, _LAST_PAGE))
    return "repeat" if set(_ids(beyond)) <= {id_ for page in pages for id_ in _ids(page)} else "rows"


def _last_link(account: AccountV2) -> str:
    links = _links(account.page(_walled(account), sort="created_at"))
    found = _NUMBER.search(unquote(str(links.get("last") or "")))
    if not found:
        return "absent"
    return "exact" if int(found[1]) > _LAST_PAGE else "capped"


def _links(answer: Answer) -> dict[str, Any]:
    links = answer.body.get("links") if isinstance(answer.body, dict) else None
    return links if isinstance(links, dict) else {}


def _links_prefix(account: AccountV2) -> str:
    for path in LISTS:
        followed = _links(account.page(path, size=1, sort="created_at")).get("next")
        if isinstance(followed, str):
            prefix = "/".join(urlsplit(followed).path.split("/")[:3])
            return prefix if prefix in ("/api/v2", "/crm/v2") else "another"
    raise CannotTellError("no list has a second page")


def _last_page(account: AccountV2) -> str:
    for path in ("pipelines", "sources", "segments", "lost_reasons", "campaigns"):
        answer = account.page(path)
        if not (answer.ok and isinstance(answer.body, dict)) or _links(answer).get("next"):
            continue
        if "links" not in answer.body:
            return "no_links"
        links = answer.body["links"]
        if links == []:
            return "empty_list"
        if links == {}:
            return "empty_object"
        return "null" if isinstance(links, dict) and "next" in links else "absent"
    raise CannotTellError("no short list can be read")


def _unsorted(account: AccountV2) -> str:
    for path in LISTS:
        first, second = (account.page(path).rows() for _ in range(2))
        if len(first) >= _ORDER_SHOWS_IN:
            same = [row.get("id") for row in first] == [row.get("id") for row in second]
            return "stable" if same else "shuffle"
    raise CannotTellError(f"no list has {_ORDER_SHOWS_IN} records")


def _bad_sort(account: AccountV2) -> str:
    return account.page("contacts", size=1, sort="job_title").or_status("ignore")


def _default_size(account: AccountV2) -> str:
    for path in LISTS:
        rows = account.page(path, size=None, sort="created_at").rows()
        if len(rows) < len(account.sample(path)):
            return str(len(rows))
    raise CannotTellError("every list fits into one page")


def _silent_cap(account: AccountV2) -> str:
    for path in LISTS:
        answer = account.page(path, sort="created_at")
        if answer.ok and _links(answer).get("next"):
            return str(len(answer.rows()))
    raise CannotTellError("no list has more than 200 records")


def _too_large(account: AccountV2) -> str:
    return account.page("contacts", size=_PAGE + 1).or_status("accepted")


def _build(account: AccountV2) -> str:
    answer = account.page("contacts", size=_PAGE + 1)
    if answer.ok:
        raise CannotTellError("a page of 201 is no error here")
    return error_shape(answer)


def _token_error(account: AccountV2) -> str:
    form = {name: account.credentials[name] for name in ("client_id", "client_secret")}
    form |= {"grant_type": "refresh_token", "refresh_token": token_hex()}  # nobody's: nothing is spent
    answer = account.tokens.send("POST", "/oauth2/token", form=form)
    body = answer.body if isinstance(answer.body, dict) else {}
    if body.get("error") == "invalid_grant":
        return "invalid_grant"
    if "error_type" in body:
        return "marketing"
    return "gateway" if body.get("error") == "invalid_request" else f"another ({answer.status})"


LIST_QUESTIONS: Final = (
    Question("1", "a page beyond 10,000 records", "400", "never asks for it; fails loudly if it comes to that", _wall),
    Question("1 last", "links.last of a longer list", "exact", "takes it for a hint, never for an end", _last_link),
    Question("2", "the path in links", "/api/v2", "follows no link", _links_prefix),
    Question("3", "links on the last page", "absent", "takes each of these forms for the end", _last_page),
    Question("4", "order without a sort", "shuffle", "always sorts where a list can be sorted, else sweeps again",
        _unsorted),
    Question("5", "a sort by a field that is not listed", "400", "never sends one", _bad_sort),
    Question("8", "records on a page of no given size", "25", "always gives the size", _default_size),
    Question("8 cap", "records on a page of 200", "200", "takes no short page for the end", _silent_cap),
    Question("8 max", "a page of 201", "400", "never asks for more than 200", _too_large),
    Question("9", "records that change while they are read", "any", "reads by a keyset that loses none",
        never("it takes people at work")),
    Question("11", "where the text of an error stands", "detail", "looks in each known place", _build),
)  # fmt: skip

LIMIT_QUESTIONS: Final = (
    Question("12", "what a 429 says of when to return", "seconds", "waits as told, else 60 s", wait_told),
    Question("13", "the token endpoint's error", "invalid_grant", "tells the causes apart by words, not shapes",
        _token_error),
    Question("14", "a renewal whose answer is lost", "any", "tries the old token again, then says to authorize",
        never("to try would cost the connection")),
)  # fmt: skip


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
    first, second = map(_ids, both)
    return "honoured" if first == second[::-1] and len(first) > 1 else "ignored"


def _ids(answer: Answer) -> list[Any]:
    return [row.get("id") for row in answer.rows()]


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
    Question("36", "GET of a record that is gone", "404", "takes 404 and 410 for gone", _gone),
    Question("37", "fields of a deal's file", "created_at, id, name, size, url", "passes them on as they come", _files),
)  # fmt: skip
