"""Asks what API v2's lists look like: pages, links, order, limits, errors."""

from __future__ import annotations

import re
from secrets import token_hex
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from airbyte_rdstation.probe.questions import (
    Answer,
    CannotTellError,
    Question,
    never,
    wait_told,
)
from airbyte_rdstation.probe.v2_filters import LISTS, AccountV2, error_shape

__all__ = ["LAST_PAGE", "LIMIT_QUESTIONS", "LIST_QUESTIONS", "last_number"]

_PAGE: Final = 200
LAST_PAGE: Final = 50
_NUMBER: Final = re.compile(r"page\[number\]=(\d+)")
_ORDER_SHOWS_IN: Final = 8


def _walled(account: AccountV2) -> str:
    """Return a list whose last page within 10,000 rows is full."""
    for path in LISTS:
        if len(account.sample(path)) == _PAGE:
            answer = account.page(path, number=LAST_PAGE, sort="created_at")
            if answer.ok and len(answer.rows()) == _PAGE:
                return path
    raise CannotTellError("no list has more than 10,000 records")


def _wall(account: AccountV2) -> str:
    path = _walled(account)
    beyond = account.page(path, number=LAST_PAGE + 1, sort="created_at").success()
    if not beyond.rows():
        return "empty"
    pages = (account.page(path, number=number, sort="created_at") for number in (1, LAST_PAGE))
    return "repeat" if set(beyond.ids()) <= {id_ for page in pages for id_ in page.ids()} else "rows"


def last_number(answer: Answer) -> int | None:
    """Return the number of the last page, by the links of any; None where they do not tell."""
    found = _NUMBER.search(unquote(str(_links(answer).get("last") or "")))
    return int(found[1]) if found else None


def _last_link(account: AccountV2) -> str:
    number = last_number(account.page(_walled(account), sort="created_at"))
    if number is None:
        return "absent"
    return "exact" if number > LAST_PAGE else "capped"


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
