"""Asks what RD Station Conversas leaves open of lists, campaigns and analytics."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache, partial
from typing import Any, Final

from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.probe.conversas_history import QUARTER, QUARTERS, AccountConversas, listed, today, window
from airbyte_rdstation.probe.questions import Answer, CannotTellError, Question, never, plain_keys, require, wait_told

__all__ = ["FIGURE_QUESTIONS", "LIST_QUESTIONS"]

_TRIES: Final = 6


def _envelope(path: str, account: AccountConversas) -> str:
    answer = account.get(path).success()
    body = answer.body
    if isinstance(body, list):
        return "bare"
    if not isinstance(body, dict):
        return f"a {type(body).__name__} ({answer.form})"
    lists = plain_keys(key for key, value in body.items() if isinstance(value, list))
    inner = plain_keys(key for key, value in body.items() if isinstance(value, dict))
    return ", ".join(lists) or f"nested in {', '.join(inner)}" if lists or inner else "nothing known"


def _x_headers(account: AccountConversas) -> str:
    answer = account.contacts()
    return "on" if "x-page" in answer.headers or "x-pages" in answer.headers else "off"


def _cap(account: AccountConversas) -> str:
    rows = account.first_contacts
    more = listed(account.contacts(page=2), "customers")
    require(more, "the contacts fit into one page")
    return str(len(rows))


def _order(account: AccountConversas) -> str:
    again = listed(account.contacts(), "customers")
    require(len(again) >= 8, "there are fewer than 8 contacts")
    return "stable" if _ids(again) == _ids(account.first_contacts) else "shuffle"


def _ids(rows: list[Row]) -> list[Any]:
    return [row.get("_id") or row.get("id") for row in rows]


def _ignored_page(account: AccountConversas) -> str:
    size = min(5, len(account.first_contacts) // 2)
    require(size, "there are fewer than 2 contacts")
    first, second = (listed(account.contacts(page, size), "customers") for page in (1, 2))
    return "on" if _ids(first) == _ids(second) else "off"


def _reports_limit(account: AccountConversas) -> str:
    answer = account.get("/v4/reports", page="1", limit="50", **window(30))
    return "49" if not answer.ok else "50 or more"


def _reports_range(account: AccountConversas) -> str:
    return account.get("/v4/reports", page="1", limit="49", **window(120)).or_status("none")


def _reports_dates(account: AccountConversas) -> str:
    return account.get("/v4/reports", page="1", limit="49").or_status("accepted")


def _reports_status(account: AccountConversas) -> str:
    answer = account.get("/v4/reports", page="1", limit="49", status="opened", **window(30))
    if not answer.ok:
        return "refused"
    require(any(row.get("closed") is True for row in account.reports), "no attendance was closed lately")
    return "ignored" if any(row.get("closed") is True for row in listed(answer, "docs")) else "obeyed"


def _report_shape(account: AccountConversas) -> str:
    return "spec" if any("createdAt" in row for row in account.reports) else "real"


def _flaky(account: AccountConversas) -> str:
    statuses = [account.get("/v2/employees").status for _ in range(_TRIES)]
    failed = sum(status >= 500 for status in statuses)
    return f"{failed} of {_TRIES} calls" if failed else "none seen"


def _names(account: AccountConversas) -> str:
    row = listed(account.get("/v2/employees"), "employees")
    require(row, "the account has no employee")
    return "live" if "_id" in row[0] else "documented"


def _unknown_route(account: AccountConversas) -> str:
    answer = account.get("/v2/rdstation-probe")
    return f"{answer.status} {answer.form}"


def _shared(account: AccountConversas) -> str:
    return "429 met" if account.caller.waits else "none met"


def _created(account: AccountConversas) -> str:
    named = {key for row in account.first_contacts for key in row} & {"created_at", "createdAt"}
    return "there" if named else "never there"


def _zone(account: AccountConversas) -> str:
    """Tell in which zone a report's day ends: by an attendance between midnight in UTC and in São Paulo."""
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
    Question("14 status", "reports that are open", "obeyed", "visits who has one in turn, else", _reports_status),
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


_ZONE: Final = "America/Sao_Paulo"
_ANALYTICS: Final = "/v1/analytics"
_MOST_CAMPAIGNS: Final = 15


@cache  # a minute has 45 requests
def _campaigns(account: AccountConversas) -> tuple[list[Row], dict[str, str]]:
    """Return the campaigns of the last quarter that has any, and its days."""
    for quarter in range(QUARTERS):
        days = window(QUARTER, until=quarter * QUARTER)
        answer = account.get("/v1/campaigns", **days)
        require(answer.ok, f"the account has no campaigns ({answer.status})")
        if rows := listed(answer, "campaigns"):
            return rows, days
    raise CannotTellError("no campaign in a year")


def _campaign_list(account: AccountConversas) -> str:
    rows, days = _campaigns(account)
    require(len(rows) >= 2, "one campaign alone shows no pages")
    small = listed(account.get("/v1/campaigns", **days, page="1", limit="1"), "campaigns")
    return "paged" if len(small) < len(rows) else "one answer"


def _has_more(account: AccountConversas) -> str:
    _, days = _campaigns(account)
    answer = account.get("/v1/campaigns", **days, page="999", limit="25").success()
    return "always" if answer.body.get("has_more") else "exact"


@cache  # a minute has 45 requests
def _details(account: AccountConversas) -> list[Answer]:
    """Return the details of campaigns of the last year."""
    _campaigns(account)
    rows = []
    for quarter in range(QUARTERS):
        days = window(QUARTER, until=quarter * QUARTER)
        rows += listed(account.get("/v1/campaigns", **days), "campaigns")
    return [account.get(f"/v1/campaigns/{row.get('id')}") for row in rows[:_MOST_CAMPAIGNS]]


def _campaign_detail(account: AccountConversas) -> str:
    for answer in _details(account):
        if answer.ok and isinstance(answer.body, dict):
            return "data" if isinstance(answer.body.get("data"), dict) else "bare"
    raise CannotTellError("no campaign's detail could be read")


def _campaign_failures(account: AccountConversas) -> str:
    failed = sorted({answer.status for answer in _details(account) if not answer.ok})
    return ", ".join(map(str, failed)) or "none seen"


def _figures(account: AccountConversas, path: str = "attendances/summary", **more: str) -> Answer:
    return account.get(f"{_ANALYTICS}/{path}", **{**window(30), "timezone": _ZONE, **more})


@cache  # a minute has 45 requests
def _summary(account: AccountConversas) -> tuple[Row, dict[str, str]]:
    """Return the figures of the last quarter in which somebody was served, and its days."""
    for quarter in range(QUARTERS):
        days = window(QUARTER, until=quarter * QUARTER)
        answer = _figures(account, **days)
        require(answer.ok or not isinstance(answer.body, dict), f"the account has no analytics ({answer.status})")
        if answer.body.get("attendancesTotal"):
            return answer.body, days
    raise CannotTellError("no attendance in a year")


def _unit(account: AccountConversas) -> str:
    figures, _ = _summary(account)
    held = [figures.get(name) for name in ("tma", "tme")]
    units = sorted({str(one.get("unit")) for one in held if isinstance(one, dict)})
    known = [unit if unit in ("min", "h", "s", "sec", "d", "days") else "another" for unit in units]
    require(known, "no attendance was served")
    return ", ".join(known)


def _numbers(account: AccountConversas) -> str:
    held = _summary(account)[0].get("tma")
    if not isinstance(held, dict):
        raise CannotTellError("no attendance was served")
    return "text" if isinstance(held.get("val"), str) else "number"


def _one_day(account: AccountConversas) -> str:
    _summary(account)
    day = str(today())
    bare = _figures(account, start_date=day, end_date=day)
    timed = _figures(account, start_date=f"{day}T00:00:00", end_date=f"{day}T23:59:59")
    if bare.ok:
        return "accepted"
    return "refused" if timed.ok else "refused, with times, too"


def _analytics_range(account: AccountConversas) -> str:
    _summary(account)
    return _figures(account, **window(200)).or_status("none")


def _comma_figures(account: AccountConversas) -> str:
    figures, days = _summary(account)
    employees = listed(account.get("/v2/employees"), "employees")
    ids = ",".join(str(row.get("_id") or row.get("id")) for row in employees[:2])
    answer = _figures(account, **days, employee_ids=ids).success()
    total = answer.body.get("attendancesTotal")
    return "ignored" if total == figures["attendancesTotal"] else "obeyed" if total else "empty"


def _departments(account: AccountConversas) -> str:
    figures, days = _summary(account)
    answer = _figures(account, **days, department_ids="no-such-department")
    if not answer.ok:
        return str(answer.status)
    return "ignored" if answer.body.get("attendancesTotal") == figures["attendancesTotal"] else "obeyed"


def _reviews(account: AccountConversas) -> str:
    _, days = _summary(account)
    answer = _figures(account, "attendances/reviews/average", **days)
    require(answer.ok, f"the account has no reviews ({answer.status})")
    body = answer.body
    keys = plain_keys(body) if isinstance(body, dict) else []
    return f"object of {', '.join(keys)}" if keys else type(body).__name__


FIGURE_QUESTIONS: Final = (
    Question("23", "pages of campaigns", "any", "takes pages, one answer, or shorter windows", _campaign_list),
    Question("23 end", "has_more of campaigns", "exact", "stops when nothing new comes", _has_more),
    Question("23 detail", "the envelope of a campaign", "bare", "takes both", _campaign_detail),
    Question("23 fail", "campaigns that fail", "none seen", "tries again, then leaves their figures null, and says so",
        _campaign_failures),
    Question("24 unit", "units of times", "min", "takes min and h; any other leaves seconds null", _unit),
    Question("24 val", "times as numbers", "number", "takes both", _numbers),
    Question("24 day", "figures of one day without times", "refused", "asks with times, else without", _one_day),
    Question("24 range", "figures of 200 days", "none", "asks for one day", _analytics_range),
    Question("24 list", "several employees at once", "obeyed", "asks for one department", _comma_figures),
    Question("24 department", "a department that is none", "obeyed", "proves it, else reads the whole account",
        _departments),
    Question("24 reviews", "the mean of reviews", "any", "keeps the answer whole", _reviews),
)  # fmt: skip
