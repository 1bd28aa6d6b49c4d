"""Daily figures of Conversas: a record a day that equals the truth, a look-back for what changes, a state of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft7Validator

from harness import CONVERSAS, ConversasSize, Emulator, Message, Run, Source, account, discovered, state_stream
from test_kill import after_lines
from test_schemas import FORMATS
from truth_conversas import DAILY

SIZE = ConversasSize(contacts=60, messages_per_contact=1, reports=300)
SAO_PAULO = "America/Sao_Paulo"
ONE_DAY = timedelta(days=1)
SUMMARY, RETENTION, REVIEWS, ORIGIN = (
    "attendances_summary",
    "attendances_retention",
    "attendances_reviews_average",
    "contacts_origin",
)
START = date(2026, 7, 20)
"""Late enough for a short read, before the last invented attendances."""
LENGTHS = {"min": 60, "h": 3_600}


def days_since(start: date, zone: str = SAO_PAULO) -> list[str]:
    today = datetime.now(ZoneInfo(zone)).date()
    return [(start + number * ONE_DAY).isoformat() for number in range((today - start).days + 1)]


def day_of(text: str, zone: str) -> str:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(ZoneInfo(zone)).date().isoformat()


def by_day(crm: Emulator, zone: str = SAO_PAULO, department: str = "") -> dict[str, list[dict[str, Any]]]:
    """The account's attendances by the day on which they opened."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in crm.conversas_truth("reports"):
        if not department or row["to_department"] == department:
            found.setdefault(day_of(row["created_at"], zone), []).append(row)
    return found


def contacts_by_day(crm: Emulator, zone: str = SAO_PAULO) -> Counter[str]:
    """A contact's id begins with the second of its creation."""
    moments = [datetime.fromtimestamp(int(id_[:8], 16), ZoneInfo(zone)) for id_ in crm.conversas_ids("customers")]
    return Counter(moment.date().isoformat() for moment in moments)


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def wrong_figures(
    run: Run, attendances: dict[str, list[dict[str, Any]]], stream: str, days: Sequence[str]
) -> list[str]:
    """The days whose record is missing, is there twice, or does not tell the truth."""
    records = run.records(stream)
    if sorted(record["date"] for record in records) != sorted(days):
        return ["the days are others"]
    return [record["date"] for record in records if not tells(record, attendances.get(record["date"], []), stream)]


def tells(record: dict[str, Any], rows: list[dict[str, Any]], stream: str) -> bool:
    if stream == RETENTION:
        alone = sum(row["employee"] is None for row in rows)
        percent = 100 * alone / len(rows) if rows else 0
        return bool(record["chatBotAttendances"] == alone and abs(record["retention"] - percent) < 0.06)
    if stream == REVIEWS:
        average = mean([row["level"] for row in rows if row.get("level")])
        return close(record["average"], average, 0.006)
    times = [
        close(record[f"{name}_seconds"], mean([float(row[name]["value"]) for row in rows if row[name]]), 0.006 * length)
        for name in ("tma", "tme")
        for length in [LENGTHS[record[name]["unit"]] if record[name] else 0]
    ]
    return bool(record["attendancesTotal"] == len(rows) and all(times))


def close(found: float | None, expected: float | None, within: float) -> bool:
    return found is expected is None or (found is not None and expected is not None and abs(found - expected) <= within)


def assert_true(run: Run, crm: Emulator, zone: str = SAO_PAULO, start: date = START) -> None:
    assert run.exit_code == 0, run.log
    days = days_since(start, zone)
    attendances = by_day(crm, zone)
    assert {
        stream: found
        for stream in (SUMMARY, RETENTION, REVIEWS)
        if (found := wrong_figures(run, attendances, stream, days))
    } == {}
    origins: Counter[str] = Counter()
    for record in run.records(ORIGIN):
        origins[record["date"]] += record["total"]
    assert origins == {day: number for day, number in contacts_by_day(crm, zone).items() if day in days}
    pairs = Counter((record["date"], record["origin"]) for record in run.records(ORIGIN))
    assert set(pairs.values()) <= {1}
    for stream in DAILY:
        validator = Draft7Validator(discovered(CONVERSAS)[stream]["json_schema"], format_checker=FORMATS)
        wrong = {f"{e.json_path}: {e.message}" for each in run.records(stream) for e in validator.iter_errors(each)}
        assert wrong == set()


def asked_days(crm: Emulator, stream: str) -> list[str]:
    """The first days that the stream's requests named, in order."""
    return sorted(
        request["query"]["start_date"][:10] for request in crm.requests() if request["path"] == CONVERSAS.path(stream)
    )


VARIANTS: dict[str, dict[str, Any]] = {
    "as-documented": {},
    "in-hours": {"conversas_analytics_unit": "h"},
    "numbers-as-text": {"conversas_analytics_numbers": "text"},
    "reviews-as-number": {"conversas_analytics_reviews": "number"},
    "reviews-as-list": {"conversas_analytics_reviews": "list"},
    "a-day-at-most": {"conversas_analytics_range": 1},
    "no-times": {"conversas_analytics_times": "refused", "conversas_one_day": "accepted"},
    "flaky": {"conversas_flaky": 40},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_given_a_form_of_figures_when_read_then_each_day_tells_the_truth_once(name: str) -> None:
    with account(conversas=SIZE, **VARIANTS[name]) as crm:
        run = Source(crm, CONVERSAS, start_date=START.isoformat()).read(*DAILY)

        assert_true(run, crm)
        assert run.log_lines("WARN") == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Rio_Branco"])
def test_given_another_time_zone_when_read_then_days_are_those_of_that_zone(zone: str) -> None:
    with account(conversas=SIZE) as crm:
        for hour in range(24):  # some of them are of other days elsewhere
            crm.conversas_create("reports", at=f"2026-08-20T{hour:02}:30:00Z")

        run = Source(crm, CONVERSAS, start_date=START.isoformat(), timezone=zone).read(*DAILY)

        assert_true(run, crm, zone)


def test_given_an_api_that_takes_no_single_day_when_read_then_every_day_comes_and_what_it_counts_is_said() -> None:
    with account(conversas=SIZE, conversas_analytics_times="refused") as crm:
        run = Source(crm, CONVERSAS, start_date=START.isoformat()).read(SUMMARY)

        days, rows = days_since(START), by_day(crm)
        assert run.exit_code == 0, run.log
        found = {record["date"]: record["attendancesTotal"] for record in run.records(SUMMARY)}
        following = [*days[1:], (date.fromisoformat(days[-1]) + ONE_DAY).isoformat()]
        assert found == {
            day: len(rows.get(day, [])) + len(rows.get(after, [])) for day, after in zip(days, following, strict=True)
        }
        (line,) = run.log_lines("WARN")
        assert "may count that one, too" in line


def test_given_a_unit_that_is_not_known_when_read_then_times_come_as_they_are_and_seconds_are_null() -> None:
    with account(conversas=SIZE, conversas_analytics_unit="days") as crm:
        run = Source(crm, CONVERSAS, start_date=START.isoformat()).read(SUMMARY)

        assert run.exit_code == 0, run.log
        told = [record for record in run.records(SUMMARY) if record["tma"] or record["tme"]]
        assert told
        assert {one["unit"] for record in told for one in (record["tma"], record["tme"]) if one} == {"days"}
        assert {record[f"{name}_seconds"] for record in told for name in ("tma", "tme")} == {None}
        (line,) = run.log_lines("WARN")
        assert "unknown unit (days)" in line


def test_given_days_that_change_when_read_again_then_the_look_back_brings_them_and_no_others_are_asked_for() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS, start_date=START.isoformat())
        first = source.read(*DAILY)
        days = days_since(START)
        for back in (0, 5, 29, 40):
            crm.conversas_create("reports", at=f"{days[-1 - back]}T15:00:00Z")
        crm.clear_requests()

        again = source.read(*DAILY, state=first.states)

        assert {stream: asked_days(crm, stream) for stream in DAILY} == dict.fromkeys(DAILY, days[-31:])
        rows = by_day(crm)
        found = {record["date"]: record["attendancesTotal"] for record in again.records(SUMMARY)}
        assert found == {day: len(rows.get(day, [])) for day in days[-31:]}

        crm.clear_requests()
        today = Source(crm, CONVERSAS, start_date=START.isoformat(), reports_lookback_days=0)
        assert [record["date"] for record in today.read(SUMMARY, state=again.states).records(SUMMARY)] == days[-1:]


def test_given_finished_days_when_read_then_the_state_moves_over_them_and_never_beyond_their_records() -> None:
    with account(conversas=SIZE) as crm:
        run = Source(crm, CONVERSAS, start_date=START.isoformat(), requests_per_minute=6_000).read(SUMMARY)

        assert run.exit_code == 0, run.log
        arrived: set[str] = set()
        cursors = []
        for line in run.lines:
            if line.is_record:
                arrived.add(line.message["record"]["data"]["date"])
            elif line.text.startswith(b'{"type":"STATE"') and state_stream(line.message) == SUMMARY:
                cursor = line.message["state"]["stream"]["stream_state"]["date"]
                assert {day for day in days_since(START) if day < day_of(cursor, SAO_PAULO)} <= arrived
                cursors.append(cursor)
        assert cursors == sorted(cursors)
        middle = [cursor for cursor in cursors if cursors[0] < cursor < cursors[-1]]
        assert middle
        assert middle[-1][:10] >= days_since(START)[-60], "the state is far behind its records"


def committed(run: Run, stream: str) -> set[str]:
    """The days of records before the stream's last STATE."""
    arrived: set[str] = set()
    kept: set[str] = set()
    for line in run.lines:
        if line.is_record and line.message["record"]["stream"] == stream:
            arrived.add(line.message["record"]["data"]["date"])
        elif line.text.startswith(b'{"type":"STATE"') and state_stream(line.message) == stream:
            kept |= arrived
    return kept


def test_given_kills_when_resumed_then_every_day_is_there_and_little_is_read_again() -> None:
    with account(conversas=SIZE) as crm:
        source = Source(crm, CONVERSAS, start_date="2025-12-01", requests_per_minute=30_000)
        held: dict[str, set[str]] = {stream: set() for stream in DAILY[:3]}
        states: dict[str, Message] = {}
        for lines in (200, 500, None):
            run = source.read(
                *held, state=list(states.values()) or None, kill_when=after_lines(lines) if lines else None
            )
            for stream in held:
                held[stream] |= committed(run, stream)
            states |= {state_stream({"state": state}): state for state in run.states}

        assert run.exit_code == 0, run.log
        assert held == {stream: {*days_since(date(2025, 12, 1))} for stream in held}
        assert len(run.records(SUMMARY)) < len(held[SUMMARY])


@pytest.mark.parametrize("by_department", [False, True], ids=["whole", "by-department"])
@pytest.mark.parametrize("status", ["401", "403", "404"])
def test_given_a_path_that_the_account_lacks_when_all_figures_are_read_then_it_alone_is_incomplete(
    status: str, by_department: bool
) -> None:
    lacking: dict[str, Any] = {"conversas_plan": status, "conversas_plan_lists": ["analytics_reviews"]}
    with account(conversas=SIZE, **lacking) as crm:
        source = Source(crm, CONVERSAS, start_date=START.isoformat(), analytics_by_department=by_department)

        run = source.read(*DAILY, "flows")

        assert run.exit_code == 1
        assert {stream for stream, outcome in run.outcomes.items() if outcome != "COMPLETE"} == {REVIEWS}
        error = run.error_of(REVIEWS)
        assert error["failure_type"] == "config_error"
        assert REVIEWS in error["message"]
        assert "eselect" in error["message"]
        assert wrong_figures(run, by_day(crm), RETENTION, days_since(START)) == []
        assert len(asked_days(crm, REVIEWS)) < 20, "every day was asked for what the account lacks"


def test_given_no_start_date_when_read_then_the_last_365_days_come_and_one_line_says_so() -> None:
    with account(conversas=SIZE) as crm:
        run = Source(crm, CONVERSAS, start_date=None).read(RETENTION)

        assert run.exit_code == 0, run.log
        days = sorted(record["date"] for record in run.records(RETENTION))
        assert (len(days), days[-1]) == (366, days_since(START)[-1])
        assert len([line for line in run.log_lines("INFO") if "365 days" in line]) == 1


BY_DEPARTMENT = (SUMMARY, REVIEWS)


def departments(crm: Emulator) -> set[str]:
    """Those that attendances name, of the days that are read."""
    return {
        row["to_department"]
        for day, rows in by_day(crm).items()
        for row in rows
        if day >= START.isoformat() and row["to_department"]
    }


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="object"),
        pytest.param({"conversas_analytics_reviews": "number"}, id="number"),
        pytest.param({"conversas_analytics_reviews": "list", "conversas_analytics_range": 1}, id="list-of-one-day"),
    ],
)
def test_given_departments_when_read_by_department_then_each_has_a_record_a_day_that_tells_the_truth(
    settings: dict[str, Any],
) -> None:
    with account(conversas=SIZE, **settings) as crm:
        source = Source(crm, CONVERSAS, start_date=START.isoformat(), analytics_by_department=True)

        run = source.read(*BY_DEPARTMENT, RETENTION)

        assert run.exit_code == 0, run.log
        known = departments(crm)
        assert len(known) > 1
        for stream in BY_DEPARTMENT:
            found: dict[str, list[dict[str, Any]]] = {}
            for record in run.records(stream):
                found.setdefault(record["department_id"], []).append(record)
            assert found.keys() == known
            for department, records in found.items():
                rows = by_day(crm, department=department)
                assert sorted(record["date"] for record in records) == days_since(START)
                assert all(tells(record, rows.get(record["date"], []), stream) for record in records)
        assert {"department_id" in record for record in run.records(RETENTION)} == {False}
        asked = [request["query"].get("department_ids", "") for request in crm.requests()]
        assert [ids for ids in asked if "," in ids] == []
        reports = [request for request in crm.requests() if request["path"] == CONVERSAS.path("reports")]
        assert len({(request["query"]["start_date"], request["query"]["page"]) for request in reports}) == len(reports)


def test_given_a_department_that_is_refused_when_read_then_the_others_come_and_it_is_said() -> None:
    with account(conversas=SIZE, conversas_analytics_departments="one_400") as crm:
        _, *others = sorted(departments(crm))

        source = Source(crm, CONVERSAS, start_date=START.isoformat(), analytics_by_department=True)
        run = source.read(SUMMARY)

        assert run.exit_code == 0, run.log
        assert {record["department_id"] for record in run.records(SUMMARY)} == {*others}
        (line,) = run.log_lines("WARN")
        assert "refuses the figures of a department" in line


def test_given_departments_when_discovered_then_they_are_in_the_key_where_they_are_asked_for() -> None:
    with account() as crm:
        (found,) = Source(crm, CONVERSAS, analytics_by_department=True).discover().of_type("CATALOG")

    keys = {stream["name"]: stream.get("source_defined_primary_key") for stream in found["streams"]}
    assert {name: keys[name] for name in DAILY} == {
        RETENTION: [["date"]],
        REVIEWS: [["date"], ["department_id"]],
        SUMMARY: [["date"], ["department_id"]],
        ORIGIN: None,
    }


UNHEEDED: dict[str, tuple[dict[str, Any], str]] = {
    "ignored": ({"conversas_analytics_departments": "ignored"}, "does not tell the figures of departments apart"),
    "empty": ({"conversas_analytics_departments": "empty"}, "does not tell the figures of departments apart"),
    "refused": ({"conversas_analytics_departments": "400"}, "does not tell the figures of departments apart"),
    "no-reports": ({"conversas_plan": "403", "conversas_plan_lists": ["reports"]}, "may not be read"),
    "no-reports-401": ({"conversas_plan": "401", "conversas_plan_lists": ["reports"]}, "may not be read"),
    "reports-without-department": ({"conversas_report_shape": "spec"}, "no attendance names a department"),
}


@pytest.mark.parametrize("name", UNHEEDED)
def test_given_departments_that_cannot_be_told_apart_when_read_then_the_whole_account_comes_and_it_is_said(
    name: str,
) -> None:
    settings, words = UNHEEDED[name]
    with account(conversas=SIZE) as crm:
        attendances = by_day(crm)
        crm.settings(**settings)

        source = Source(crm, CONVERSAS, start_date=START.isoformat(), analytics_by_department=True)
        run = source.read(*BY_DEPARTMENT)

        assert run.exit_code == 0, run.log
        for stream in BY_DEPARTMENT:
            assert wrong_figures(run, attendances, stream, days_since(START)) == []
            assert {record["department_id"] for record in run.records(stream)} == {""}
        assert sorted(line.partition(":")[0] for line in run.log_lines("WARN")) == sorted(BY_DEPARTMENT)
        assert all(words in line for line in run.log_lines("WARN"))
