"""The start date, and what the states of a read may say: never more than what is surely read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

import pytest

from harness import (
    V1,
    V2,
    AccountSize,
    Emulator,
    Line,
    Source,
    SyncMode,
    Version,
    account,
    for_each_version,
    state_stream,
)
from truth import INSTANT, canonical

START_DATE = "2026-06-01T00:00:00Z"
SIZE = AccountSize(contacts=210, deals=25, organizations=60, tasks=60)


def by_cursor(crm: Emulator, api: Version, stream: str) -> dict[str, str]:
    """The cursor of each record of the stream by id."""
    rows = api.truth(crm, stream if api.cursors[stream] == "updated_at" else "deals")
    changed = {row["id"]: canonical(row["updated_at"]) for row in rows}
    if api.cursors[stream] == "updated_at":
        return changed
    below = [(child["id"], changed[deal]) for deal, children in api.truth(crm, stream).items() for child in children]
    return dict(sorted(below, key=lambda each: each[1]))  # a contact of several deals: by the one that changed last


@for_each_version
@pytest.mark.parametrize("sync_mode", ["incremental", "full_refresh"])
def test_given_a_start_date_when_read_then_it_bounds_the_streams_with_a_cursor(
    sync_mode: SyncMode, api: Version
) -> None:
    with account(SIZE) as crm:
        run = Source(crm, api, start_date=START_DATE).read(sync_mode=sync_mode)

        assert run.exit_code == 0, run.log
        for stream, cursor in api.cursors.items():
            if cursor:
                expected = {
                    id_ for id_, moment in by_cursor(crm, api, stream).items() if moment >= canonical(START_DATE)
                }
                assert 0 < len(expected) < len(api.ids(crm, stream))
                assert run.ids(stream) == expected
            else:
                assert run.ids(stream) == api.ids(crm, stream)


def kill_after_states(stream: str, count: int) -> Callable[[Line], bool]:
    """Kill once the stream's n-th STATE has arrived."""
    seen = 0

    def when(line: Line) -> bool:
        nonlocal seen
        if line.text.startswith(b'{"type":"STATE"') and state_stream(line.message) == stream:
            seen += 1
        return seen >= count

    return when


@pytest.mark.parametrize(
    "start_date",
    [pytest.param(None, id="no-start-date"), pytest.param(START_DATE, id="start-date", marks=pytest.mark.long)],
)
@pytest.mark.parametrize(
    ("api", "stream", "count"),
    [(V2, "contacts", 9_000), (V2, "tasks", 9_000), (V1, "contacts", 5_000)],
    ids=str,
)
def test_given_a_read_under_way_when_killed_and_resumed_then_the_cursor_moves_at_the_end_and_not_beyond_the_start(
    api: Version, stream: str, count: int, start_date: str | None
) -> None:
    size = AccountSize(**{"contacts": 1, "tasks": 1, "deals": 1, api.edited(stream): count})
    with account(size) as crm:
        source = Source(crm, api, **({"start_date": start_date} if start_date else {}))

        first = source.read(stream, kill_when=kill_after_states(stream, 2))

        begun = crm.requests()[0]["arrived_at"]
        cursors = {state.get("updated_at") for state in first.states_of(stream)}
        assert cursors == {canonical(start_date) if start_date else None}
        assert all("position" in state for state in first.states_of(stream))
        # What the killed read had brought changes before the resumed one: only a third sync can bring it.
        edited = sorted(first.committed_ids(stream))[0]
        new_time = canonical(crm.edit(api.edited(stream), edited)["updated_at"])

        resumed = source.read(stream, state=first.states)

        *before, last = resumed.states_of(stream)
        assert {state.get("updated_at") for state in before} <= cursors
        assert INSTANT.fullmatch(last["updated_at"])
        assert last["updated_at"] <= canonical(iso(begun))
        third = source.read(stream, state=resumed.states)
        assert new_time in {record["updated_at"] for record in third.records(stream) if record["id"] == edited}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
