"""Shows an account over API v1 to questions, and asks what is open: wall, dates, order, what its user sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, timezone
from functools import partial
from typing import Any, Final

from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import parse_instant
from airbyte_rdstation.probe.questions import (
    Answer,
    Caller,
    CannotTellError,
    Params,
    Question,
    never,
    offsets_of,
    require,
    wait_told,
)

__all__ = ["V1_QUESTIONS", "AccountV1"]


_PAGE: Final = 200
_OLDEST_FIRST: Final = {"order": "created_at", "direction": "asc"}
_LAST_PAGE: Final = 50
_NOBODY: Final = "0" * 24
_VISITS: Final = 10
_BEHIND: Final = timedelta(hours=3)  # São Paulo's clock
_AROUND: Final = (timedelta(minutes=-1), timedelta(minutes=1))
_STAGES: Final = 12


class AccountV1:
    """Reads one account."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._samples: dict[str, list[Row]] = {}

    def get(self, path: str, **params: str) -> Answer:
        """Return the answer, as it comes."""
        return self.caller.get(f"/api/v1/{path}", params)

    def page(self, path: str, params: Params | None = None, *, number: int = 1) -> Answer:
        """Return one page of 200."""
        return self.caller.get(f"/api/v1/{path}", {"page": str(number), "limit": str(_PAGE), **(params or {})})

    def rows(self, path: str) -> list[Row]:
        """Return the records of the first page, which is asked for once."""
        if path not in self._samples:
            self._samples[path] = self.page(path).rows(path)
        return self._samples[path]

    def some(self, path: str) -> list[Row]:
        """Return the first page. Raises CannotTellError where it is empty."""
        require(self.rows(path), f"the account has no {path.replace('_', ' ')}")
        return self.rows(path)

    def total(self, path: str) -> int:
        """Return how many there are, as the list says."""
        answer = self.page(path)
        require(answer.ok, f"{path} answers {answer.status}")
        return int(answer.body["total"])


def _long_list(account: AccountV1) -> str:
    for path in ("contacts", "deals", "organizations"):
        if account.total(path) > _PAGE * _LAST_PAGE:
            return path
    raise CannotTellError("no list has more than 10,000 records")


def _wall(account: AccountV1) -> str:
    path = _long_list(account)
    beyond = account.page(path, number=_LAST_PAGE + 1).success()
    return "rows" if beyond.rows(path) else "empty"


def _cursor(account: AccountV1) -> str:
    """Tell what `next_page` leads to behind the first page, and whether it moves."""
    first = account.page("deals", _OLDEST_FIRST)
    rows = first.rows("deals")
    require(len(rows) >= _PAGE, "the deals fit into one page")
    cursor = first.body.get("next_page")
    if not isinstance(cursor, str) or not cursor:
        return "absent"
    second = account.page("deals", {**_OLDEST_FIRST, "next_page": cursor}).success()
    return "stuck" if second.body.get("next_page") == cursor else "present"


def _beyond_by_cursor(account: AccountV1) -> str:
    if account.total("deals") <= _PAGE * _LAST_PAGE:
        raise CannotTellError("there are at most 10,000 deals")
    answer = account.page("deals", _OLDEST_FIRST)
    for _ in range(_LAST_PAGE):
        cursor = answer.body.get("next_page") if answer.ok else None
        if not cursor:
            return "no"
        answer = account.page("deals", {**_OLDEST_FIRST, "next_page": cursor})
    return "yes" if answer.ok and answer.rows("deals") else "no"


def _malformed_cursor(account: AccountV1) -> str:
    return account.page("deals", {"next_page": "rdstation-probe"}).or_status("accepted")


def _window(account: AccountV1, first: str, last: str | None) -> Answer:
    ends = {"start_date": first} | ({} if last is None else {"end_date": last})
    return account.page("deals", {"created_at_period": "true", **ends})


def _date_form(first: str, last: str | None, account: AccountV1) -> str:
    return _window(account, first, last).or_status("accepted")


def _date_error(account: AccountV1) -> str:
    answer = _window(account, "2020-01-01 00:00:00", "2030-01-01 00:00:00")
    if answer.ok:
        raise CannotTellError("a date with a space is no error here")
    keys = [key for key in ("errors", "error", "message") if isinstance(answer.body, dict) and key in answer.body]
    return keys[0] if keys else answer.form


def _zone(account: AccountV1) -> str:
    """Tell the zone of a window's ends: by a deal, and the two minutes around it as each zone's clock says."""
    moments = [parse_instant(str(row["created_at"])) for row in account.some("deals") if row.get("created_at")]
    for moment in moments[:_VISITS]:
        found = []
        for ahead in (-_BEHIND, timedelta(0)):
            ends = [f"{moment.astimezone(timezone.utc) + ahead + around:%Y-%m-%dT%H:%M:%S}" for around in _AROUND]
            answer = _window(account, *ends)
            require(answer.ok, f"dates with a time answer {answer.status}")
            dates = [parse_instant(str(row["created_at"])) for row in answer.rows("deals")]
            found.append(moment in dates)
        if found in ([True, False], [False, True]):
            return "-03:00" if found[0] else "UTC"
    raise CannotTellError("no deal tells")


def _ordered(account: AccountV1) -> str:
    require(len(account.some("deals")) >= 3, "there are fewer than 3 deals")
    both = []
    for direction in ("asc", "desc"):
        answer = account.page("deals", {"order": "updated_at", "direction": direction}).success()
        both.append([parse_instant(str(row["updated_at"])) for row in answer.rows("deals")])
    in_order = both[0] == sorted(both[0]) and both[1] == sorted(both[1], reverse=True)
    return "honoured" if in_order else "ignored"


def _limit(account: AccountV1) -> str:
    answer = account.get("contacts", page="1", limit=str(_PAGE + 1)).success()
    return "capped" if len(answer.rows("contacts")) <= _PAGE else "accepted"


def _offsets(account: AccountV1) -> str:
    rows = [*account.rows("deals"), *account.rows("contacts"), *account.rows("organizations")]
    return offsets_of(str(row["created_at"]) for row in rows if row.get("created_at"))


def _pipeline(account: AccountV1) -> Row:
    answer = account.page("deal_pipelines")
    if not (answer.ok and isinstance(answer.body, list) and answer.body):
        raise CannotTellError(f"pipelines answer {answer.status} ({answer.form})")
    found: Row = answer.body[0]
    return found


def _stages(account: AccountV1, pipeline_id: str) -> Answer:
    return account.get("deal_stages", deal_pipeline_id=pipeline_id, page="1", limit=str(_STAGES))


def _stage_list(account: AccountV1) -> str:
    rows = _stages(account, str(_pipeline(account)["id"])).rows("deal_stages")
    require(rows, "the first pipeline has no stage")
    return "full" if rows[0].get("created_at") else "bare"


def _unknown_pipeline(account: AccountV1) -> str:
    answer = _stages(account, _NOBODY).success()
    return "another pipeline's" if answer.rows("deal_stages") else "none"


def _embedded(account: AccountV1) -> str:
    found = {_form_of(row, key) for row in account.some("deals") for key in ("campaign", "deal_source", "organization")}
    return ", ".join(sorted(found))


def _form_of(row: Mapping[str, Any], key: str) -> str:
    if key not in row:
        return "missing"
    value = row[key]
    return "null" if value is None else "{}" if value == {} else "object"


def _bad_parameter(account: AccountV1) -> str:
    answer = account.page("deals", {"order": "rdstation_probe"})
    return "ignored" if answer.ok else f"{answer.status} {answer.form}"


def _visibility(account: AccountV1) -> str:
    """Tell `own` where every deal belongs to the token's user, though others are active."""
    owners = {str(row["user"].get("email")) for row in account.some("deals") if isinstance(row.get("user"), dict)}
    me = account.get("token/check").body
    users = account.get("users").rows("users")
    others = [row for row in users if row.get("active") is not False and row.get("email") != me.get("email")]
    require(others, "the account has no other user")
    return "own" if owners == {str(me.get("email"))} else "all"


def _ignored_page(account: AccountV1) -> str:
    first, second = (account.page("teams", number=number) for number in (1, 2))
    require(first.rows("teams"), "the account has no team")
    return "on" if second.ok and second.body == first.body else "off"


def _base_price(account: AccountV1) -> str:
    prices = [row.get("base_price") for row in account.some("products")]
    return "string" if any(isinstance(price, str) for price in prices) else "number"


def _updated_period(account: AccountV1) -> str:
    every = account.total("deals")
    ends = {"start_date": "2001-01-01", "end_date": "2001-01-31"}
    answer = account.page("deals", {"updated_at_period": "true", **ends}).success()
    require(every, "the account has no deal")
    return "honoured" if not answer.rows("deals") else "ignored"


def _ransack(account: AccountV1) -> str:
    account.some("contacts")
    answer = account.page("contacts", {"q[created_at_lt]": "2001-01-01"}).success()
    return "honoured" if not answer.rows("contacts") else "ignored"


def _empty_body(account: AccountV1) -> str:
    answers = [account.get("deal_pipelines", page="1", limit="1") for _ in range(_VISITS)]
    empty = sum(answer.ok and answer.form == "nothing" for answer in answers)
    return f"{empty} of {_VISITS}" if empty else "none"


def _histories(account: AccountV1) -> str:
    for row in account.some("deals")[:_VISITS]:
        deal = account.get(f"deals/{row['id']}")
        histories = deal.body.get("deal_stage_histories") if isinstance(deal.body, dict) else None
        if isinstance(histories, list) and sum(one.get("end_date") is None for one in histories) > 1:
            return "several"
    return "one"


def _contacts_of_deal(account: AccountV1) -> str:
    for row in account.some("deals")[:_VISITS]:
        answer = account.get(f"deals/{row['id']}/contacts", page="1", limit=str(_PAGE)).success()
        if rows := answer.rows("contacts"):
            return "with ids" if rows[0].get("id") else "without ids"
    raise CannotTellError(f"none of {_VISITS} deals has a contact")


def _undated(account: AccountV1) -> str:
    pages = (account.page("contacts", {"order": "updated_at", "direction": way}) for way in ("asc", "desc"))
    return "some" if any(not row.get("updated_at") for page in pages for row in page.rows("contacts")) else "none seen"


V1_QUESTIONS: Final = (
    Question("1", "a page beyond 10,000 records", "empty", "never asks for it; windows of days, halved", _wall),
    Question("2", "next_page of deals", "present", "uses it if it is there and moves", _cursor),
    Question("2 wall", "next_page beyond 10,000 deals", "no", "windows of days, halved", _beyond_by_cursor),
    Question("3", "the zone of start_date and end_date", "-03:00", "asks for a day more on both sides", _zone),
    Question("4", "order=updated_at on deals", "ignored", "does not rely on it", _ordered),
    Question("5", "a limit above 200", "capped", "never sends one", _limit),
    Question("6", "offsets of dates", "-02:00 and -03:00", "reads any, writes UTC", _offsets),
    Question("7", "stages in their list", "full", "asks for each stage that lacks its dates", _stage_list),
    Question("8", "stages of a pipeline that is not there", "another pipeline's", "drops stages of other pipelines",
        _unknown_pipeline),
    Question("9", "what stands for an object that is empty", "any", "takes {}, null and missing alike", _embedded),
    Question("11", "a parameter that is wrong", "500 HTML", "few tries, then names the parameters", _bad_parameter),
    Question("12", "what the token's user sees", "all", "compares the total with what came, and says so", _visibility),
    Question("13", "a second page of teams", "off", "stops when nothing new comes", _ignored_page),
    Question("14", "records that change while they are read", "any", "loses none", never("it takes people at work")),
    Question("15", "base_price of products", "string", "takes both", _base_price),
    Question("16", "a next_page that nobody gave out", "400", "drops it once, goes on by windows", _malformed_cursor),
    Question("17 day", "dates as YYYY-MM-DD", "accepted", "sends this form, and both ends",
        partial(_date_form, "2020-01-01", "2030-01-01")),
    Question("17 space", "dates with a space", "400", "never sends them",
        partial(_date_form, "2020-01-01 00:00:00", "2030-01-01 00:00:00")),
    Question("17 Z", "dates with .000Z", "400", "never sends them",
        partial(_date_form, "2020-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000Z")),
    Question("17 end", "a start_date alone", "400", "sends both ends", partial(_date_form, "2020-01-01", None)),
    Question("17 error", "where the text of a date error stands", "errors", "shows what it finds", _date_error),
    Question("18", "updated_at_period on deals", "ignored", "does not rely on it", _updated_period),
    Question("18 q", "filters of the form q[…]", "ignored", "does not rely on them", _ransack),
    Question("19", "successes without a body", "none", "asks again", _empty_body),
    Question("20", "open rows in a deal's stage histories", "several", "keeps all", _histories),
    Question("21", "contacts of a deal", "with ids", "reads them as `deal_contacts`, by id", _contacts_of_deal),
    Question("22", "contacts without updated_at", "none seen", "emits them; tells how many there are", _undated),
    Question("10", "what a 429 says of when to return", "absent", "waits as told, else 60 s", wait_told),
)  # fmt: skip
