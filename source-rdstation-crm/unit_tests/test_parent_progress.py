"""The cursor of deals' children: never ahead of a deal not visited, never chasing edits for ever."""

from __future__ import annotations

from source_rdstation_crm.streams.substream import ParentProgress, Visit

STARTED = "2026-08-01T12:00:00.000Z"
A, B, C = (f"{number:024x}" for number in (10, 11, 12))


def visits(cursor: str | None = None, recent: dict[str, str] | None = None) -> ParentProgress:
    return ParentProgress(cursor, recent or {}, lambda: STARTED)


def opened(log: ParentProgress, deal_id: str, updated_at: str | None) -> Visit:
    visit = log.open(deal_id, updated_at)
    assert visit is not None
    return visit


def test_given_visits_that_end_out_of_order_when_asked_then_the_cursor_waits_for_the_slowest() -> None:
    log = visits()
    first = opened(log, A, "2026-08-01T10:00:00.000Z")
    second = opened(log, B, "2026-08-01T11:00:00.000Z")

    log.close(second)
    assert log.state() == (None, {})

    log.close(first)
    assert log.state()[0] == "2026-08-01T11:00:00.000Z"


def test_given_a_deal_visited_in_the_last_sync_when_unchanged_then_it_is_not_visited_again() -> None:
    log = visits("2026-08-01T11:00:00.000Z", {A: "2026-08-01T11:00:00.000Z"})

    assert log.open(A, "2026-08-01T11:00:00.000Z") is None
    assert log.open(B, "2026-08-01T11:00:00.000Z") is not None, "it became visible late, in the same second"
    assert log.open(A, "2026-08-01T11:00:01.000Z") is not None, "it changed"


def test_given_a_deal_edited_after_the_start_when_visited_then_the_cursor_stays_at_the_start() -> None:
    log = visits()
    log.close(opened(log, A, "2026-08-01T10:00:00.000Z"))
    later = "2026-08-01T12:00:07.000Z"

    log.close(opened(log, B, later))

    cursor, recent = log.state()
    assert cursor == STARTED, "A may have been edited after it was listed: that must be met by the next sync"
    assert recent == {B: later}


def test_given_a_cursor_long_before_the_start_when_asked_then_only_its_own_second_is_remembered() -> None:
    log = visits()
    log.close(opened(log, A, "2026-08-01T10:59:59.999Z"))
    log.close(opened(log, B, "2026-08-01T11:00:00.000Z"))
    log.close(opened(log, C, "2026-08-01T11:00:00.500Z"))

    assert set(log.state()[1]) == {B, C}


def test_given_a_cursor_close_to_the_start_when_asked_then_all_that_may_be_met_again_is_remembered() -> None:
    log = visits()
    log.close(opened(log, A, "2026-08-01T11:54:58.000Z"))
    log.close(opened(log, B, "2026-08-01T11:55:00.000Z"))
    log.close(opened(log, C, "2026-08-01T11:59:59.500Z"))

    assert set(log.state()[1]) == {B, C}


def test_given_a_deal_without_a_date_when_visited_then_the_cursor_stays() -> None:
    log = visits("2026-08-01T09:00:00.000Z")

    log.close(opened(log, A, None))

    assert log.state()[0] == "2026-08-01T09:00:00.000Z"
