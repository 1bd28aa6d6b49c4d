"""The wheel under PyAirbyte: each source into DuckDB, and a table on into the destination. Run by `make wheel-test`.

The connectors come from the built wheel in an environment of its own (.venv-wheel), PyAirbyte from another
(.venv-demo), the emulated account from this one; they meet as processes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from connectors import CONNECTORS, ROOT, destination
from harness import CONVERSAS, FASTER_THAN_ANY_TEST, V1, V2, AccountSize, ConversasSize, Emulator, Version, account
from truth_conversas import DAILY, KEYS

pytestmark = pytest.mark.wheel

WHEEL: Final = ROOT / "build" / "wheel"
COMMANDS: Final = ROOT / ".venv-wheel" / "bin"
PYAIRBYTE: Final = ROOT / ".venv-demo" / "bin" / "python"
STEPS: Final = Path(__file__).with_name("pyairbyte_steps.py")
SIZE: Final = AccountSize(contacts=60, deals=30, organizations=10, tasks=10)
CONVERSAS_ACCOUNT: Final = ConversasSize(contacts=6, messages_per_contact=15, reports=20)
FIELDS: Final = ("name", "job_title")
Json = dict[str, Any]


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(SIZE, conversas=CONVERSAS_ACCOUNT, conversas_bucket_burst=0) as running:
        yield running


def play(folder: Path, task: Mapping[str, Any]) -> Json:
    """Has PyAirbyte do a task, without network but for the account, and without its telemetry."""
    given, report = folder / "task.json", folder / "report.json"
    given.write_text(json.dumps({"work": str(folder), "commands": str(COMMANDS), **task}), encoding="utf-8")
    environment = {
        **os.environ,
        "AIRBYTE_OFFLINE_MODE": "1",
        "DO_NOT_TRACK": "1",
        "NO_LIVE_PROGRESS": "1",
        "AIRBYTE_TEMP_DIR": str(folder),
        "AIRBYTE_LOGGING_ROOT": str(folder / "logs"),
        "AIRBYTE_PROJECT_DIR": str(folder),
    }
    run = subprocess.run(
        [str(PYAIRBYTE), str(STEPS), str(given), str(report)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout[-2_000:]}\n{run.stderr[-6_000:]}"
    told: Json = json.loads(report.read_text(encoding="utf-8"))
    return told


def fast(config: Json) -> Json:
    return {**config, "requests_per_minute": FASTER_THAN_ANY_TEST}


def answer(connector: str, command: str, **files: Path) -> Json:
    """The last message of a command of the wheel."""
    arguments = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    run = subprocess.run([str(COMMANDS / connector), command, *arguments], capture_output=True, text=True, check=True)
    message: Json = json.loads(run.stdout.splitlines()[-1])
    return message


def test_the_wheel_holds_the_packages_with_their_data_and_no_test() -> None:
    (wheel,) = WHEEL.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    packages = {"airbyte_rdstation", *(connector.name.replace("-", "_") for connector in CONNECTORS)}

    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == packages
    assert [name for name in names if re.search(r"test|emulator|\.pyc$|secrets", name)] == []
    for package in packages:
        committed = [path for path in (ROOT / package, ROOT / package.replace("_", "-") / package) if path.is_dir()]
        files = {
            path.relative_to(folder.parent).as_posix()
            for folder in committed
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".pyc"
        }
        assert files <= {*names}


@pytest.mark.parametrize("connector", CONNECTORS, ids=str)
def test_the_command_of_the_wheel_knows_its_specification(connector: Any) -> None:
    shown = answer(connector.name, "spec")["spec"]

    assert shown["documentationUrl"].endswith(connector.name.partition("-")[2])


@pytest.mark.parametrize("api", [V2, V1, CONVERSAS], ids=str)
def test_given_an_account_when_read_into_duckdb_then_every_record_is_there_once(
    api: Version, crm: Emulator, tmp_path: Path
) -> None:
    found = play(tmp_path, {"source": api.script, "config": fast(api.config(crm))})["rows"]

    assert found.keys() == {*api.streams}
    for stream in api.streams:
        if stream.startswith("messages") or stream in DAILY:
            continue
        key = KEYS.get(stream, "id") if api is CONVERSAS else "id"
        ids = [row["data"] if stream == "whatsapp_integrations" else row[key] for row in found[stream]]
        truth = api.truth(crm, stream)
        held = sum(map(len, truth.values())) if isinstance(truth, dict) else len(truth)
        assert len(ids) == held, stream
        if stream != "whatsapp_integrations":
            assert set(ids) == api.ids(crm, stream), stream
    if api is CONVERSAS:
        said = Counter(row["customer_id"] for row in crm.conversas_truth("messages"))
        assert Counter(row["customer_id"] for row in found["messages"]) == said
        assert {row["customer_id"] for row in found["messages_history"]} == said.keys()


def test_given_two_accounts_when_synced_from_one_into_the_other_then_contacts_are_the_same(
    crm: Emulator, tmp_path: Path
) -> None:
    mapping = [{"column": name, "field": name} for name in FIELDS]
    with account(AccountSize(contacts=0, deals=0, organizations=0, tasks=0), seed=2) as empty, account(SIZE) as twin:
        crm.bulk_edit("contacts", count=7)
        assert twin.ids("contacts") == crm.ids("contacts"), "an account of the same seed has the same ids"
        writes = [
            (empty, "append", mapping),
            (twin, "merge", [{"column": "id", "field": "_id"}, *mapping]),
        ]
        report = play(
            tmp_path,
            {
                "source": V2.script,
                "config": fast(V2.config(crm)),
                "streams": ["contacts"],
                "writes": [
                    {
                        "name": "destination-rdstation-crm",
                        "config": {**fast(destination(target, "contacts")), "column_mapping": columns},
                        "strategy": strategy,
                    }
                    for target, strategy, columns in writes
                ],
            },
        )

        assert report["written"] == [SIZE.contacts, SIZE.contacts]
        expected = told(crm)
        assert told(empty) == expected
        assert told(twin) == expected
        assert twin.ids("contacts") == crm.ids("contacts")


def told(crm: Emulator) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(row[name] for name in FIELDS) for row in crm.truth("contacts"))


def test_the_destination_of_the_wheel_discovers_what_it_can_write(crm: Emulator, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(fast(destination(crm, "deals"))), encoding="utf-8")

    catalog = answer("destination-rdstation-crm", "discover", config=config)["destination_catalog"]

    assert {operation["object_name"] for operation in catalog["operations"]} == {"contact", "deal", "organization"}
