"""A source: configuration, catalog and state in, streams wired to the CDK's engine, messages out."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final, Generic, TypeVar

from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateStats,
    AirbyteStateType,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    FailureType,
    Status,
    StreamDescriptor,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.abstract_source import AbstractSource
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.utils.slice_logger import DebugSliceLogger
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from airbyte_rdstation.airbyte.process import connection_status, read_specification
from airbyte_rdstation.airbyte.progress import MinuteLog, ReadProgress
from airbyte_rdstation.airbyte.records import RecordPage, StreamQueue
from airbyte_rdstation.airbyte.stream_factory import StreamFactory
from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.client.redaction import RedactingFilter
from airbyte_rdstation.client.retry import SYNC_POLICY, RetryPolicy
from airbyte_rdstation.config import SourceSettings
from airbyte_rdstation.config_file import filled

__all__ = ["OwnMessages", "RdstationSource", "with_progress"]

# Readers wait when it is full, so it bounds the pages in memory; states and pages share it and keep their order.
_QUEUE_SIZE: Final = 16
# As many partitions as a stream has under way: none waits for a thread behind those of other streams. Threads that wait
# for an answer, their turn or each other cost little; the session bounds requests.
_THREADS_A_REQUEST: Final = 2

_ENDS: Final = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)
_FOREIGN_STATE: Final = (
    "The saved state is not of the kind that this connector writes (one state a stream). Clear it to read from the "
    "beginning."
)

_logger = logging.getLogger("airbyte.rdstation")
_engine_logger = logging.getLogger("airbyte.rdstation.engine")
_engine_logger.addFilter(RedactingFilter())
_engine_logger.addFilter(lambda line: not str(line.msg).startswith("Read "))  # the engine would count pages


SettingsT = TypeVar("SettingsT", bound=SourceSettings)


class OwnMessages(threading.local, InMemoryMessageRepository):
    """Gives each thread only the messages that it emitted itself.

    Shared, as the CDK has it, the thread that prints can take a reader's state, find the queue full and print the state
    before the pages that it covers.
    """


class RdstationSource(AbstractSource, Generic[SettingsT]):
    """Makes an API of RD Station an Airbyte source; subclasses say how it is configured and which account it reads.

    `discover` is the CDK's: it asks `streams` for all of them. `read` builds only those that are selected.
    """

    def __init__(self) -> None:
        self._queue = StreamQueue(_QUEUE_SIZE)
        self._messages = ConcurrentMessageRepository(self._queue, OwnMessages())
        self._parsed: tuple[Mapping[str, Any], SettingsT] | None = None

    @property
    def message_repository(self) -> MessageRepository:
        """The one queue of the process, as a repository, for the CDK."""
        return self._messages

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """Return what can be configured."""
        return read_specification(type(self).__module__.split(".")[0])

    @staticmethod
    @abstractmethod
    def read_settings(raw: Mapping[str, Any]) -> Any:
        """Return the checked configuration, a `SettingsT`. Raises a config error that names what is wrong."""

    @abstractmethod
    def stream_factory(
        self,
        config: Mapping[str, Any],
        settings: SettingsT,
        *,
        streams: Collection[str] = (),
        retry_policy: RetryPolicy = SYNC_POLICY,
    ) -> StreamFactory[Any, SettingsT]:
        """Return the account of a configuration; `streams` are those selected, if the command reads any.

        Raises a config error where one of them lacks a setting.
        """

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> dict[str, Any]:
        """Check the configuration before the CDK does, whose messages quote values; what is empty counts as absent.

        Unlike the CDK's it writes no copy of the configuration, with its secrets, into `temp_dir`.
        """
        settings = self._settings_of(config)
        configured = filled(config)
        self._parsed = configured, settings
        return configured

    def _settings_of(self, config: Mapping[str, Any]) -> SettingsT:
        """The checked configuration, parsed once: what `configure` gives is the object that a command then has."""
        if self._parsed is None or self._parsed[0] is not config:
            self._parsed = config, self.read_settings(config)
        return self._parsed[1]

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Tell whether the configuration works, and if not, in one sentence what to do."""

        def prove() -> str:
            settings = self._settings_of(config).of_check()
            factory = self.stream_factory(config, settings, retry_policy=RetryPolicy.of_check())
            return " ".join(filter(None, (*settings.remarks, factory.check())))

        return connection_status(prove)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Do the same as `check`, in the CDK's older form."""
        status = self.check(logger, config)
        return status.status == Status.SUCCEEDED, status.message

    def streams(self, config: Mapping[str, Any]) -> list[AbstractStream]:  # type: ignore[override] # the CDK's own too
        """Return every stream, with the account's own fields in its schema."""
        settings = self._settings_of(config)
        return self.stream_factory(config, settings).described_streams()

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Yield the messages of a sync, a message a record; see `read_pages`."""
        for message in self.read_pages(config, catalog, state):
            if isinstance(message, RecordPage):
                yield from message.messages()
            else:
                yield message

    def read_pages(
        self,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Yield the messages of a sync, a RecordPage for each page that was read.

        A stream that fails ends INCOMPLETE; the others are read to their end.
        """
        states = _states(catalog, state)
        settings = self._settings_of(config)
        wanted = [configured.stream.name for configured in catalog.streams]
        factory = self.stream_factory(config, settings, streams=wanted)
        failed: dict[str, FailureType] = {}
        try:
            progress = ReadProgress(settings.requests_per_minute, factory.api.session.turns.had)
            if streams := factory.streams(wanted, states, progress):
                engine = ConcurrentSource.create(
                    # The CDK's word for threads: one a stream to generate its partitions, and enough to read them.
                    num_workers=len(streams) * (1 + settings.num_workers * _THREADS_A_REQUEST),
                    initial_number_of_partitions_to_generate=len(streams),
                    logger=_engine_logger,
                    slice_logger=DebugSliceLogger(),
                    message_repository=self._messages,
                    queue=self._queue,
                )
                messages = with_progress(engine.read(streams), progress.end)
                with MinuteLog(progress.lines, factory.api.session.rate_limit).running():
                    for message in messages:
                        for name, kind in _failures(message).items():
                            failed[name] = kind
                            factory.give_up(name)
                        yield message
            _report_incomplete(factory)
        except AirbyteTracedException as error:
            _report_incomplete(factory)
            if isinstance(error, ConnectorError) or not failed:
                raise
            raise _summary(failed) from None


def with_progress(
    messages: Iterable[AirbyteMessage], on_end: Callable[[str], None] = lambda _: None
) -> Iterator[AirbyteMessage]:
    """Yield the messages: RUNNING before a stream's first page, each state with the number of records since the last.

    Logs how many records a stream gave at its end; `on_end` gets its name then.
    """
    read, since_state = Counter[str](), Counter[str]()
    for message in messages:
        status = message.trace.stream_status if message.type == Type.TRACE and message.trace else None
        if isinstance(message, RecordPage):
            if not read[message.stream]:
                yield as_airbyte_message(StreamDescriptor(name=message.stream), AirbyteStreamStatus.RUNNING)
            read[message.stream] += message.count
            since_state[message.stream] += message.count
        elif message.state and message.state.stream:
            name = message.state.stream.stream_descriptor.name
            message.state.sourceStats = AirbyteStateStats(recordCount=float(since_state[name]))
            since_state[name] = 0
        elif status and status.status in _ENDS:
            name = status.stream_descriptor.name
            _logger.info("Read %s records from %s stream", read[name], name)
            on_end(name)
        yield message


def _report_incomplete(factory: StreamFactory[Any, Any]) -> None:
    """What RD Station holds and could not be read is never passed over in silence."""
    for name, sentence in sorted((name, each) for name, said in factory.incomplete.items() for each in said):
        _logger.warning("%s: %s", name, sentence)
    if factory.incomplete:
        _logger.info("The sync ends with incomplete streams: %s.", ", ".join(sorted(factory.incomplete)))


def _failures(message: AirbyteMessage) -> Mapping[str, FailureType]:
    """The stream of which a message says that it failed, and how."""
    error = message.trace.error if message.type == Type.TRACE and message.trace else None
    if error and error.stream_descriptor and error.failure_type:
        return {error.stream_descriptor.name: error.failure_type}
    return {}


def _states(
    catalog: ConfiguredAirbyteCatalog, state: list[AirbyteStateMessage] | None
) -> Mapping[str, Mapping[str, Any]]:
    """The incoming state of each stream; a full refresh begins from nothing. Warns of those that no stream takes up."""
    # Whoever saves states by hand leaves out the `type`, and the CDK then drops them without a word.
    messages = [replace(each, type=AirbyteStateType.STREAM) if each.stream else each for each in state or ()]
    if any(message.stream is None and message.global_ is None for message in messages):
        raise config_error(_FOREIGN_STATE)
    try:
        manager = ConnectorStateManager(messages)
    except (ValueError, AttributeError):
        raise config_error(_FOREIGN_STATE) from None
    selected = {(each.stream.name, each.stream.namespace or None) for each in catalog.streams}
    of_all = [each.global_.stream_states for each in messages if each.global_]
    for one in (*(each.stream for each in messages if each.stream), *chain(*of_all)):
        name, namespace = one.stream_descriptor.name, one.stream_descriptor.namespace or None
        if (name, namespace) not in selected:  # it would be read from the beginning unsaid
            of = f" in namespace {namespace}" if namespace else ""
            _logger.warning("The saved state of stream %s%s is not used: the catalog selects no such stream.", name, of)
    states: dict[str, Mapping[str, Any]] = {}
    for configured in catalog.streams:
        if configured.sync_mode == SyncMode.incremental:
            name = configured.stream.name
            states[name] = manager.get_stream_state(name, configured.stream.namespace)
    return states


def _summary(failed: Mapping[str, FailureType]) -> ConnectorError:
    """One error for the whole sync: as serious as its most serious stream (the CDK calls them all config errors)."""
    serious = (FailureType.system_error, FailureType.transient_error)
    kind = next((kind for kind in serious if kind in failed.values()), FailureType.config_error)
    names = ", ".join(sorted(failed))
    return ConnectorError(
        f"incomplete streams: {names}",
        f"These streams could not be read to their end: {names}. The reasons stand above; all others are complete.",
        kind,
    )
