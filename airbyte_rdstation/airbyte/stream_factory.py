"""An account behind an API: its streams for the CDK, and what a sync could not read of it."""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

import orjson
from airbyte_cdk.models import (
    AirbyteStreamStatus,
    AirbyteStreamStatusReason,
    AirbyteStreamStatusReasonType,
    StreamDescriptor,
)
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.cursor import CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message
from airbyte_protocol_dataclasses.models import (  # type: ignore[import-untyped]  # it ships no types
    AirbyteStreamStatusRateLimitedReason,
)

from airbyte_rdstation.airbyte import BaseStreamSpec
from airbyte_rdstation.airbyte.partitions import SmallListPartitions, StreamPartitions
from airbyte_rdstation.airbyte.process import send
from airbyte_rdstation.airbyte.progress import ReadProgress, StreamProgress
from airbyte_rdstation.airbyte.records import Normalizer
from airbyte_rdstation.airbyte.state import FullRefreshCursor, StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.client.responses import Page, Row
from airbyte_rdstation.config import SourceSettings
from airbyte_rdstation.invisible import shown
from airbyte_rdstation.pagination.listing import Fetch, Query

__all__ = ["Builders", "BuiltStream", "StreamFactory", "StreamList", "tell_rate_limited"]

BuiltStream: TypeAlias = tuple[StreamPartitions, StreamCursor]
"""What generates a stream's partitions, and what keeps its state."""

_MILLISECONDS = 1_000

_logger = logging.getLogger("airbyte.rdstation")


Builders: TypeAlias = Mapping[str, Callable[..., BuiltStream]]
"""The factory's method that builds a stream, by the `kind` of its row.

It gets the row, what the sync gives the stream, and its incoming state, `{}` where there is none.
"""
SpecT = TypeVar("SpecT", bound=BaseStreamSpec)
SettingsT = TypeVar("SettingsT", bound=SourceSettings)


def tell_rate_limited(stream: str, seconds: float) -> None:
    """Tell the platform that a stream waits for the rate limit: a STREAM_STATUS of RUNNING with that reason.

    `{"type": "RATE_LIMITED", "rate_limited": {"quota_reset": 1788220800000}}`: when it goes on, in ms since 1970.

    Past the queue of records, as the CDK does: a full one would hold back the reason why nothing moves.
    """
    quota_reset = AirbyteStreamStatusRateLimitedReason(round((time.time() + seconds) * _MILLISECONDS))
    reasons = [AirbyteStreamStatusReason(AirbyteStreamStatusReasonType.RATE_LIMITED, quota_reset)]
    send(as_airbyte_message(StreamDescriptor(name=stream), AirbyteStreamStatus.RUNNING, reasons))


@dataclass(frozen=True)
class StreamList(ABC, Generic[SpecT]):
    """Reads the pages of one list, for one stream; subclasses know the parameters and the answers of their API."""

    api: Api
    stream: str
    """Its name, for errors."""
    spec: SpecT
    only: Mapping[str, str] = field(default_factory=dict)
    """Further parameters that filter it."""
    on_request: Callable[[], None] = lambda: None
    """Called before each request."""

    @abstractmethod
    def page(self, query: Query) -> Page:
        """Ask for one page. Raises what `Api.get` does."""


@dataclass(eq=False)
class StreamFactory(ABC, Generic[SpecT, SettingsT]):
    """Builds the streams of one account over one API; subclasses know how its lists are asked for."""

    table: ClassVar[Sequence[Any]]
    """The streams."""
    schemas: ClassVar[tuple[str, str]]
    """Where their JSON schemas are: a package and a folder in it."""
    builders: ClassVar[Builders]

    settings: SettingsT
    messages: MessageRepository
    api: Api
    incomplete: dict[str, list[str]] = field(default_factory=dict, init=False)
    """What could not be read, by stream: sentences for the user, complete once the sync has ended."""
    partitions: dict[str, StreamPartitions] = field(default_factory=dict, init=False)
    """By stream, of those that are built."""

    @abstractmethod
    def check(self) -> str | None:
        """Prove credentials and permissions with a few cheap requests.

        Returns what the user should know of a connection that works. Raises the error that says what to do.
        """

    def described_streams(self) -> list[AbstractStream]:
        """Build every stream, with what only the account knows of its fields in its schema."""
        return [self._stream(spec, {}, StreamProgress(), describe=True) for spec in self.table]

    def streams(
        self, names: Iterable[str], states: Mapping[str, Mapping[str, Any]], progress: ReadProgress
    ) -> list[AbstractStream]:
        """Build the streams of these names, each once; `states` holds incoming states by stream.

        Raises a config error where a name is no stream's.
        """
        wanted = dict.fromkeys(names)
        rows = {spec.name: spec for spec in self.table}
        if unknown := sorted(wanted.keys() - rows.keys()):
            raise config_error(
                f"The catalog names streams that this source does not have: {', '.join(map(shown, unknown))}. Refresh "
                "the source's schema and select the streams again."
            )
        return [self._stream(rows[name], states.get(name, {}), progress.stream(name)) for name in wanted]

    def give_up(self, stream: str) -> None:
        """Let nobody wait for a partition of the stream that an error has ended: see StreamPartitions."""
        if stream in self.partitions:
            self.partitions[stream].give_up()

    def _report_incomplete(self, stream: str, sentence: str) -> None:
        said = self.incomplete.setdefault(stream, [])
        if sentence not in said:  # each of many readers may come to the same
            said.append(sentence)

    def _described(self, spec: SpecT, schema: dict[str, Any]) -> dict[str, Any]:
        """Add to the stream's JSON schema what only the account knows."""
        return schema

    def _normalize(self, spec: SpecT, schema: Mapping[str, Any]) -> Callable[[Row], Row]:
        """Return what makes a row of the API the record that is emitted."""
        return Normalizer(spec.name, schema, lenient=spec.lenient)

    @abstractmethod
    def _fetch_for(self, spec: SpecT, cursor: StreamCursor, of_list: SpecT | None = None, **only: str) -> Fetch:
        """Return what reads the stream's list, or with `of_list` another that it needs; `only`: see StreamList."""

    def _small_list(self, spec: SpecT, context: StreamContext, _: Mapping[str, Any]) -> BuiltStream:
        cursor = FullRefreshCursor(context)
        return SmallListPartitions(context, cursor, fetch=self._fetch_for(spec, cursor), sort=spec.sort), cursor

    def _stream(
        self, spec: SpecT, state: Mapping[str, Any], progress: StreamProgress, *, describe: bool = False
    ) -> DefaultStream:
        package, folder = self.schemas
        text = resources.files(package).joinpath(folder).joinpath(f"{spec.name}.json").read_bytes()
        schema: dict[str, Any] = orjson.loads(text)
        context = StreamContext(
            spec.name,
            self.messages,
            normalize=self._normalize(spec, schema),
            start_date=self.settings.start_date,
            server_time=self.api.server_time,
            requests_at_once=self.settings.num_workers,
            report_incomplete=partial(self._report_incomplete, spec.name),
            progress=progress,
        )
        partitions, cursor = self.builders[spec.kind](self, spec, context, state)
        self.partitions[spec.name] = partitions
        self.api.session.turns.head_starts[spec.name] = partitions.head_start
        key = spec.primary_key
        return DefaultStream(
            partition_generator=partitions,
            name=spec.name,
            json_schema=self._described(spec, schema) if describe else schema,
            primary_key=[key] if isinstance(key, str) else list(key),
            cursor_field=CursorField(spec.cursor) if spec.cursor else None,
            logger=_logger,
            cursor=cursor,
        )
