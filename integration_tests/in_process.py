"""A source that reads in this process: quick, and where its threads can be watched."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
    Type,
)

from airbyte_rdstation.airbyte.source import RdstationSource
from harness import CONVERSAS, Version, catalog
from source_rdstation_conversas.source import SourceRdstationConversas
from source_rdstation_crm.source import SourceRdstationCrm

__all__ = ["Sync", "read"]

LONGEST = 30.0  # seconds; a read takes a tenth of one


@dataclass
class Sync:
    """What a sync gave, said and raised."""

    messages: list[AirbyteMessage] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    raised: Exception | None = None
    ended: bool = False

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The records."""
        return [each.record.data for each in self.messages if each.type == Type.RECORD and each.record]

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """Of the TRACE messages."""
        found = [AirbyteMessageSerializer.dump(each)["trace"] for each in self.messages if each.type == Type.TRACE]
        return [trace["error"] for trace in found if trace["type"] == "ERROR"]

    @property
    def said(self) -> str:
        """Everything that is no record and no state."""
        return "\n".join([*self.log, str(self.errors), str(self.raised), repr(self.raised)])


class _Kept(logging.Handler):
    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        self._log.append(self.format(record))


def read(api: Version, stream: str, config: Mapping[str, Any]) -> Sync:
    """A sync of one stream, from the beginning; `ended` is False where it still waits after half a minute."""
    source: RdstationSource[Any] = SourceRdstationConversas() if api is CONVERSAS else SourceRdstationCrm()
    selected = ConfiguredAirbyteCatalogSerializer.load(catalog([stream], api=api))
    sync = Sync()
    logger = logging.getLogger("airbyte")
    kept = _Kept(sync.log)

    def run() -> None:
        sys.settrace(None)
        try:
            sync.messages.extend(source.read(logger, {**config}, selected, []))
        except Exception as error:  # noqa: BLE001 - it is what a test looks at
            sync.raised = error

    logger.addHandler(kept)
    try:
        main = threading.Thread(target=run, daemon=True)
        main.start()
        main.join(LONGEST)
    finally:
        logger.removeHandler(kept)
    sync.ended = not main.is_alive()
    return sync
