"""The destination's commands: `spec`, `check`, `discover`, `write`.

The CDK's own `write` parses each message into models that drop the platform's state `id`, and it has no `discover`:
both are ours.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import orjson
from airbyte_cdk.destinations import Destination
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
    ConnectorSpecification,
    DestinationSyncMode,
    Type,
)
from airbyte_cdk.utils.airbyte_secrets_utils import get_secrets, update_secrets
from airbyte_protocol_dataclasses.models import (  # type: ignore[import-untyped]  # it ships no types
    DestinationCatalog,
    DestinationOperation,
)

from airbyte_rdstation.airbyte.process import (
    CATALOG,
    CONFIGURATION,
    Stop,
    connection_status,
    leave_by,
    read_specification,
    send,
)
from airbyte_rdstation.airbyte.progress import MinuteLog
from airbyte_rdstation.client.errors import system_error
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.invisible import plain_name, shown, without_invisible
from destination_rdstation_crm.config import Settings, read_settings
from destination_rdstation_crm.connection import Connection
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.mapping.plan import CellRules, Entry, StreamPlan
from destination_rdstation_crm.mapping.record_type import RecordType
from destination_rdstation_crm.mapping.setup import SYNC_MODES, plan_streams, streams_to_clear
from destination_rdstation_crm.objects.tables import MODES, OBJECTS
from destination_rdstation_crm.protocol.message_loop import MessageLoop
from destination_rdstation_crm.protocol.stdio import Incoming, send_line, stream_status
from destination_rdstation_crm.rejects.keeper import Keeper
from destination_rdstation_crm.row import StreamKey
from destination_rdstation_crm.writing.batch_writer import FIRST_ROWS, BatchWriter
from destination_rdstation_crm.writing.crm_api import WorkerPool

__all__ = ["DestinationRdstationCrm", "destination_catalog"]

_logger = logging.getLogger("airbyte.rdstation")


class DestinationRdstationCrm(Destination):
    """Rows into contacts, deals and organizations of RD Station CRM."""

    def __init__(self) -> None:
        super().__init__()
        self._stop = Stop()
        self._is_writing = False

    def stop(self, number: int) -> None:
        """End on behalf of a signal: at once, or once the requests under way are answered and their states are sent."""
        if self._is_writing:
            self._stop.request(number)
        else:
            leave_by(number, keeps_nothing=True)

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """Describe what can be configured."""
        return read_specification("destination_rdstation_crm")

    def check(self, logger: logging.Logger, config: Mapping[str, Any]) -> AirbyteConnectionStatus:
        """Tell whether rows could be written, and if not, in one sentence what to do; leaves nothing behind."""
        return connection_status(lambda: self._check(_mutable(config)))

    def write(
        self,
        config: Mapping[str, Any],
        configured_catalog: ConfiguredAirbyteCatalog,
        input_messages: Iterable[AirbyteMessage] | Iterable[bytes],
    ) -> Iterator[AirbyteMessage]:
        """Write the rows of raw input lines; states and statuses go to stdout at once, so that nothing is yielded.

        Messages of the CDK's are taken too, as far as they go: they have lost the `id` of their states.
        """
        self._write(_mutable(config), configured_catalog, map(_line, input_messages))
        return iter(())

    def run_cmd(self, parsed_args: argparse.Namespace) -> Iterator[AirbyteMessage]:
        """Run one command, and yield its messages."""
        spec = self.spec(_logger)
        if parsed_args.command == "spec":
            yield AirbyteMessage(type=Type.SPEC, spec=spec)
            return
        config = self.read_config(parsed_args.config)
        update_secrets(get_secrets(spec.connectionSpecification, config))
        if parsed_args.command == "check":
            yield AirbyteMessage(Type.CONNECTION_STATUS, connectionStatus=self.check(_logger, config))
        elif parsed_args.command == "discover":
            account = Connection(config, read_settings(config))
            found = destination_catalog(account.custom_fields_of)
            # The CDK's own message has no place for it.
            send_line(orjson.dumps({"type": "DESTINATION_CATALOG", "destination_catalog": found}).decode())
        else:
            catalog = CATALOG.read(parsed_args.catalog)
            # The descriptor, not `sys.stdin`: its buffer belongs to the interpreter, which at its end would wait for a
            # thread that still reads from it.
            if sys.stdin is None:
                raise system_error("stdin is closed. `write` reads the platform's messages from it, one a line.")
            with open(sys.stdin.fileno(), "rb", closefd=False) as lines:
                self._write(config, catalog, lines)

    def parse_args(self, args: list[str]) -> argparse.Namespace:
        """Parse `spec`, `check`, `discover` and `write` with their files."""
        parser = argparse.ArgumentParser(prog="destination-rdstation-crm")
        commands = parser.add_subparsers(title="commands", dest="command", required=True)
        commands.add_parser("spec", help="print the specification of the configuration")
        for name, purpose in (
            ("check", "prove that the configuration works"),
            ("discover", "print what can be written"),
            ("write", "write the messages of stdin"),
        ):
            command = commands.add_parser(name, help=purpose)
            command.add_argument("--config", required=True, help="path of the configuration")
            if name == "write":
                command.add_argument("--catalog", required=True, help="path of the configured catalog")
        return parser.parse_args(args)

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        """Read the configuration file; a config error where it holds something else than an object."""
        return CONFIGURATION.read(config_path)

    def _check(self, config: MutableMapping[str, Any]) -> str:
        """Raise the error that says what is wrong; gives a remark on what works all the same, or an empty text."""
        settings = read_settings(config)
        account = Connection(config, settings.of_check(), RetryPolicy.of_check())
        missing = account.check(MODES[settings.mode], _entries(settings))
        Keeper(settings, {}).probe(unused=True)
        return " ".join(filter(None, (*settings.remarks, missing)))

    def _write(
        self, config: MutableMapping[str, Any], catalog: ConfiguredAirbyteCatalog, lines: Iterable[bytes]
    ) -> None:
        settings = read_settings(config)
        self._is_writing = True
        account = Connection(config, settings, sleep=self._stop.sleep)
        plans = _plans(catalog, settings, account)
        cleared = streams_to_clear(catalog)
        keeper = Keeper(settings, plans)
        keeper.probe()
        pool = WorkerPool(settings.num_workers, self._stop)
        batch_writer = self._batch_writer(plans, settings, account, pool)
        _tell_start(settings, (*plans, *cleared))
        message_loop = MessageLoop(
            plans,
            batch_writer.write,
            keeper.keep,
            send_line,
            first_rows=FIRST_ROWS,
            refused_streams=cleared,
            echoes=not settings.dry_run,
        )
        minute_log = MinuteLog(lambda _: keeper.so_far(batch_writer.latest, message_loop.received), account.rate_limit)
        complete = False
        try:
            with minute_log.running():
                message_loop.run(Incoming(lines, self._stop))
            complete = True
            for name, _ in cleared:
                _logger.info("Stream %s is cleared: nothing is deleted in RD Station CRM, ever.", shown(name))
        finally:
            pool.close()
            keeper.conclude()
            _tell_end((*plans, *cleared), incomplete=message_loop.interrupted if complete else {*plans, *cleared})

    def _batch_writer(
        self, plans: Mapping[StreamKey, StreamPlan], settings: Settings, account: Connection, pool: WorkerPool
    ) -> BatchWriter:
        return BatchWriter(
            plans,
            account.crm,
            pool,
            skip_unchanged=settings.skip_unchanged,
            dry_run=settings.dry_run,
            go_on=settings.partial_success or settings.dry_run,  # the plan of a dry run is of all rows
            sleep=self._stop.sleep,
        )


def _plans(
    catalog: ConfiguredAirbyteCatalog, settings: Settings, account: Connection
) -> Mapping[StreamKey, StreamPlan]:
    return plan_streams(
        catalog,
        mode=settings.mode,
        column_mapping=_entries(settings),
        custom_fields_of=account.custom_fields_of,
        cells=_cells(settings),
        warn=_logger.warning,
    )


def _entries(settings: Settings) -> list[Entry]:
    return [Entry(each.column, plain_name(each.field), each.match) for each in settings.column_mapping]


def _cells(settings: Settings) -> CellRules:
    empty = frozenset(without_invisible(each).strip() for each in settings.empty_values)
    return CellRules(settings.send_nulls, empty, leave_out=settings.on_invalid_value == "leave_field_out")


def _tell_start(settings: Settings, streams: Iterable[StreamKey]) -> None:
    if settings.dry_run:
        _logger.info("A dry run: nothing will be written, and no state goes back, so that the rows come again.")
    for stream in streams:
        send(stream_status(stream, AirbyteStreamStatus.STARTED))


def _tell_end(streams: Iterable[StreamKey], *, incomplete: Collection[StreamKey]) -> None:
    for stream in streams:
        whole = stream not in incomplete
        send(stream_status(stream, AirbyteStreamStatus.COMPLETE if whole else AirbyteStreamStatus.INCOMPLETE))


def _line(message: AirbyteMessage | bytes) -> bytes:
    return message if isinstance(message, bytes) else orjson.dumps(AirbyteMessageSerializer.dump(message))


def _mutable(config: Mapping[str, Any]) -> MutableMapping[str, Any]:
    return config if isinstance(config, MutableMapping) else dict(config)


def destination_catalog(custom_fields_of: Callable[[str], CustomFields]) -> DestinationCatalog:
    """List what can be written where; `custom_fields_of` gives an entity's custom fields, called once for each.

    Raises the error that keeps their list from being read: half a list would look like a whole one.
    """
    operations: list[DestinationOperation] = []
    for crm_object in OBJECTS.values():
        custom_fields = custom_fields_of(crm_object.entity)
        if custom_fields.unread:
            raise custom_fields.unread
        record_type = RecordType(crm_object, custom_fields)
        operations += (_operation(record_type, mode) for mode in SYNC_MODES)
    return DestinationCatalog(operations=operations)


def _operation(record_type: RecordType, mode: DestinationSyncMode) -> DestinationOperation:
    matched = mode is not DestinationSyncMode.append
    return DestinationOperation(
        object_name=record_type.crm_object.name,
        sync_mode=mode,
        json_schema=_schema(record_type, creates=mode is not DestinationSyncMode.update),
        matching_keys=[[key] for key in record_type.matching_keys] if matched else None,
    )


def _schema(record_type: RecordType, *, creates: bool) -> dict[str, Any]:
    customs = [each.name for each in record_type.custom_fields.required]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {name: {"title": each.title, **each.schema} for name, each in record_type.by_name.items()},
        "required": [*record_type.crm_object.required, *customs] if creates else [],
        "additionalProperties": False,
    }
