"""Whatever a reader raises, at whatever line: its sync ends, with an error that names the stream and nothing else.

The reads run in this process. Each line that the threads of a sync execute in the connectors' code raises once.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import airbyte_rdstation
import source_rdstation_conversas
import source_rdstation_crm
from airbyte_rdstation.client.errors import ConnectorError
from harness import CONVERSAS, TINY, V1, V2, Emulator, Version, account
from in_process import Sync, read

SECRET = "um-segredo-do-erro"
ROOTS = tuple(
    str(Path(str(each.__file__)).parent)
    for each in (airbyte_rdstation, source_rdstation_crm, source_rdstation_conversas)
)
STREAMS = {
    V2: ("pipelines", "stages", "deals", "contacts", "tasks", "deal_notes", "deal_products"),
    V1: ("deal_pipelines", "deal_stages", "deals", "contacts", "deals_details"),
    CONVERSAS: ("contacts", "reports", "messages", "messages_history"),
}
WAYS = [pytest.param(api, stream, id=f"{api}-{stream}") for api, streams in STREAMS.items() for stream in streams]

Place = tuple[str, int]


class SpoiledError(Exception):
    """What no code of ours knows."""


class Lines:
    """Sees the lines that threads execute in the connectors' code, and raises at one of them."""

    def __init__(self, spoiled: Place | None = None) -> None:
        self.seen: set[Place] = set()
        self.raised = False
        self._spoiled = spoiled

    def trace(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        """What `threading.settrace` takes."""
        if not frame.f_code.co_filename.startswith(ROOTS) or threading.current_thread().name == "progress":
            return None  # the thread that tells the progress reads nothing
        if event == "line":
            place = (frame.f_code.co_filename, frame.f_lineno)
            self.seen.add(place)
            if place == self._spoiled and not self.raised:
                self.raised = True
                raise SpoiledError(SECRET)
        return self.trace


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


def traced(crm: Emulator, api: Version, stream: str, lines: Lines) -> Sync:
    """A sync whose threads are traced; fails where it does not end."""
    threading.settrace(lines.trace)
    try:
        sync = read(api, stream, {**api.config(crm), "requests_per_minute": 600_000, "num_workers": 2})
    finally:
        threading.settrace(None)
    assert sync.ended, "the sync waits for ever"
    return sync


def places_of(crm: Emulator, api: Version, stream: str) -> list[Place]:
    lines = Lines()
    assert traced(crm, api, stream, lines).raised is None
    return sorted(lines.seen)


def assert_ends(crm: Emulator, api: Version, stream: str, place: Place) -> None:
    lines = Lines(place)

    sync = traced(crm, api, stream, lines)

    where = f"{Path(place[0]).name}:{place[1]}"
    assert SECRET not in sync.said, where
    if not lines.raised or sync.raised is None:
        return  # another thread came by first, or the line is one of those that make up for a failure
    assert isinstance(sync.raised, ConnectorError), where
    assert all(each["stream_descriptor"]["name"] == stream for each in sync.errors if each["stream_descriptor"]), where
    assert stream in str(sync.raised), where


@pytest.mark.parametrize(("api", "stream"), WAYS)
@pytest.mark.parametrize("lines", [2, pytest.param(None, id="all", marks=pytest.mark.long)])
def test_given_an_error_at_any_line_of_a_reader_then_the_sync_ends_and_names_the_stream(
    crm: Emulator, api: Version, stream: str, lines: int | None
) -> None:
    places = places_of(crm, api, stream)
    for place in places if lines is None else random.Random(stream).sample(places, lines):
        assert_ends(crm, api, stream, place)
