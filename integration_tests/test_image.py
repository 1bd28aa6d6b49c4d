"""The built images answer every command, as Airbyte calls them, against the emulator. Run by `make test-image`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import datetime, timezone

import orjson
import pytest

from harness import AccountSize, ConversasSize, Emulator, account, status_of
from images import Image, built_images

pytestmark = pytest.mark.image
each_image = pytest.mark.parametrize("image", built_images(), ids=str)

SIZE = AccountSize(contacts=250, deals=30, organizations=10, tasks=10)


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(SIZE, conversas_bucket_burst=0, conversas_bucket_per_minute=0) as running:
        yield running


def configurations(image: Image, crm: Emulator) -> list[dict[str, object]]:
    return [
        {**configure(crm), "requests_per_minute": 600_000, "num_workers": 8}
        for configure in image.connector.setups.values()
    ]


@each_image
def test_the_image_says_who_it_is_and_runs_as_airbyte(image: Image) -> None:
    described = image.inspect()["Config"]

    assert described["User"] == "airbyte"
    assert described["Labels"]["io.airbyte.name"] == f"airbyte/{image.connector}"
    assert described["Labels"]["io.airbyte.version"]
    assert described["Entrypoint"] == ["/entrypoint"]
    assert "AIRBYTE_ENTRYPOINT=/entrypoint" in described["Env"]
    assert image.sh("id -u").strip() == "1000"


@each_image
def test_the_image_holds_no_tests_no_papers_and_no_pip_of_the_builder(image: Image) -> None:
    found = image.sh(
        "find / -xdev \\( -name emulator -o -name CONTRIBUTING.md -o -path '/build/*' \\) 2>/dev/null || true"
    )
    tools = image.sh("ls /opt /opt/connector/bin")

    assert found == ""
    assert {"tools", "pip", "hatchling", "pytest"} & set(tools.split()) == set()


@each_image
def test_spec(image: Image) -> None:
    run = image.run("spec")

    assert run.exit_code == 0, run.log
    assert len(run.of_type("SPEC")) == 1


@each_image
def test_check(image: Image, crm: Emulator) -> None:
    for config in configurations(image, crm):
        run = image.run("check", {"config": config})
        assert status_of(run)[0] == "SUCCEEDED", run.log


@each_image
def test_data_flow_through_the_image(image: Image, crm: Emulator) -> None:
    for config in configurations(image, crm):
        if image.connector.is_source:
            assert_reads_all(image, config)
        else:
            assert_writes(image, config, crm)


@each_image
def test_given_docker_stop_then_the_image_ends_before_it_is_killed(image: Image) -> None:
    with account(AccountSize(deals=3_000), conversas=ConversasSize(contacts=300), latency_s=0.2) as crm:
        config = configurations(image, crm)[0]
        name = "deals" if "crm" in str(image) else "messages_history"
        stream = {"name": name, "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
        catalog = {"streams": [{"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}

        run = image.stopped("read" if image.connector.is_source else "write", {"config": config, "catalog": catalog})

    assert run.exit_code == 128 + signal.SIGTERM
    assert all(line.message for line in run.lines)


def assert_reads_all(image: Image, config: dict[str, object]) -> None:
    discovered = image.run("discover", {"config": config})
    (catalog,) = discovered.of_type("CATALOG")
    selected = [
        {"stream": stream, "sync_mode": stream["supported_sync_modes"][-1], "destination_sync_mode": "append"}
        for stream in catalog["streams"]
    ]

    run = image.run("read", {"config": config, "catalog": {"streams": selected}, "state": []})

    assert run.exit_code == 0, run.log
    names = {stream["name"] for stream in catalog["streams"]}
    assert {name for name in names if run.outcomes.get(name) != "COMPLETE"} == set()
    assert {name for name in names if not run.records(name)} == set()
    assert run.states


def assert_writes(image: Image, config: dict[str, object], crm: Emulator) -> None:
    assert image.run("discover", {"config": config}).exit_code == 0
    mode = str(config["mode"])
    stream = {"name": "table", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
    catalog = {"streams": [{"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}]}
    now = int(datetime.now(timezone.utc).timestamp() * 1000)
    row = {"stream": "table", "data": new_row(mode, crm), "emitted_at": now}
    state = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "table"}, "stream_state": {"at": 1}}}
    lines = [{"type": "RECORD", "record": row}, {"type": "STATE", "state": state}]
    before = crm.truth(mode)

    run = image.run(
        "write", {"config": config, "catalog": catalog}, stdin=b"".join(orjson.dumps(line) + b"\n" for line in lines)
    )

    assert run.exit_code == 0, run.log
    assert [message["stream"]["stream_state"] for message in run.of_type("STATE")] == [{"at": 1}]
    known = {record["id"] for record in before}
    assert [record["name"] for record in crm.truth(mode) if record["id"] not in known] == ["Ana Exemplo"]


def new_row(mode: str, crm: Emulator) -> dict[str, object]:
    """What the CRM takes as a new record; a deal is refused without an owner."""
    if mode == "deals":
        return {"name": "Ana Exemplo", "owner_id": crm.truth("users")[0]["id"]}
    return {"name": "Ana Exemplo", "email": "ana@exemplo.test"}
