"""A source: configuration, catalog and state in, streams wired to the CDK's engine, messages out."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import Any, Final, Generic, TypeVar

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
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

from rdstation.errors import ConnectorError, config_error
from rdstation.patience import Patience
from rdstation.settings import CommonSettings
from rdstation.source.account import Account
from rdstation.source.handover import Handover
from rdstation.specification import read_specification

__all__ = ["RdstationSource"]

# Workers wait when it is full, so it bounds the records in memory; states and records share it and keep their order.
_QUEUE_SIZE: Final = 2_000
_READERS_A_WORKER: Final = (
    4  # threads that wait for an answer, a pace or each other cost little; the session bounds requests
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
        self._queue = Handover(maxsize=_QUEUE_SIZE)
        self._messages = ConcurrentMessageRepository(self._queue, InMemoryMessageRepository())
        self._state_of: Mapping[str, Mapping[str, Any]] = {}
        self._shortfalls: Mapping[str, str] = {}
        super().__init__(self._engine(streams=1, workers=1))

    @property
    def message_repository(self) -> MessageRepository:
        """The one queue of the process, as a repository."""
        return self._messages

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        """The configuration file's object; a config error where it holds something else."""
        try:
            return ConcurrentSourceAdapter.read_config(config_path)
        except (OSError, ValueError):
            raise config_error("The configuration file cannot be read: it must hold one JSON object.") from None

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """The state file's messages; a config error where it holds something else."""
        try:
            return super().read_state(state_path)
        except Exception:  # noqa: BLE001 - a deserializer's errors are of many types, and quote values
            raise config_error(
                "The state file cannot be read: it must hold a list of state messages as this connector wrote them."
            ) from None

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """The configured catalog; a config error where the file holds something else."""
        try:
            return super().read_catalog(catalog_path)
        except Exception:  # noqa: BLE001 - as above
            raise config_error("The catalog file cannot be read: it must hold a configured Airbyte catalog.") from None

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """What can be configured."""
        return read_specification(type(self).__module__.split(".")[0])

    @abstractmethod
    def read_settings(self, config: Mapping[str, Any]) -> S:
        """The checked configuration; a config error names what is wrong."""

    @abstractmethod
    def account(
        self,
        config: Mapping[str, Any],
        settings: S,
        *,
        streams: Collection[str] = (),
        patience: Patience | None = None,
    ) -> Account[Any, S]:
        """What the configuration gives access to; `streams` are those selected, if the command reads any."""

    def configure(self, config: Mapping[str, Any], temp_dir: str) -> Mapping[str, Any]:
        """Checks the configuration before the CDK does, whose messages quote values; what is null counts as absent."""
        self.read_settings(config)
        return super().configure({name: value for name, value in config.items() if value is not None}, temp_dir)

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Whether the configuration works, and if not, one sentence on what to do."""
        try:
            settings = self.read_settings(config).of_check()
            remark = self.account(config, settings, patience=Patience.of_check()).check()
        except ConnectorError as error:
            return AirbyteConnectionStatus(status=Status.FAILED, message=error.message)
        if remark:
            _logger.warning(remark)
        return AirbyteConnectionStatus(status=Status.SUCCEEDED, message=remark)

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, str | None]:
        """`check` in the CDK's older form."""
        status = self.check(logger, config)
        return status.status == Status.SUCCEEDED, status.message

    def discover(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteCatalog:
        """The streams, with the account's own fields in their schemas."""
        account = self.account(config, self.read_settings(config))
        streams = account.streams(account.stream_names, lambda _: {}, describe=True)
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
                _note_failure(message, failed)
                yield message
            self._tell_shortfalls()
        except AirbyteTracedException as error:
            self._tell_shortfalls()
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
        account = self.account(config, settings, streams=wanted)
        self._shortfalls = account.shortfalls
        if unknown := sorted(set(wanted) - set(account.stream_names)):
            raise config_error(
                f"The catalog names streams that this source does not have: {', '.join(unknown)}. Refresh the source's "
                "schema and select the streams again."
            )
        self._concurrent_source = self._engine(len(wanted), settings.num_workers)
        return account.streams(wanted, lambda name: self._state_of.get(name, {}))

    def _tell_shortfalls(self) -> None:
        """What RD Station holds and could not be read is never passed over in silence."""
        for name, sentence in sorted(self._shortfalls.items()):
            _logger.warning("%s: %s", name, sentence)
        if self._shortfalls:
            _logger.info("The sync ends with incomplete streams: %s.", ", ".join(sorted(self._shortfalls)))

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


def _states(
    catalog: ConfiguredAirbyteCatalog, state: list[AirbyteStateMessage] | None
) -> Mapping[str, Mapping[str, Any]]:
    """The incoming state of each stream; a full refresh begins from nothing."""
    try:
        manager = ConnectorStateManager(state)
    except (ValueError, AttributeError):
        raise config_error(_FOREIGN_STATE) from None
    if any(message.stream is None and message.global_ is None for message in state or ()):
        raise config_error(_FOREIGN_STATE)
    states: dict[str, Mapping[str, Any]] = {}
    for configured in catalog.streams:
        if configured.sync_mode == SyncMode.incremental:
            name = configured.stream.name
            states[name] = manager.get_stream_state(name, configured.stream.namespace)
    return states


def _note_failure(message: AirbyteMessage, failed: dict[str, FailureType]) -> None:
    if message.type != Type.TRACE or not message.trace or message.trace.type != TraceType.ERROR:
        return
    error = message.trace.error
    if error and error.stream_descriptor and error.failure_type:
        failed[error.stream_descriptor.name] = error.failure_type


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
