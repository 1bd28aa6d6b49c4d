"""A source: configuration, catalog and state in, streams wired to the CDK's engine, messages out."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final, Generic, TypeVar

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    AirbyteStateType,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    FailureType,
    Status,
    SyncMode,
    TraceType,
    Type,
)
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.concurrent_source_adapter import ConcurrentSourceAdapter
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.sources.utils.slice_logger import DebugSliceLogger
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from airbyte_rdstation.airbyte.input_files import read_catalog, read_config, read_file
from airbyte_rdstation.airbyte.record_queue import RecordQueue
from airbyte_rdstation.airbyte.specification import read_specification
from airbyte_rdstation.airbyte.stream_factory import StreamFactory
from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.config import CommonSettings, remark_on
from airbyte_rdstation.invisible import shown

__all__ = ["RdstationSource"]

# Workers wait when it is full, so it bounds the records in memory; states and records share it and keep their order.
_QUEUE_SIZE: Final = 2_000
_READERS_A_WORKER: Final = (
    4  # threads that wait for an answer, a pace or each other cost little; the session bounds requests
)

_STATE_FILE: Final = (
    "The state file cannot be read: it must hold a list of state messages as this connector wrote them."
)
_FOREIGN_STATE: Final = (
    "The saved state is not of the kind that this connector writes (one state a stream). Clear it to read from the "
    "beginning."
)

_logger = logging.getLogger("airbyte.rdstation")


S = TypeVar("S", bound=CommonSettings)


class RdstationSource(ConcurrentSourceAdapter, Generic[S]):
    """An API of RD Station as an Airbyte source; subclasses say how it is configured and which account it reads."""

    def __init__(self) -> None:
        self._queue = RecordQueue(maxsize=_QUEUE_SIZE)
        self._messages = ConcurrentMessageRepository(self._queue, InMemoryMessageRepository())
        self._state_of: Mapping[str, Mapping[str, Any]] = {}
        self._factory: StreamFactory[Any, S] | None = None
        super().__init__(self._engine(streams=1, workers=1))

    @property
    def message_repository(self) -> MessageRepository:
        """The one queue of the process, as a repository."""
        return self._messages

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        """The configuration file's object; a config error where it holds something else."""
        return read_config(config_path)

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """The state file's messages; a config error where it holds something else."""
        if not state_path:
            return []
        return read_file(state_path, _STATE_FILE, _state_messages)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """The configured catalog; a config error where the file holds something else."""
        return read_catalog(catalog_path)

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """What can be configured."""
        return read_specification(type(self).__module__.split(".")[0])

    @abstractmethod
    def read_settings(self, config: Mapping[str, Any]) -> S:
        """The checked configuration; a config error names what is wrong."""

    @abstractmethod
    def stream_factory(
        self,
        config: Mapping[str, Any],
        settings: S,
        *,
        streams: Collection[str] = (),
        retry_policy: RetryPolicy | None = None,
    ) -> StreamFactory[Any, S]:
        """What the configuration gives access to; `streams` are those selected, if the command reads any."""

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> Mapping[str, Any]:
        """Check the configuration before the CDK does, whose messages quote values; what is null counts as absent.

        Unlike the CDK's it writes no copy of the configuration, with its secrets, into `temp_dir`.
        """
        self.read_settings(config)
        return {name: value for name, value in config.items() if value is not None}

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Whether the configuration works, and if not, one sentence on what to do."""
        try:
            settings = self.read_settings(config).of_check()
            remarks = [remark_on(config)]
            remarks.append(self.stream_factory(config, settings, retry_policy=RetryPolicy.of_check()).check() or "")
        except ConnectorError as error:
            return AirbyteConnectionStatus(status=Status.FAILED, message=error.message)
        remark = " ".join(filter(None, remarks))
        if remark:
            _logger.warning(remark)
        return AirbyteConnectionStatus(status=Status.SUCCEEDED, message=remark or None)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str | None]:
        """`check` in the CDK's older form."""
        status = self.check(logger, config)
        return status.status == Status.SUCCEEDED, status.message

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """The streams, with the account's own fields in their schemas."""
        factory = self.stream_factory(config, self.read_settings(config))
        streams = factory.streams(factory.stream_names, lambda _: {}, describe=True)
        return AirbyteCatalog(streams=[stream.as_airbyte_stream() for stream in streams])

    def read(
        self,
        logger: logging.Logger,
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """The messages of a sync. A stream that fails ends INCOMPLETE; the others are read to their end."""
        self._state_of = _states(catalog, state)
        failed: dict[str, FailureType] = {}
        try:
            for message in super().read(logger, config, catalog, state):
                self._note_failure(message, failed)
                yield message
            self._report_incomplete()
        except AirbyteTracedException as error:
            self._report_incomplete()
            if isinstance(error, ConnectorError) or not failed:
                raise
            raise _summary(failed) from None

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """Unused: the CDK's older streams. Ours are concurrent from the start; see `discover` and `read`."""
        return []

    def _select_abstract_streams(
        self, config: Mapping[str, Any], configured_catalog: ConfiguredAirbyteCatalog
    ) -> list[Any]:
        settings = self.read_settings(config)
        wanted = [configured.stream.name for configured in configured_catalog.streams]
        factory = self.stream_factory(config, settings, streams=wanted)
        self._factory = factory
        if unknown := sorted(set(wanted) - set(factory.stream_names)):
            raise config_error(
                f"The catalog names streams that this source does not have: {', '.join(map(shown, unknown))}. Refresh "
                "the source's schema and select the streams again."
            )
        self._concurrent_source = self._engine(len(wanted), settings.num_workers)
        return factory.streams(wanted, lambda name: self._state_of.get(name, {}))

    def _report_incomplete(self) -> None:
        """What RD Station holds and could not be read is never passed over in silence."""
        incomplete = self._factory.incomplete if self._factory else {}
        for name, sentence in sorted(incomplete.items()):
            _logger.warning("%s: %s", name, sentence)
        if incomplete:
            _logger.info("The sync ends with incomplete streams: %s.", ", ".join(sorted(incomplete)))

    def _note_failure(self, message: AirbyteMessage, failed: dict[str, FailureType]) -> None:
        if message.type != Type.TRACE or not message.trace or message.trace.type != TraceType.ERROR:
            return
        error = message.trace.error
        if error and error.stream_descriptor and error.failure_type:
            failed[error.stream_descriptor.name] = error.failure_type
            if self._factory:
                self._factory.give_up(error.stream_descriptor.name)

    def _engine(self, streams: int, workers: int) -> ConcurrentSource:
        """The CDK's engine, with a thread for each stream's slices and enough to read them."""
        return ConcurrentSource.create(
            num_workers=streams + workers * _READERS_A_WORKER,
            initial_number_of_partitions_to_generate=max(1, streams),
            logger=_logger,
            slice_logger=DebugSliceLogger(),
            message_repository=self._messages,
            queue=self._queue,
        )


def _state_messages(content: Any) -> list[AirbyteStateMessage]:
    messages = [AirbyteStateMessageSerializer.load(item) for item in content or []]
    if not all(message.stream or message.data or message.global_ for message in messages):
        raise ValueError("no state message")
    return messages


def _states(
    catalog: ConfiguredAirbyteCatalog, state: list[AirbyteStateMessage] | None
) -> Mapping[str, Mapping[str, Any]]:
    """The incoming state of each stream; a full refresh begins from nothing."""
    # Whoever saves states by hand leaves out the `type`, and the CDK then drops them without a word.
    messages = [replace(each, type=AirbyteStateType.STREAM) if each.stream else each for each in state or ()]
    if any(message.stream is None and message.global_ is None for message in messages):
        raise config_error(_FOREIGN_STATE)
    try:
        manager = ConnectorStateManager(messages)
    except (ValueError, AttributeError):
        raise config_error(_FOREIGN_STATE) from None
    _tell_unused(messages, catalog)
    states: dict[str, Mapping[str, Any]] = {}
    for configured in catalog.streams:
        if configured.sync_mode == SyncMode.incremental:
            name = configured.stream.name
            states[name] = manager.get_stream_state(name, configured.stream.namespace)
    return states


def _tell_unused(messages: list[AirbyteStateMessage], catalog: ConfiguredAirbyteCatalog) -> None:
    """Warn of states that no selected stream takes up, which would otherwise be read from the beginning unsaid."""
    selected = {(each.stream.name, each.stream.namespace or None) for each in catalog.streams}
    of_all = [each.global_.stream_states for each in messages if each.global_]
    for one in (*(each.stream for each in messages if each.stream), *chain(*of_all)):
        name, namespace = one.stream_descriptor.name, one.stream_descriptor.namespace or None
        if (name, namespace) not in selected:
            of = f" in namespace {namespace}" if namespace else ""
            _logger.warning("The saved state of stream %s%s is not used: the catalog selects no such stream.", name, of)


def _summary(failed: Mapping[str, FailureType]) -> ConnectorError:
    """One error for the whole sync: as serious as its most serious stream (the CDK calls them all config errors)."""
    kinds = set(failed.values())
    for kind in (FailureType.system_error, FailureType.transient_error):
        if kind in kinds:
            break
    else:
        kind = FailureType.config_error
    names = ", ".join(sorted(failed))
    return ConnectorError(
        f"incomplete streams: {names}",
        f"These streams could not be read to their end: {names}. The reasons stand above; all others are complete.",
        kind,
    )
