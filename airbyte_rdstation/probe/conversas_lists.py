"""What RD Station Conversas leaves open of its lists: envelopes, pages, names, dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from airbyte_rdstation.probe.caller import CannotTellError, never, plain_keys, wait_told
from airbyte_rdstation.probe.conversas_account import ConversasStreamFactory, listed, window
from airbyte_rdstation.probe.findings import Question

__all__ = ["LIST_QUESTIONS"]

Account = ConversasStreamFactory
Row = dict[str, Any]

_TRIES: Final = 6


def _envelope(path: str, account: Account) -> str:
    answer = account.get(path)
    body = answer.body
    if not answer.ok:
        return str(answer.status)
    if isinstance(body, list):
        return "bare"
    if not isinstance(body, dict):
        return f"a {type(body).__name__} ({answer.form})"
    lists = plain_keys(key for key, value in body.items() if isinstance(value, list))
    inner = plain_keys(key for key, value in body.items() if isinstance(value, dict))
    return ", ".join(lists) or f"nested in {', '.join(inner)}" if lists or inner else "nothing known"


def _x_headers(account: Account) -> str:
    answer = account.contacts()
    return "on" if "x-page" in answer.headers or "x-pages" in answer.headers else "off"


def _cap(account: Account) -> str:
    rows = account.first_contacts
    more = listed(account.contacts(page=2), "customers")
    if not more:
        raise CannotTellError("the contacts fit into one page")
    return str(len(rows))


def _order(account: Account) -> str:
    again = listed(account.contacts(), "customers")
    if len(again) < 8:
        raise CannotTellError("there are fewer than 8 contacts")
    return "stable" if _ids(again) == _ids(account.first_contacts) else "shuffle"


def _ids(rows: list[Row]) -> list[Any]:
    return [row.get("_id") or row.get("id") for row in rows]


def _ignored_page(account: Account) -> str:
    size = min(5, len(account.first_contacts) // 2)
    if not size:
        raise CannotTellError("there are fewer than 2 contacts")
    first, second = (listed(account.contacts(page, size), "customers") for page in (1, 2))
    return "on" if _ids(first) == _ids(second) else "off"


def _reports_limit(account: Account) -> str:
    answer = account.get("/v4/reports", page="1", limit="50", **window(30))
    return "49" if not answer.ok else "50 or more"


def _reports_range(account: Account) -> str:
    answer = account.get("/v4/reports", page="1", limit="49", **window(120))
    return "none" if answer.ok else str(answer.status)


def _reports_dates(account: Account) -> str:
    answer = account.get("/v4/reports", page="1", limit="49")
    return "accepted" if answer.ok else str(answer.status)


def _report_shape(account: Account) -> str:
    return "spec" if any("createdAt" in row for row in account.reports) else "real"


def _flaky(account: Account) -> str:
    statuses = [account.get("/v2/employees").status for _ in range(_TRIES)]
    failed = sum(status >= 500 for status in statuses)
    return f"{failed} of {_TRIES} calls" if failed else "none seen"


def _names(account: Account) -> str:
    row = listed(account.get("/v2/employees"), "employees")
    if not row:
        raise CannotTellError("the account has no employee")
    return "live" if "_id" in row[0] else "documented"


def _unknown_route(account: Account) -> str:
    answer = account.get("/v2/rdstation-probe")
    return f"{answer.status} {answer.form}"


def _shared(account: Account) -> str:
    return "429 met" if account.caller.waits else "none met"


def _created(account: Account) -> str:
    named = {key for row in account.first_contacts for key in row} & {"created_at", "createdAt"}
    return "there" if named else "never there"


def _zone(account: Account) -> str:
    """In which zone a report's day ends: by an attendance between midnight in UTC and in São Paulo."""
    for row in account.reports:
        text = str(row.get("created_at") or row.get("createdAt") or "")
        if not re.match(r"\d{4}-\d\d-\d\dT0[0-2]:", text):
            continue
        day = date.fromisoformat(text[:10])
        inside = []
        for asked in (day - timedelta(days=1), day):
            answer = account.get("/v4/reports", page="1", limit="49", start_date=str(asked), end_date=str(asked))
            inside.append(row.get("id") in {one.get("id") for one in listed(answer, "docs")})
        if inside in ([True, False], [False, True]):
            return "-03:00" if inside[0] else "UTC"
    raise CannotTellError("no attendance was opened in the three hours that tell")


_LISTS: Final = (
    ("/v2/customers", "bare"), ("/v2/employees", "bare"), ("/v2/custom-fields", "any"), ("/v2/flows", "flows"),
    ("/v2/workflows", "workflows"), ("/v2/template/all", "templates"), ("/v2/wallets", "wallets"),
    ("/v2/whatsapp/integrations", "bare"), ("/v2/whatsapp/integrations/official", "bare"),
)  # fmt: skip
_FINDS: Final = "finds the list in each known envelope, else fails naming the keys"

LIST_QUESTIONS: Final = (
    *(Question(f"1 {path}", f"the envelope of {path}", expected, _FINDS,
        partial(_envelope, path)) for path, expected in _LISTS),
    Question("2", "X- headers of contacts", "on", "uses them if they are there", _x_headers),
    Question("3", "contacts on a page of 100", "100", "takes no short page for the end", _cap),
    Question("4", "the order of contacts", "stable", "takes each contact once", _order),
    Question("5", "a second page of contacts", "off", "stops when nothing new comes", _ignored_page),
    Question("14", "the most reports of a page", "49", "asks for 49", _reports_limit),
    Question("14 range", "reports of 120 days", "400", "asks for 89 days at most", _reports_range),
    Question("14 dates", "reports without dates", "400", "always sends both", _reports_dates),
    Question("15", "names in reports", "real", "takes both", _report_shape),
    Question("16", "attendances that are closed later", "any", "reads 30 days again",
        never("it takes attendances that are closed meanwhile")),
    Question("19", "calls that fail now and then", "none seen", "tries again", _flaky),
    Question("20", "ids of employees", "live", "takes both", _names),
    Question("21", "a path that is not there", "404 text", "says to look at the address", _unknown_route),
    Question("22", "others that use the same quota", "none met", "keeps to requests_per_minute, waits at a 429",
        _shared),
    Question("25", "a contact's date of creation", "never there", "takes it from the id, in a column of its own",
        _created),
    Question("26", "the zone of a report's day", "-03:00", "reads a day more, takes each report once", _zone),
    Question("6", "what a 429 says of when to return", "absent", "waits as told, else 3 s and more", wait_told),
)  # fmt: skip
