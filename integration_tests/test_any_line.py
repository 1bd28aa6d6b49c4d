"""Whatever a reader raises, at whatever line: its sync ends, with an error that names the stream and nothing else.

The reads run in this process. Each line that the threads of a sync execute in the connectors' code raises once.
"""

from __future__ import annotations

import logging
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)

import rdstation
import source_rdstation_conversas
import source_rdstation_crm
from harness import CONVERSAS, TINY, V1, V2, Emulator, Version, account, catalog
from rdstation.errors import ConnectorError
from rdstation.source.base import RdstationSource
from source_rdstation_conversas.source import SourceRdstationConversas
from source_rdstation_crm.source import SourceRdstationCrm

SECRET = "um-segredo-do-erro"
LONGEST = 30.0  # seconds; a read takes a tenth of one
ROOTS = tuple(
    str(Path(str(each.__file__)).parent) for each in (rdstation, source_rdstation_crm, source_rdstation_conversas)
)
STREAMS = {
    V2: ("pipelines", "stages", "deals", "contacts", "tasks", "deal_notes", "deal_products"),
    V1: ("deal_pipelines", "deal_stages", "deals", "contacts", "deals_details"),
    CONVERSAS: ("contacts", "reports", "messages", "messages_history"),
}
WAYS = [pytest.param(api, stream, id=f"{api}-{stream}") for api, streams in STREAMS.items() for stream in streams]
IN_EACH_RUN = 12

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
        if not frame.f_code.co_filename.startswith(ROOTS):
            return None
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


def read(crm: Emulator, api: Version, stream: str, lines: Lines) -> tuple[list[AirbyteMessage], Exception | None]:
    """The messages of a sync whose threads are traced, and what it raised; fails where it does not end."""
    source: RdstationSource[Any] = SourceRdstationConversas() if api is CONVERSAS else SourceRdstationCrm()
    config = {**api.config(crm), "requests_per_minute": 600_000, "num_workers": 2}
    selected = ConfiguredAirbyteCatalogSerializer.load(catalog([stream], api=api))
    messages: list[AirbyteMessage] = []
    raised: list[Exception] = []

    def run() -> None:
        sys.settrace(None)
        try:
            messages.extend(source.read(logging.getLogger("airbyte"), config, selected, []))
        except Exception as error:  # noqa: BLE001 - it is what the test looks at
            raised.append(error)

    threading.settrace(lines.trace)
    try:
        main = threading.Thread(target=run, daemon=True)
        main.start()
        main.join(LONGEST)
    finally:
        threading.settrace(None)
    assert not main.is_alive(), "the sync waits for ever"
    return messages, raised[0] if raised else None


def errors_in(messages: list[AirbyteMessage]) -> list[Mapping[str, Any]]:
    found = [AirbyteMessageSerializer.dump(message)["trace"] for message in messages if message.type == Type.TRACE]
    return [trace["error"] for trace in found if trace["type"] == "ERROR"]


def places_of(crm: Emulator, api: Version, stream: str) -> list[Place]:
    lines = Lines()
    _, raised = read(crm, api, stream, lines)
    assert raised is None
    return sorted(lines.seen)


def assert_ends(crm: Emulator, api: Version, stream: str, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    lines = Lines(place)
    caplog.clear()

    messages, raised = read(crm, api, stream, lines)

    told = errors_in(messages)
    where = f"{Path(place[0]).name}:{place[1]}"
    assert SECRET not in str(told) + str(raised) + caplog.text, where
    if not lines.raised or raised is None:
        return  # another thread came by first, or the line is one of those that make up for a failure
    assert isinstance(raised, ConnectorError), where
    assert all(error["stream_descriptor"]["name"] == stream for error in told if error["stream_descriptor"]), where
    assert stream in str(raised), where


@pytest.mark.parametrize(("api", "stream"), WAYS)
def test_given_an_error_at_some_line_of_a_reader_then_the_sync_ends_and_names_the_stream(
    crm: Emulator, api: Version, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    places = places_of(crm, api, stream)
    for place in random.Random(stream).sample(places, IN_EACH_RUN):
        assert_ends(crm, api, stream, place, caplog)


@pytest.mark.long
@pytest.mark.parametrize(("api", "stream"), WAYS)
def test_given_an_error_at_any_line_of_a_reader_then_the_sync_ends_and_names_the_stream(
    crm: Emulator, api: Version, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    for place in places_of(crm, api, stream):
        assert_ends(crm, api, stream, place, caplog)
