"""The source as the CDK sees it: its streams, and a configuration that is parsed once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteCatalogSerializer

from airbyte_rdstation.airbyte.progress import ReadProgress
from airbyte_rdstation.client.errors import ConnectorError
from source_rdstation_crm.config import Settings, read_settings
from source_rdstation_crm.source import SourceRdstationCrm
from source_rdstation_crm.v1.table_v1 import STREAMS

CONFIG = {"credentials": {"api_version": "v1", "access_token": "a-token-of-api-v1"}, "start_date": None}
LOGGER = logging.getLogger("airbyte")


def catalog_of(stream: str) -> ConfiguredAirbyteCatalog:
    selected = {"name": stream, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    configured = {"stream": selected, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    return ConfiguredAirbyteCatalogSerializer.load({"streams": [configured]})


def test_given_a_configuration_when_asked_for_streams_then_all_of_the_account_come() -> None:
    source = SourceRdstationCrm()

    streams = source.streams(CONFIG)

    assert [stream.name for stream in streams] == [spec.name for spec in STREAMS]
    assert [stream.name for stream in source.discover(LOGGER, CONFIG).streams] == [spec.name for spec in STREAMS]


def test_given_a_command_when_configured_and_read_then_the_configuration_is_parsed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed = []

    def counted(raw: Mapping[str, Any]) -> Settings:
        parsed.append(raw)
        return read_settings(raw)

    monkeypatch.setattr(SourceRdstationCrm, "read_settings", staticmethod(counted))
    source = SourceRdstationCrm()

    config = source.configure(CONFIG, "")
    with pytest.raises(ConnectorError, match="streams that this source does not have: negocios"):
        list(source.read(LOGGER, config, catalog_of("negocios")))

    assert len(parsed) == 1
    assert "start_date" not in config


def test_given_a_catalog_when_read_then_only_its_streams_are_built() -> None:
    source = SourceRdstationCrm()
    factory = source.stream_factory(CONFIG, read_settings(CONFIG), streams=["deals"])

    assert [stream.name for stream in factory.streams(["deals", "deals"], {}, ReadProgress(120, {}))] == ["deals"]
