"""What RD Station Conversas leaves open of campaigns and analytics."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from airbyte_rdstation.probe.caller import Answer, CannotTellError, plain_keys
from airbyte_rdstation.probe.conversas_account import QUARTER, QUARTERS, ConversasStreamFactory, listed, today, window
from airbyte_rdstation.probe.findings import Question

__all__ = ["FIGURE_QUESTIONS"]

Account = ConversasStreamFactory
Row = dict[str, Any]

_ZONE: Final = "America/Sao_Paulo"
_ANALYTICS: Final = "/v1/analytics"
_MOST_CAMPAIGNS: Final = 15


@cache  # a minute has 45 requests
def _campaigns(account: Account) -> tuple[list[Row], dict[str, str]]:
    """The campaigns of the last quarter that has any, and its days."""
    for quarter in range(QUARTERS):
        days = window(QUARTER, until=quarter * QUARTER)
        answer = account.get("/v1/campaigns", **days)
        if not answer.ok:
            raise CannotTellError(f"the account has no campaigns ({answer.status})")
        if rows := listed(answer, "campaigns"):
            return rows, days
    raise CannotTellError("no campaign in a year")


def _campaign_list(account: Account) -> str:
    rows, days = _campaigns(account)
    if len(rows) < 2:
        raise CannotTellError("one campaign alone shows no pages")
    small = listed(account.get("/v1/campaigns", **days, page="1", limit="1"), "campaigns")
    return "paged" if len(small) < len(rows) else "one answer"


def _has_more(account: Account) -> str:
    _, days = _campaigns(account)
    answer = account.get("/v1/campaigns", **days, page="999", limit="25")
    if not answer.ok:
        return str(answer.status)
    return "always" if answer.body.get("has_more") else "exact"


@cache  # a minute has 45 requests
def _details(account: Account) -> list[Answer]:
    """The details of campaigns of the last year."""
    _campaigns(account)
    rows = []
    for quarter in range(QUARTERS):
        days = window(QUARTER, until=quarter * QUARTER)
        rows += listed(account.get("/v1/campaigns", **days), "campaigns")
    return [account.get(f"/v1/campaigns/{row.get('id')}") for row in rows[:_MOST_CAMPAIGNS]]


def _campaign_detail(account: Account) -> str:
    for answer in _details(account):
        if answer.ok and isinstance(answer.body, dict):
            return "data" if isinstance(answer.body.get("data"), dict) else "bare"
    raise CannotTellError("no campaign's detail could be read")


def _campaign_failures(account: Account) -> str:
    failed = sorted({answer.status for answer in _details(account) if not answer.ok})
    return ", ".join(map(str, failed)) or "none seen"


def _figures(account: Account, path: str = "attendances/summary", **more: str) -> Answer:
    return account.get(f"{_ANALYTICS}/{path}", **{**window(30), "timezone": _ZONE, **more})


@cache  # a minute has 45 requests
def _summary(account: Account) -> tuple[Row, dict[str, str]]:
    """The figures of the last quarter in which somebody was served, and its days."""
    for quarter in range(QUARTERS):
        days = window(QUARTER, until=quarter * QUARTER)
        answer = _figures(account, **days)
        if not answer.ok or not isinstance(answer.body, dict):
            raise CannotTellError(f"the account has no analytics ({answer.status})")
        if answer.body.get("attendancesTotal"):
            return answer.body, days
    raise CannotTellError("no attendance in a year")


def _unit(account: Account) -> str:
    figures, _ = _summary(account)
    held = [figures.get(name) for name in ("tma", "tme")]
    units = sorted({str(one.get("unit")) for one in held if isinstance(one, dict)})
    known = [unit if unit in ("min", "h", "s", "sec", "d", "days") else "another" for unit in units]
    if not known:
        raise CannotTellError("no attendance was served")
    return ", ".join(known)


def _numbers(account: Account) -> str:
    held = _summary(account)[0].get("tma")
    if not isinstance(held, dict):
        raise CannotTellError("no attendance was served")
    return "text" if isinstance(held.get("val"), str) else "number"


def _one_day(account: Account) -> str:
    _summary(account)
    day = str(today())
    bare = _figures(account, start_date=day, end_date=day)
    timed = _figures(account, start_date=f"{day}T00:00:00", end_date=f"{day}T23:59:59")
    if bare.ok:
        return "accepted"
    return "refused" if timed.ok else "refused, with times, too"


def _analytics_range(account: Account) -> str:
    _summary(account)
    answer = _figures(account, **window(200))
    return "none" if answer.ok else str(answer.status)


def _comma_figures(account: Account) -> str:
    figures, days = _summary(account)
    employees = listed(account.get("/v2/employees"), "employees")
    ids = ",".join(str(row.get("_id") or row.get("id")) for row in employees[:2])
    answer = _figures(account, **days, employee_ids=ids)
    if not answer.ok:
        return str(answer.status)
    total = answer.body.get("attendancesTotal")
    return "ignored" if total == figures["attendancesTotal"] else "obeyed" if total else "empty"


def _reviews(account: Account) -> str:
    _, days = _summary(account)
    answer = _figures(account, "attendances/reviews/average", **days)
    if not answer.ok:
        raise CannotTellError(f"the account has no reviews ({answer.status})")
    body = answer.body
    keys = plain_keys(body) if isinstance(body, dict) else []
    return f"object of {', '.join(keys)}" if keys else type(body).__name__


FIGURE_QUESTIONS: Final = (
    Question("23", "pages of campaigns", "any", "not read yet", _campaign_list),
    Question("23 end", "has_more of campaigns", "exact", "not read yet", _has_more),
    Question("23 detail", "the envelope of a campaign", "bare", "not read yet", _campaign_detail),
    Question("23 fail", "campaigns that fail", "none seen", "not read yet", _campaign_failures),
    Question("24 unit", "units of times", "min", "not read yet", _unit),
    Question("24 val", "times as numbers", "number", "not read yet", _numbers),
    Question("24 day", "figures of one day without times", "refused", "not read yet", _one_day),
    Question("24 range", "figures of 200 days", "none", "not read yet", _analytics_range),
    Question("24 list", "several employees at once", "obeyed", "not read yet", _comma_figures),
    Question("24 reviews", "the mean of reviews", "any", "not read yet", _reviews),
)  # fmt: skip
