"""The CDK's standard tests for every connector, with the scenarios of acceptance-test-config.yml.

`airbyte-cdk connector test` runs the same ones. The images have tests of their own (test_image.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteStream, DestinationSyncMode, SyncMode
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests import DestinationTestSuiteBase, SourceTestSuiteBase
from airbyte_cdk.test.standard_tests._job_runner import run_test_job
from airbyte_cdk.test.standard_tests.docker_base import DockerConnectorTestSuite

from acceptance import scenario_folder
from connectors import CONNECTORS, Connector

COMMANDS: Final[dict[str, Any]] = {  # what a test of the suites runs
    "test_check": "check",
    "test_config_matches_spec": "spec",
    "test_discover": "discover",
    "test_basic_read": "read",
    "test_fail_read_with_bad_catalog": "read",
    "test_no_field_is_undeclared": "read",
}
EMULATED: Final = "secrets/emulator"
IMAGE_TESTS: Final = {name: None for name in vars(DockerConnectorTestSuite) if name.startswith("test_docker_")}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Only the scenarios that the test is for; the CDK's own hook takes all, and its tests then skip."""
    if "scenario" in metafunc.fixturenames and metafunc.cls is not None:
        command = COMMANDS[metafunc.function.__name__]
        found = [scenario for scenario in metafunc.cls.get_scenarios() if scenario.runs(command)]
        metafunc.parametrize("scenario", found, ids=[scenario.id for scenario in found])


class Scenarios:
    """What all suites share: where the connector is, and where its configurations are."""

    own: Connector

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return cls.own.folder

    @classmethod
    def get_scenarios(cls) -> list[ConnectorTestScenario]:
        scenarios: list[ConnectorTestScenario] = super().get_scenarios()  # type: ignore[misc] # of the CDK's suite
        folder = scenario_folder(cls.own)
        return [
            scenario.model_copy(update={"config_path": folder / Path(scenario.config_path).relative_to(EMULATED)})
            for scenario in scenarios
            if scenario.config_path is not None
        ]


class Source(Scenarios, SourceTestSuiteBase):
    """A source's tests, and one that the CDK lacks."""

    def test_no_field_is_undeclared(self, scenario: ConnectorTestScenario) -> None:
        def run(command: Any, catalog: ConfiguredAirbyteCatalog | None = None) -> Any:
            return run_test_job(
                self.create_connector(scenario),
                command,
                connector_root=self.own.folder,
                test_scenario=scenario,
                catalog=catalog,
            )

        streams = run("discover").catalog.catalog.streams
        selected = [
            ConfiguredAirbyteStream(
                stream=stream, sync_mode=SyncMode.full_refresh, destination_sync_mode=DestinationSyncMode.append
            )
            for stream in streams
        ]
        declared = {stream.name: set(stream.json_schema["properties"]) for stream in streams}
        undeclared = {
            f"{message.record.stream}.{field}"
            for message in run("read", ConfiguredAirbyteCatalog(streams=selected)).records
            for field in message.record.data.keys() - declared[message.record.stream]
        }

        assert undeclared == set()


class Destination(Scenarios, DestinationTestSuiteBase):
    """A destination's tests."""


def suite_of(connector: Connector) -> type:
    base = Source if connector.is_source else Destination
    return type(f"Test{connector.name.title().replace('-', '')}", (base,), {"own": connector, **IMAGE_TESTS})


for connector in CONNECTORS:
    suite = suite_of(connector)
    globals()[suite.__name__] = suite
