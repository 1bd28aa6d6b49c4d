"""kill -9 at random points, resumed each time from the last STATE on stdout: nothing is missing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from harness import AccountSize, Emulator, Line, Source, account

SIZE = AccountSize(contacts=3_000, deals=300, organizations=1_200, tasks=2_500)
WALKED = ("contacts", "deals", "deal_notes", "deal_products", "organizations", "tasks")
KILLS = [pytest.param(5, id="5-kills"), pytest.param(20, id="20-kills", marks=pytest.mark.long)]
KILLS_ALONE = [pytest.param(2, id="2-kills"), pytest.param(20, id="20-kills", marks=pytest.mark.long)]


def after_lines(count: int) -> Callable[[Line], bool]:
    """True at the n-th line."""
    seen = 0

    def when(_line: Line) -> bool:
        nonlocal seen
        seen += 1
        return seen >= count

    return when


def read_with_kills(crm: Emulator, streams: tuple[str, ...], kills: int, seed: int) -> dict[str, set[str]]:
    """The ids that a platform holds after a sync that was killed that often; it keeps what a STATE covers."""
    dice = random.Random(seed)
    source = Source(crm)
    committed: dict[str, set[str]] = {stream: set() for stream in streams}
    states: dict[str, Any] = {}
    lines = sum(len(crm.ids(stream)) for stream in streams)
    while kills >= 0:
        # The last run is not killed. The others are killed early enough that some work remains for the next one.
        point = after_lines(dice.randint(1, max(20, lines // (kills + 1) * 2))) if kills else None
        run = source.read(*streams, state=list(states.values()) or None, kill_when=point)
        for stream in streams:
            committed[stream] |= run.committed_ids(stream)
        states |= {state["stream"]["stream_descriptor"]["name"]: state for state in run.states}
        if kills == 0:
            assert run.exit_code == 0, run.log
        kills -= 1
    return committed


@pytest.mark.parametrize("kills", KILLS)
def test_given_kills_at_random_points_when_all_streams_are_resumed_then_the_union_is_complete(kills: int) -> None:
    with account(SIZE) as crm:
        committed = read_with_kills(crm, WALKED, kills, seed=1)

        assert {stream: len(crm.ids(stream) - ids) for stream, ids in committed.items()} == dict.fromkeys(WALKED, 0)


@pytest.mark.parametrize("kills", KILLS_ALONE)
@pytest.mark.parametrize("stream", ["contacts", "deals", "tasks", "deal_notes"])
def test_given_kills_at_random_points_when_a_stream_is_resumed_alone_then_the_union_is_complete(
    stream: str, kills: int
) -> None:
    size = AccountSize(deals=250) if stream == "deal_notes" else AccountSize(**{stream: 6_000})
    with account(size) as crm:
        committed = read_with_kills(crm, (stream,), kills, seed=2)

        assert len(crm.ids(stream) - committed[stream]) == 0


@pytest.mark.parametrize("kills", KILLS)
def test_given_kills_while_records_change_when_resumed_then_no_row_that_existed_throughout_is_missing(
    kills: int,
) -> None:
    with account(SIZE) as crm:
        before = {stream: crm.ids(stream) for stream in WALKED}
        crm.churn(edits_per_s=20, creates_per_s=20, seed=7)

        committed = read_with_kills(crm, WALKED, kills, seed=3)

        crm.stop_churn()
        assert {stream: len(before[stream] - ids) for stream, ids in committed.items()} == dict.fromkeys(WALKED, 0)
