"""A deal created exactly where two windows of time meet arrives once, whatever the API thinks of zones and ends."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from harness import V1, AccountSize, Emulator, Source, account, often

OFFSETS = [timedelta(hours=hours) for hours in (0, 3, -3, 2, -2, 24, -24, 48, -48)]
AROUND = [timedelta(milliseconds=milliseconds) for milliseconds in (-1, 0, 1, 999)]
NOT_BEFORE = datetime(2024, 10, 1, tzinfo=timezone.utc)
READINGS = {
    f"{zone}-{end}": {"v1_window_tz": zone, "v1_window_end": end}
    for zone in ("-03:00", "UTC")
    for end in ("inclusive", "exclusive")
}


def edges(crm: Emulator) -> set[datetime]:
    """The instants, read as UTC, that windows were asked to begin or end with."""
    texts = {
        request["query"][name]
        for request in crm.requests()
        for name in ("start_date", "end_date")
        if "created_at_period" in request["query"]
    }
    return {datetime.fromisoformat(text).replace(tzinfo=timezone.utc) for text in texts}


def text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture(scope="module")
def at_the_edges() -> Any:
    """Windows for more deals than are read in one piece, and deals at the edges of each of them."""
    with account(AccountSize(deals=4_400, contacts=1, organizations=1, tasks=1), v1_next_page="absent") as crm:
        Source(crm, V1).read("deals")
        begun = datetime.now(timezone.utc)
        moments = {edge + offset + little for edge in edges(crm) for offset in OFFSETS for little in AROUND}
        inside = sorted(moment for moment in moments if NOT_BEFORE < moment < begun)
        assert len(inside) >= len(OFFSETS) * len(AROUND), "no window was asked for"
        made = [crm.create("deals", count=1, at=text_of(moment))[0]["id"] for moment in inside]
        yield crm, set(made)


@pytest.mark.parametrize("reading", often(READINGS, long={"-03:00-inclusive", "UTC-exclusive", "UTC-inclusive"}))
def test_given_deals_at_the_edges_of_windows_when_read_then_each_comes_once(
    at_the_edges: tuple[Emulator, set[str]], reading: str
) -> None:
    crm, made = at_the_edges
    crm.settings(**READINGS[reading])
    crm.clear_requests()

    run = Source(crm, V1).read("deals")

    assert run.exit_code == 0, run.log
    found = [record["id"] for record in run.records("deals")]
    assert len(found) == len(set(found))
    assert made - set(found) == set()
    assert set(found) == V1.ids(crm, "deals")


def test_given_windows_that_are_refused_when_read_then_one_error_stands_for_all(at_the_edges: Any) -> None:
    crm, _ = at_the_edges
    crm.fault("401", path="/deals$", query="start_date=", times=None)

    run = Source(crm, V1).read("deals")

    crm.clear_faults()
    assert run.outcomes == {"deals": "INCOMPLETE"}
    assert "401" in run.error_of("deals")["internal_message"]
