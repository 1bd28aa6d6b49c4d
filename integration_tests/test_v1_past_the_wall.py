"""API v1 shows the first 10,000 rows of a list: the rest is reached in other ways, and what is not is said."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from harness import V1, AccountSize, Emulator, Run, Source, account, often

WALL, PAGE = 10_000, 200
DEALS = AccountSize(deals=10_600, contacts=1, organizations=1, tasks=1)
# Each answer beyond the wall once, with `next_page` as it may be; what needs windows meets each of their readings.
ANSWERS: dict[str, dict[str, Any]] = {
    "as-documented": {},
    "400-beyond-and-no-next-page": {"v1_wall": "400", "v1_next_page": "absent", "v1_window_tz": "UTC"},
    "500-beyond-and-next-page-stuck": {"v1_wall": "500", "v1_next_page": "stuck", "v1_window_end": "exclusive"},
    "400-beyond-and-next-page-past-it": {"v1_wall": "400", "v1_cursor_past_wall": True},
}
# Requests for each that the rows fill: without a cursor, rows of one instant are met again until none is missing.
SHARES = {name: 2.5 if settings.get("v1_next_page") else 1.1 for name, settings in ANSWERS.items()}
# The same, where 200 rows of one instant lie across each border of pages: they are met again and again, and what no
# end shows is then read by pipeline in the same way: 748 requests without a cursor, a few more or less by chance.
BUSY_SHARES = dict.fromkeys(ANSWERS, 2) | {"400-beyond-and-no-next-page": 16, "500-beyond-and-next-page-stuck": 45}
# Windows reach up to now, so the date decides where the day is cut: on some, two windows hold it, and it is read twice.
BUSY_NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
DEFAULTS: dict[str, Any] = {
    **{"v1_wall": "empty", "v1_next_page": "present", "v1_cursor_past_wall": False},
    **{"v1_window_tz": "-03:00", "v1_window_end": "inclusive"},
}
NUMBER = re.compile(r"\d[\d.,]*\d|\d")


def numbers(text: str) -> list[int]:
    """Every number of a sentence, whatever groups its digits."""
    return [int(re.sub(r"\D", "", found)) for found in NUMBER.findall(text)]


def warnings_of(run: Run, stream: str) -> list[str]:
    return [line for line in run.log_lines("WARN") if re.search(rf"\b{stream}\b", line)]


def assert_complete_and_once(run: Run, crm: Emulator, stream: str) -> None:
    assert run.exit_code == 0, run.log
    records = run.records(stream)
    assert len(V1.ids(crm, stream) - run.ids(stream)) == 0
    assert len(records) == len(V1.ids(crm, stream)), "some came twice"
    assert warnings_of(run, stream) == []


def assert_never_beyond(crm: Emulator) -> None:
    """What the API does there is unknown (crm-v1.md#paging); `next_page` is another matter."""
    beyond = [
        request["query"]
        for request in crm.requests()
        if int(request["query"].get("page", 1)) * int(request["query"].get("limit", PAGE)) > WALL
    ]
    assert beyond == []


@pytest.fixture(scope="module")
def deals() -> Iterator[Emulator]:
    with account(DEALS) as crm:
        yield crm


@pytest.mark.parametrize("name", often(ANSWERS, long=ANSWERS.keys() - {"as-documented"}))
def test_given_10_600_deals_when_read_then_each_comes_once_for_few_requests(deals: Emulator, name: str) -> None:
    deals.settings(**DEFAULTS)
    deals.settings(**ANSWERS[name])
    deals.clear_requests()

    run = Source(deals, V1).read("deals")

    assert_complete_and_once(run, deals, "deals")
    assert_never_beyond(deals)
    assert len(deals.requests()) <= SHARES[name] * math.ceil(DEALS.deals / PAGE) + 5


@pytest.fixture(scope="module")
def busy_day() -> Iterator[Emulator]:
    """More deals of one day than any window may hold, 200 at a time."""
    with account(AccountSize(deals=200, contacts=1, organizations=1, tasks=1)) as crm:
        crm.advance_clock(BUSY_NOW.timestamp() - time.time())
        for number in range(52):
            crm.create("deals", count=200, at=f"2026-08-30T{number // 6 + 8:02}:{number % 6 * 10:02}:30Z")
        yield crm


@pytest.mark.long  # unit tests of windows play a day beyond the wall, too
@pytest.mark.parametrize("name", ANSWERS)
def test_given_10_400_deals_of_one_day_when_read_then_each_comes_once(busy_day: Emulator, name: str) -> None:
    busy_day.settings(**DEFAULTS)
    busy_day.settings(**ANSWERS[name])
    busy_day.clear_requests()

    run = Source(busy_day, V1).read("deals")

    assert_complete_and_once(run, busy_day, "deals")
    assert_never_beyond(busy_day)
    assert len(busy_day.requests()) <= BUSY_SHARES[name] * math.ceil(10_600 / PAGE)


@pytest.mark.long
@pytest.mark.parametrize("name", ANSWERS)
def test_given_10_400_deals_of_one_instant_when_read_then_each_comes_once(name: str) -> None:
    with account(AccountSize(deals=200), **ANSWERS[name]) as crm:
        crm.create("deals", count=10_400, at="2026-08-30T10:20:30Z")

        run = Source(crm, V1).read("deals")

        assert_complete_and_once(run, crm, "deals")
        assert_never_beyond(crm)


def test_given_11_000_contacts_when_read_then_each_comes_once_from_both_ends() -> None:
    with account(AccountSize(contacts=11_000, deals=1, organizations=1, tasks=1)) as crm:
        run = Source(crm, V1).read("contacts")

        assert_complete_and_once(run, crm, "contacts")
        assert_never_beyond(crm)
        assert len(crm.requests()) <= 2 * math.ceil(11_000 / PAGE) + 5


def both_ends(crm: Emulator, stream: str) -> set[str]:
    """What the list shows by creation before the wall, from both ends; rows that tie with the last one may be out."""
    ranked = sorted((row["created_at"], row["id"]) for row in V1.truth(crm, stream))
    first, last = ranked[WALL][0], ranked[-WALL - 1][0]
    return {id_ for value, id_ in ranked if value < first or value > last}


@pytest.mark.long
def test_given_45_000_contacts_when_read_then_both_ends_come_and_the_rest_is_said_in_one_line() -> None:
    exist = 45_000
    with account(AccountSize(contacts=exist, deals=1, organizations=1, tasks=1)) as crm:
        source = Source(crm, V1)

        run = source.read("contacts")

        assert run.exit_code == 0, run.log
        ids = run.ids("contacts")
        assert len(run.records("contacts")) == len(ids)
        assert ids <= V1.ids(crm, "contacts")
        assert both_ends(crm, "contacts") <= ids
        assert_never_beyond(crm)
        (line,) = warnings_of(run, "contacts")
        unreached = exist - len(ids)
        assert {len(ids), exist, unreached} <= set(numbers(line))
        assert [text for text in run.log_lines("INFO")[-15:] if "incomplete" in text and "contacts" in text]

        second = source.read("contacts", state=run.states)

        assert second.exit_code == 0, second.log
        (line,) = warnings_of(second, "contacts")
        assert unreached in numbers(line)


@pytest.mark.parametrize("answer", ["empty", "400", pytest.param("500", marks=pytest.mark.long)])
def test_given_an_api_that_stops_earlier_than_documented_when_read_then_it_is_not_silent(answer: str) -> None:
    size = AccountSize(contacts=650, deals=450, organizations=650, tasks=1)
    with account(size, wall_rows=200, v1_wall=answer, v1_next_page="absent") as crm:
        streams = ("contacts", "companies", "deals")

        run = Source(crm, V1).read(*streams)

        lacking = {stream for stream in streams if V1.ids(crm, stream) - run.ids(stream)}
        failed = {error["stream"] for error in run.errors}
        assert {stream for stream in lacking - failed if not warnings_of(run, stream)} == set()
