"""Reports: windows that the API accepts, a look-back for what closes later, and a state that follows the windows."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from harness import CONVERSAS, ConversasSize, Emulator, Run, Source, account, state_stream
from test_incremental import iso
from test_kill import read_with_kills
from truth import canonical

SIZE = ConversasSize(contacts=10, messages_per_contact=1, reports=150)
MANY = ConversasSize(contacts=10, messages_per_contact=1, reports=1_500)
MOST_DAYS = 89  # both counted
ONE_DAY = timedelta(days=1)


def today() -> date:
    return datetime.now(timezone.utc).date()


def midnight(day: date, *, milliseconds: int = 0) -> str:
    """An instant of that day, in UTC."""
    return canonical((datetime.combine(day, time(), timezone.utc) + timedelta(milliseconds=milliseconds)).isoformat())


def windows(crm: Emulator) -> list[tuple[date, date]]:
    """First and last day of each window that was asked for, in order; every request has both."""
    asked = [request["query"] for request in crm.requests() if request["path"] == CONVERSAS.path("reports")]
    found = {(date.fromisoformat(query["start_date"]), date.fromisoformat(query["end_date"])) for query in asked}
    return sorted(found)


def assert_complete(run: Run, crm: Emulator) -> None:
    assert run.exit_code == 0, run.log
    assert run.ids("reports") == CONVERSAS.ids(crm, "reports")
    assert len(run.records("reports")) == len(run.ids("reports"))


def test_given_a_start_date_years_ago_when_read_then_windows_of_89_days_at_most_cover_all_days_since() -> None:
    with account(conversas=SIZE) as crm:
        run = Source(crm, CONVERSAS).read("reports")

        assert_complete(run, crm)
        asked = windows(crm)
        assert {request["query"]["limit"] for request in crm.requests()} == {"49"}
        assert max((last - first) + ONE_DAY for first, last in asked) <= timedelta(days=MOST_DAYS)
        # The zone of the days is unknown: a day more at both ends, and borders twice.
        assert asked[0][0] == date(2023, 12, 31)
        assert asked[-1][1] == today() + ONE_DAY
        assert all(second[0] <= first[1] for first, second in pairwise(asked))


@pytest.mark.parametrize("zone", ["-03:00", "UTC"])
def test_given_attendances_at_the_borders_of_windows_and_days_when_read_then_each_comes_once(zone: str) -> None:
    with account(conversas=SIZE, conversas_day_tz=zone) as crm:
        start = today() - timedelta(days=200)
        borders = [start - ONE_DAY + number * timedelta(days=MOST_DAYS - 1) for number in range(3)]
        for day in (*borders, start):
            for hours in (0, 3, 24):  # days begin at one of the first two
                for milliseconds in (-1, 0):
                    crm.conversas_create("reports", at=midnight(day, milliseconds=hours * 3_600_000 + milliseconds))

        run = Source(crm, CONVERSAS, start_date=start.isoformat()).read("reports")

        due = {row["id"] for row in crm.conversas_truth("reports") if row["created_at"] >= midnight(start)}
        assert [window[0] for window in windows(crm)] == borders
        assert run.ids("reports") == due
        assert len(run.records("reports")) == len(due)


def test_given_attendances_that_close_after_they_were_read_when_read_again_then_the_look_back_brings_them() -> None:
    with account(conversas=SIZE) as crm:
        ids = {
            days: crm.conversas_create("reports", {"closed": False}, at=midnight(today() - timedelta(days=days)))[0][
                "id"
            ]
            for days in (1, 29, 40)
        }
        source = Source(crm, CONVERSAS)
        first = source.read("reports")
        for id_ in ids.values():
            crm.conversas_close_report(id_)
        crm.clear_requests()

        again = source.read("reports", state=first.states)
        longer = Source(crm, CONVERSAS, reports_lookback_days=60).read("reports", state=again.states)

        closed = [{row["id"] for row in run.records("reports") if row["closed"]} for run in (first, again, longer)]
        assert [sorted(days for days, id_ in ids.items() if id_ in found) for found in closed] == [
            [],
            [1, 29],
            [1, 29, 40],
        ]
        assert windows(crm)[-1][0] >= today() - timedelta(days=61)


def test_given_attendances_that_close_during_the_walk_when_read_then_complete_and_the_next_sync_has_their_end() -> None:
    with account(conversas=SIZE, conversas_close_later=1) as crm:
        for days in range(1, 29):
            crm.conversas_create("reports", {"closed": False}, at=midnight(today() - timedelta(days=days)))
        source = Source(crm, CONVERSAS)

        first = source.read("reports")
        crm.settings(conversas_close_later=0)
        second = source.read("reports", state=first.states)

        assert_complete(first, crm)
        assert second.exit_code == 0, second.log
        newest: dict[str, Any] = {row["id"]: row for run in (first, second) for row in run.records("reports")}
        recent = [
            row for row in crm.conversas_truth("reports") if row["created_at"] >= midnight(today() - 28 * ONE_DAY)
        ]
        assert {row["closed"] for row in recent} == {True, False}, "nothing closed meanwhile, or everything did"
        assert {row["id"]: newest[row["id"]]["closed"] for row in recent} == {
            row["id"]: row["closed"] for row in recent
        }


def test_given_no_start_date_when_read_then_the_last_365_days_come_and_one_line_says_so() -> None:
    with account(conversas=SIZE) as crm:
        run = Source(crm, CONVERSAS, start_date=None).read("reports")

        assert run.exit_code == 0, run.log
        year = timedelta(days=365)
        assert windows(crm)[0][0] == today() - year - ONE_DAY
        created = {row["id"]: row["created_at"] for row in crm.conversas_truth("reports")}
        inside = {id_ for id_, moment in created.items() if moment >= midnight(today() - year + ONE_DAY)}
        outside = {id_ for id_, moment in created.items() if moment < midnight(today() - year)}
        assert inside <= run.ids("reports")
        assert outside
        assert run.ids("reports").isdisjoint(outside)
        assert len([line for line in run.log_lines("INFO") if "365 days" in line]) == 1


def test_given_finished_windows_when_read_then_the_state_moves_over_them_and_never_beyond_their_records() -> None:
    with account(conversas=MANY) as crm:
        run = Source(crm, CONVERSAS, requests_per_minute=1_200, num_workers=2).read("reports")

        assert_complete(run, crm)
        begun = crm.requests()[0]["arrived_at"]
        created = {row["id"]: row["created_at"] for row in crm.conversas_truth("reports")}
        arrived: set[str] = set()
        cursors = []
        for line in run.lines:
            if line.is_record:
                arrived.add(line.message["record"]["data"]["id"])
            elif line.text.startswith(b'{"type":"STATE"') and state_stream(line.message) == "reports":
                cursor = line.message["state"]["stream"]["stream_state"]["created_at"]
                assert {id_ for id_, moment in created.items() if moment < cursor} <= arrived
                cursors.append(cursor)
        assert cursors == sorted(cursors)
        assert len({cursor[:10] for cursor in cursors}) > 2, "only the beginning and the end"
        assert cursors[-1] <= canonical(iso(begun))


@pytest.mark.parametrize(
    "kills", [pytest.param(2, id="2-kills"), pytest.param(20, id="20-kills", marks=pytest.mark.long)]
)
def test_given_kills_at_random_points_when_resumed_then_the_union_is_complete(kills: int) -> None:
    with account(conversas=MANY) as crm:
        committed = read_with_kills(crm, CONVERSAS, ("reports",), kills, seed=6)

        assert CONVERSAS.ids(crm, "reports") - committed["reports"] == set()
