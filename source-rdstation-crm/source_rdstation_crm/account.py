"""What the accounts of both API versions share: their streams for the CDK, `check`, and what a sync could not read."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.default_stream import DefaultStream

from rdstation.envelope import Row
from rdstation.errors import ForbiddenError, config_error
from rdstation.http import Api
from source_rdstation_crm.catalog import schema_of
from source_rdstation_crm.config import Settings
from source_rdstation_crm.cursor import StreamContext
from source_rdstation_crm.records import Normalizer
from source_rdstation_crm.slices import Slice, Slices

__all__ = ["Account", "Shaped", "Spec"]

Shaped: TypeAlias = "tuple[Callable[[], Iterable[Slice]], Cursor]"
"""A stream's slices, and what keeps its state."""

_logger = logging.getLogger("airbyte.rdstation")


class Spec(Protocol):
    """A stream as a row of a table, as far as all tables agree."""

    @property
    def name(self) -> str:
        """The stream's name."""

    @property
    def cursor(self) -> str:
        """Empty: the stream is read whole each time."""

    @property
    def primary_key(self) -> str:
        """The field that tells records apart."""


S = TypeVar("S", bound=Spec)


class Account(ABC, Generic[S]):
    """One account over one version of the API; subclasses know how its lists are asked for."""

    version: ClassVar[str]
    table: ClassVar[Sequence[Any]]
    """The streams."""
    probed: ClassVar[Sequence[str]]
    """Streams without which a connection is of no use."""
    user: ClassVar[str]
    """Whose permissions count, as the beginning of a sentence."""

    def __init__(self, settings: Settings, messages: MessageRepository, api: Api) -> None:
        self._settings = settings
        self._messages = messages
        self._api = api
        self.shortfalls: dict[str, str] = {}
        """What could not be read, by stream: sentences for the user, complete once the sync has ended."""

    @property
    def stream_names(self) -> list[str]:
        """Every stream, in alphabetical order."""
        return [spec.name for spec in self.table]

    def check(self) -> str | None:
        """Proves token and permissions with a few cheap requests; raises the error that says what to do.

        Returns what the user should know of a connection that works.
        """
        refused: list[str] = []
        for spec in self.table:
            if spec.name in self.probed:
                try:
                    self._probe(spec)
                except ForbiddenError:
                    refused.append(spec.name)
        if len(refused) == len(self.probed):
            raise config_error(
                "RD Station refuses every list (403): the account's plan does not include the API (Basic, Pro and "
                f"Advanced do), or {self.user[0].lower()}{self.user[1:]} may see nothing. Ask the account's "
                "administrator."
            )
        if refused:
            raise config_error(
                f"{self.user} may not read {', '.join(refused)} (403). Grant the permission in RD Station, or connect "
                "with a user who has it."
            )
        return None

    def streams(
        self, states: Callable[[str], Mapping[str, Any]], *, describe_custom_fields: bool = False
    ) -> list[DefaultStream]:
        """Every stream; `states` gives the incoming state of a stream by its name."""
        return [self._stream(spec, states(spec.name), describe_custom_fields) for spec in self.table]

    @abstractmethod
    def _probe(self, spec: S) -> None:
        """The cheapest request that shows whether the list may be read."""

    @abstractmethod
    def _shape(self, spec: S, context: StreamContext, state: Mapping[str, Any]) -> Shaped:
        """The stream of that row."""

    def _schema(self, spec: S, *, describe_custom_fields: bool) -> dict[str, Any]:
        """The stream's JSON schema."""
        return schema_of(self.version, spec.name)

    def _normalize(self, spec: S) -> Callable[[Row], Row]:
        """Makes a row of the API the record that is emitted."""
        return Normalizer(spec.name, schema_of(self.version, spec.name))

    def _stream(self, spec: S, state: Mapping[str, Any], describe_custom_fields: bool) -> DefaultStream:
        context = StreamContext(
            spec.name,
            self._messages,
            normalize=self._normalize(spec),
            start_date=self._settings.start_date,
            server_time=self._api.server_time,
            readers=self._settings.num_workers,
            fall_short=lambda sentence: self.shortfalls.__setitem__(spec.name, sentence),
        )
        slices, cursor = self._shape(spec, context, state)
        return DefaultStream(
            partition_generator=Slices(spec.name, slices),
            name=spec.name,
            json_schema=self._schema(spec, describe_custom_fields=describe_custom_fields),
            primary_key=[spec.primary_key],
            cursor_field=CursorField(spec.cursor) if spec.cursor else None,
            logger=_logger,
            cursor=cursor,
        )
