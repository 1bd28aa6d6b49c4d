"""The console scripts as they are installed, each command once: all other tests fork them (prefork.py)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors import CONNECTORS, Connector
from destination import record, table
from harness import CONVERSAS, V1, Emulator, Version, account, catalog
from prefork import command_of

SETUPS = [pytest.param(connector, next(iter(connector.setups)), id=connector.name) for connector in CONNECTORS]


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account() as running:
        yield running


def messages(connector: Connector, command: str, folder: Path, *, stdin: bytes = b"", **files: Any) -> list[Any]:
    """What the installed command prints; it has to end well, with nothing on stderr."""
    arguments = [*command_of(connector.name), command]
    for name, content in files.items():
        (folder / f"{name}.json").write_bytes(orjson.dumps(content))
        arguments += [f"--{name}", f"{name}.json"]
    done = subprocess.run(arguments, cwd=folder, input=stdin, capture_output=True, check=False)
    assert done.stderr == b""
    assert done.returncode == 0, done.stdout[-2000:]
    return [orjson.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("connector", CONNECTORS, ids=str)
def test_spec(connector: Connector, tmp_path: Path) -> None:
    (spec,) = [each["spec"] for each in messages(connector, "spec", tmp_path) if each["type"] == "SPEC"]

    assert spec["connectionSpecification"]["properties"]


@pytest.mark.parametrize("connector", CONNECTORS, ids=str)
def test_given_the_end_of_a_container_engine_s_options_before_the_command_then_it_is_left_out(
    connector: Connector, tmp_path: Path
) -> None:
    path = tmp_path / "absent.json"

    def played(*arguments: str | Path) -> list[Any]:
        done = subprocess.run([*command_of(connector.name), "--", *arguments], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return [each for line in done.stdout.splitlines() if (each := orjson.loads(line))["type"] != "LOG"]

    assert [each["type"] for each in played("spec")] == ["SPEC"]
    (answer,) = played("check", "--config", path)  # an answer to `check`, and no error of a broken command
    assert answer["connectionStatus"]["status"] == "FAILED"


@pytest.mark.parametrize(("connector", "setup"), SETUPS)
def test_check(crm: Emulator, connector: Connector, setup: str, tmp_path: Path) -> None:
    found = messages(connector, "check", tmp_path, config=connector.setups[setup](crm))

    (status,) = [each["connectionStatus"] for each in found if each["type"] == "CONNECTION_STATUS"]
    assert status["status"] == "SUCCEEDED"


@pytest.mark.parametrize(("connector", "setup"), SETUPS)
def test_discover(crm: Emulator, connector: Connector, setup: str, tmp_path: Path) -> None:
    found = messages(connector, "discover", tmp_path, config=connector.setups[setup](crm))

    assert [each["type"] for each in found if each["type"] in ("CATALOG", "DESTINATION_CATALOG")]


@pytest.mark.parametrize("api", [V1, CONVERSAS], ids=str)
def test_read(crm: Emulator, api: Version, tmp_path: Path) -> None:
    connector = next(each for each in CONNECTORS if each.name == api.script)

    found = messages(connector, "read", tmp_path, config=api.config(crm), catalog=catalog(["contacts"], api=api))

    ids = {each["record"]["data"]["_id" if api is CONVERSAS else "id"] for each in found if each["type"] == "RECORD"}
    assert ids == api.ids(crm, "contacts")


def test_write(crm: Emulator, tmp_path: Path) -> None:
    (connector,) = [each for each in CONNECTORS if not each.is_source]
    config = {**connector.setups["contacts"](crm), "column_mapping": [{"column": "full_name", "field": "name"}]}
    row = orjson.dumps(record("people", full_name="Ana Inventada"))

    messages(
        connector, "write", tmp_path, stdin=row, config=config, catalog={"streams": [table("people", ["full_name"])]}
    )

    assert "Ana Inventada" in {contact["name"] for contact in crm.truth("contacts")}


@pytest.mark.parametrize("connector", CONNECTORS, ids=str)
def test_given_no_arguments_then_the_usage_on_stderr_and_exit_code_2(connector: Connector) -> None:
    done = subprocess.run(command_of(connector.name), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"usage: {connector.name}" in done.stderr
    assert all(
        word in done.stderr for word in ("spec", "check", "discover", "read" if connector.is_source else "write")
    )
    assert "Traceback" not in done.stderr
