"""Hundreds of records share one second, where a filter of whole seconds cannot advance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from harness import AccountSize, Emulator, Source, account

STREAMS = ("contacts", "deals", "organizations", "tasks")
SIZE = AccountSize(contacts=3_300, deals=3_300, organizations=3_300, tasks=3_300)
SECOND = "2026-08-30T10:20:30Z"


def bulk_edit(crm: Emulator, stream: str, count: int) -> None:
    crm.bulk_edit(stream, count=count, at=SECOND, spread=True)


def import_at_once(crm: Emulator, stream: str, count: int) -> None:
    crm.create(stream, count=count, at=SECOND)


@pytest.mark.parametrize(
    ("count", "edit_during_walk"),
    [
        pytest.param(700, 0, id="700-at-rest"),
        pytest.param(700, 5, id="700-moving", marks=pytest.mark.long),
        pytest.param(3_000, 0, id="3000-at-rest", marks=pytest.mark.long),
        pytest.param(3_000, 5, id="3000-moving"),
    ],
)
@pytest.mark.parametrize("share", [bulk_edit, import_at_once], ids=["bulk-edit", "import"])
def test_given_records_of_one_second_when_read_then_complete_and_no_loop(
    count: int, share: Callable[[Emulator, str, int], None], edit_during_walk: int
) -> None:
    with account(SIZE) as crm:
        for stream in STREAMS:
            share(crm, stream, count)
        before = {stream: crm.ids(stream) for stream in STREAMS}
        crm.settings(edit_during_walk=edit_during_walk)

        run = Source(crm).read(*STREAMS)

        assert run.exit_code == 0, run.log
        asked = Counter(request["path"].rpartition("/")[2] for request in crm.requests())
        missing = {stream: len(before[stream] - run.ids(stream)) for stream in STREAMS}
        assert missing == dict.fromkeys(STREAMS, 0)
        # A few passes over one second; a loop would go on for ever.
        assert {
            stream: asked[stream] for stream in STREAMS if asked[stream] > 20 * -(-len(before[stream]) // 200)
        } == {}
