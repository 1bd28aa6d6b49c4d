"""Hundreds of records share one second: no filter of whole seconds, and no page number, leads through them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from harness import V1, V2, AccountSize, Emulator, Source, Version, account

STREAMS = {V2: ("contacts", "deals", "organizations", "tasks"), V1: ("contacts", "companies", "deals")}
PAGE = 200
# A few passes over one second; a loop would go on for ever. Where a sort leads through it, they are fewer than where
# pages have to be drawn until no row is new: 10.6 a page of rows at most, when this was written, and 4.7. On a busy
# machine more edits fall between the requests of a pass, and it takes more passes: 6.2.
DRAWN, SORTED = 16, 9
SECOND = "2026-08-30T10:20:30Z"


def bulk_edit(crm: Emulator, stream: str, count: int) -> None:
    crm.bulk_edit(stream, count=count, at=SECOND, spread=True)


def import_at_once(crm: Emulator, stream: str, count: int) -> None:
    crm.create(stream, count=count, at=SECOND)


@pytest.mark.parametrize(
    ("api", "count", "edit_during_walk"),
    [
        pytest.param(V2, 700, 0, id="v2-700-at-rest", marks=pytest.mark.long),
        pytest.param(V2, 700, 5, id="v2-700-moving", marks=pytest.mark.long),
        pytest.param(V2, 3_000, 0, id="v2-3000-at-rest", marks=pytest.mark.long),
        pytest.param(V2, 1_100, 5, id="v2-1100-moving"),
        pytest.param(V2, 3_000, 5, id="v2-3000-moving", marks=pytest.mark.long),
        pytest.param(V1, 700, 0, id="v1-700-at-rest", marks=pytest.mark.long),
        pytest.param(V1, 700, 5, id="v1-700-moving"),
        pytest.param(V1, 1_400, 5, id="v1-1400-moving", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize(
    "share", [bulk_edit, pytest.param(import_at_once, marks=pytest.mark.long)], ids=["bulk-edit", "import"]
)
def test_given_records_of_one_second_when_read_then_complete_and_no_loop(
    api: Version, count: int, share: Callable[[Emulator, str, int], None], edit_during_walk: int
) -> None:
    streams = STREAMS[api]
    others = 300
    sizes = dict.fromkeys(map(api.edited, streams), count + others)
    with account(AccountSize(**{"tasks": 1, **sizes})) as crm:
        for stream in streams:
            share(crm, api.edited(stream), count)
        before = {stream: api.ids(crm, stream) for stream in streams}
        crm.settings(edit_during_walk=edit_during_walk)

        run = Source(crm, api).read(*streams)

        assert run.exit_code == 0, run.log
        asked = Counter(request["path"] for request in crm.requests())
        missing = {stream: len(before[stream] - run.ids(stream)) for stream in streams}
        assert missing == dict.fromkeys(streams, 0)
        spent = {stream: asked[api.path(stream)] / -(-len(before[stream]) // PAGE) for stream in streams}
        may = {stream: SORTED if api is V2 and stream != "tasks" else DRAWN for stream in streams}
        assert {stream: share_ for stream, share_ in spent.items() if share_ > may[stream]} == {}
