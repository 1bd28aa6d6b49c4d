"""kill -9 at random points, resumed each time from the last STATE on stdout: nothing is missing."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from harness import V1, V2, AccountSize, Emulator, Line, Run, Source, Version, account, for_each_version, often

SIZE = AccountSize(contacts=1_000, deals=70, organizations=500, tasks=800)
SIZES = {V2: SIZE, V1: AccountSize(contacts=700, deals=60, organizations=350, tasks=210)}
BIG_LISTS = {
    V2: ("contacts", "deals", "deal_files", "deal_notes", "deal_products", "organizations", "tasks"),
    V1: ("contacts", "companies", "deals", "deal_contacts", "deals_details", "deal_stages", "tasks"),
}
KILLS = [pytest.param(3, id="3-kills"), pytest.param(20, id="20-kills", marks=pytest.mark.long)]
KILLS_ALONE = [pytest.param(2, id="2-kills"), pytest.param(20, id="20-kills", marks=pytest.mark.long)]


def after_lines(count: int) -> Callable[[Line], bool]:
    """True at the n-th line."""
    seen = 0

    def when(_line: Line) -> bool:
        nonlocal seen
        seen += 1
        return seen >= count

    return when


def read_with_kills(
    crm: Emulator,
    api: Version,
    streams: tuple[str, ...],
    kills: int,
    seed: int,
    *,
    lines: int = 0,
    see: Callable[[Run], None] = lambda _: None,
) -> dict[str, set[str]]:
    """The ids that a platform holds after a sync that was killed that often; it keeps what a STATE covers.

    `lines`: of a whole read, if not one an id; `see` is shown each run.
    """
    dice = random.Random(seed)
    source = Source(crm, api)
    committed: dict[str, set[str]] = {stream: set() for stream in streams}
    states: dict[str, Any] = {}
    lines = lines or sum(len(api.ids(crm, stream)) for stream in streams)
    while kills >= 0:
        # The last run is not killed. The others are killed early enough that some work remains for the next one.
        point = after_lines(dice.randint(1, max(20, lines // (kills + 1) * 2))) if kills else None
        run = source.read(*streams, state=list(states.values()) or None, kill_when=point)
        see(run)
        for stream in streams:
            committed[stream] |= run.committed_ids(stream)
        states |= {state["stream"]["stream_descriptor"]["name"]: state for state in run.states}
        if kills == 0:
            assert run.exit_code == 0, run.log
        kills -= 1
    return committed


@pytest.mark.parametrize(
    "api",
    [pytest.param(V2, id="v2"), pytest.param(V1, id="v1", marks=pytest.mark.long)],  # v1: while records change
)
@pytest.mark.parametrize("kills", KILLS)
def test_given_kills_at_random_points_when_all_streams_are_resumed_then_the_union_is_complete(
    kills: int, api: Version
) -> None:
    with account(SIZES[api]) as crm:
        committed = read_with_kills(crm, api, BIG_LISTS[api], kills, seed=1)

        missing = {stream: len(api.ids(crm, stream) - ids) for stream, ids in committed.items()}
        assert missing == dict.fromkeys(BIG_LISTS[api], 0)


ALONE = {
    "v2-contacts": (V2, "contacts", AccountSize(contacts=3_000)),
    "v2-deals": (V2, "deals", AccountSize(deals=3_000)),
    "v2-tasks": (V2, "tasks", AccountSize(tasks=3_000)),
    "v2-deal_files": (V2, "deal_files", AccountSize(deals=120)),
    "v2-deal_notes": (V2, "deal_notes", AccountSize(deals=120)),
    "v1-companies": (V1, "companies", AccountSize(organizations=3_000)),
    "v1-deal_contacts": (V1, "deal_contacts", AccountSize(deals=120, contacts=200)),
    "v1-deals_details": (V1, "deals_details", AccountSize(deals=120)),
}


@pytest.mark.parametrize("kills", KILLS_ALONE)
@pytest.mark.parametrize("name", often(ALONE, long={"v2-deals", "v1-companies"}))
def test_given_kills_at_random_points_when_a_stream_is_resumed_alone_then_the_union_is_complete(
    name: str, kills: int
) -> None:
    api, stream, size = ALONE[name]
    with account(size) as crm:
        committed = read_with_kills(crm, api, (stream,), kills, seed=2)

        assert len(api.ids(crm, stream) - committed[stream]) == 0


@pytest.mark.long  # kills, and reads beyond the wall: each for itself in every run
@pytest.mark.parametrize("kills", KILLS_ALONE)
def test_given_kills_beyond_the_wall_of_v1_when_resumed_then_the_union_is_complete(kills: int) -> None:
    with account(AccountSize(contacts=10_600, deals=1, organizations=1, tasks=1)) as crm:
        committed = read_with_kills(crm, V1, ("contacts",), kills, seed=4)

        assert len(V1.ids(crm, "contacts") - committed["contacts"]) == 0


@for_each_version
@pytest.mark.parametrize("kills", KILLS)
def test_given_kills_while_records_change_when_resumed_then_no_row_that_existed_throughout_is_missing(
    kills: int, api: Version
) -> None:
    with account(SIZES[api]) as crm:
        before = {stream: api.ids(crm, stream) for stream in BIG_LISTS[api]}
        crm.churn(edits_per_s=20, creates_per_s=20, seed=7)

        committed = read_with_kills(crm, api, BIG_LISTS[api], kills, seed=3)

        crm.stop_churn()
        missing = {stream: len(before[stream] - ids) for stream, ids in committed.items()}
        assert missing == dict.fromkeys(BIG_LISTS[api], 0)
