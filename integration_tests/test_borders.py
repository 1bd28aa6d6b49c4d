"""The borders of the process: files, streams, locale, environment, no argument, no temporary folder."""

from __future__ import annotations

import codecs
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import certifi
import orjson
import pytest

from connectors import CONNECTORS, Connector
from harness import TINY, V2, Emulator, Source, account, catalog, often
from namespaces import MAY_MOUNT, needs
from output import Line, Run, status_of
from prefork import command_of, start

few_connectors = pytest.mark.parametrize(
    "connector",
    [pytest.param(each, id=str(each), marks=pytest.mark.long if each.is_source else []) for each in CONNECTORS],
)
each_connector = pytest.mark.parametrize("connector", CONNECTORS, ids=str)
UNTOUCHED = {
    name: value
    for name, value in os.environ.items()
    if not name.lower().endswith("_proxy") and not name.endswith("CA_BUNDLE")
}
NAME = "Zé 🚀 ação"


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        running.edit("contacts", next(iter(running.ids("contacts"))), name=NAME)
        yield running


def config_of(connector: Connector, crm: Emulator) -> dict[str, Any]:
    configure = next(iter(connector.setups.values()))
    return {**configure(crm), "requests_per_minute": 600_000}


def ran(connector: str, *arguments: str, environ: Mapping[str, str] | None = None, prefix: str = "") -> Run:
    """The connector in another environment; `prefix` is what a shell does first (closing a stream, say)."""
    environment = {**UNTOUCHED, **(environ or {})}
    if not prefix:
        with tempfile.TemporaryFile() as errors:
            process = start(connector, arguments, stderr=errors, environment=environment)
            assert process.stdout is not None
            with process.stdout as stdout:
                lines = stdout.read().splitlines()
            code = process.wait()
            errors.seek(0)
            return Run([Line(0, line) for line in lines], errors.read().decode("utf-8", "replace"), code)
    command = ["bash", "-c", f'exec "$0" "$@" {prefix}', *command_of(connector), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment)
    return run_of(done)


def run_of(done: subprocess.CompletedProcess[bytes]) -> Run:
    lines = [Line(0, line) for line in done.stdout.splitlines()]
    return Run(lines, done.stderr.decode("utf-8", "replace"), done.returncode)


def file(folder: Path, name: str, content: bytes) -> str:
    path = folder / f"{name}.json"
    path.write_bytes(content)
    return str(path)


@each_connector
@pytest.mark.parametrize(
    ("encoding", "status"), [("utf-8-sig", "SUCCEEDED"), ("utf-16", "FAILED"), ("utf-16-le", "FAILED")]
)
def test_given_a_configuration_with_a_byte_order_mark_when_checked_then_it_is_read_or_named(
    crm: Emulator, tmp_path: Path, connector: Connector, encoding: str, status: str
) -> None:
    content = orjson.dumps(config_of(connector, crm)).decode().encode(encoding)

    run = ran(str(connector), "check", "--config", file(tmp_path, "config", content))

    told, sentence = status_of(run)
    assert told == status, run.log
    assert status == "SUCCEEDED" or "Save it as UTF-8" in sentence


@pytest.mark.parametrize("name", ["catalog", "state"])
def test_given_catalog_and_state_with_a_byte_order_mark_when_read_then_they_serve(
    crm: Emulator, tmp_path: Path, name: str
) -> None:
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "deals"}, "stream_state": {}}}]
    files = {"config": config_of(CONNECTORS[0], crm), "catalog": catalog(["deals"]), "state": state}
    marks = {name: codecs.BOM_UTF8}
    arguments = [
        part
        for each, content in files.items()
        for part in (f"--{each}", file(tmp_path, each, marks.get(each, b"") + orjson.dumps(content)))
    ]

    run = ran("source-rdstation-crm", "read", *arguments)

    assert run.exit_code == 0, run.log
    assert run.ids("deals") == crm.ids("deals")


@pytest.mark.parametrize("encoding", often(["ascii", "iso-8859-1", "cp1252"], long=["iso-8859-1", "cp1252"]))
def test_given_a_locale_that_is_not_utf_8_when_read_then_stdout_is_utf_8(
    crm: Emulator, tmp_path: Path, encoding: str
) -> None:
    config = file(tmp_path, "config", orjson.dumps({**config_of(CONNECTORS[0], crm)}))
    selected = file(tmp_path, "catalog", orjson.dumps(catalog(["contacts"])))
    environ = {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    run = ran("source-rdstation-crm", "read", "--config", config, "--catalog", selected, environ=environ)

    assert run.exit_code == 0, run.stderr
    assert NAME in {record["name"] for record in run.records("contacts")}


@each_connector
def test_given_no_argument_when_started_then_the_commands_are_named_and_nothing_is_raised(connector: Connector) -> None:
    run = ran(str(connector))

    assert run.exit_code == 2
    assert "check" in run.stderr
    assert "Traceback" not in run.stderr
    assert run.lines == []


@few_connectors
def test_given_a_closed_stdout_when_started_then_stderr_says_so(connector: Connector) -> None:
    run = ran(str(connector), "spec", prefix=">&-")

    assert run.exit_code == 1
    assert "stdout" in run.stderr
    assert "Traceback" not in run.stderr


def test_given_a_full_disk_behind_stdout_when_started_then_stderr_says_so() -> None:
    run = ran("source-rdstation-crm", "spec", prefix=">/dev/full")

    assert run.exit_code == 1
    assert "cannot write to stdout" in run.stderr
    assert "Traceback" not in run.stderr


def test_given_a_closed_stdin_when_written_then_a_sentence_says_so(crm: Emulator, tmp_path: Path) -> None:
    config = file(tmp_path, "config", orjson.dumps(config_of(CONNECTORS[2], crm)))
    selected = file(tmp_path, "catalog", orjson.dumps({"streams": []}))

    run = ran("destination-rdstation-crm", "write", "--config", config, "--catalog", selected, prefix="<&-")

    assert run.exit_code == 1
    assert "stdin is closed" in run.log
    assert "Traceback" not in run.log + run.stderr


BAD_ENVIRONMENTS = {
    "no-bundle": ({"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"}, "REQUESTS_CA_BUNDLE"),
    "bundle-of-curl": ({"CURL_CA_BUNDLE": "/nowhere/ca.pem"}, "CURL_CA_BUNDLE"),
    "bundle-that-is-none": ({"REQUESTS_CA_BUNDLE": __file__}, "REQUESTS_CA_BUNDLE"),
    "proxy-without-a-host": ({"HTTPS_PROXY": "http://:3128"}, "HTTPS_PROXY"),
    "proxy-with-an-odd-port": ({"https_proxy": "http://um-segredo@proxy.test:port"}, "https_proxy"),
    "proxy-of-another-kind": ({"ALL_PROXY": "socks5://proxy.test:1080"}, "ALL_PROXY"),
    "proxy-that-refuses": ({"HTTPS_PROXY": "http://127.0.0.1:9"}, "HTTPS_PROXY"),
}


@pytest.mark.parametrize(
    ("connector", "name"),
    [
        pytest.param(connector, name, id=f"{connector}-{name}", marks=[] if number % 2 == which else pytest.mark.long)
        for number, name in enumerate(BAD_ENVIRONMENTS)
        for which, connector in enumerate(CONNECTORS[1:])
    ],
)
def test_given_an_environment_that_cannot_serve_when_checked_then_the_variable_is_named(
    crm: Emulator, tmp_path: Path, connector: Connector, name: str
) -> None:
    environ, variable = BAD_ENVIRONMENTS[name]
    config = {**config_of(connector, crm), "api_base_url": "https://127.0.0.1:9"}

    run = ran(
        str(connector),
        "check",
        "--config",
        file(tmp_path, "config", orjson.dumps(config)),
        environ=environ,
    )

    status, sentence = status_of(run)
    assert status == "FAILED"
    assert variable in sentence
    assert "um-segredo" not in run.log + run.stderr


def test_given_a_bundle_that_serves_when_checked_then_it_is_not_named(crm: Emulator, tmp_path: Path) -> None:
    config = {**config_of(CONNECTORS[1], crm), "api_base_url": "https://127.0.0.1:9"}
    config_file = file(tmp_path, "config", orjson.dumps(config))

    run = ran(
        "source-rdstation-conversas", "check", "--config", config_file, environ={"REQUESTS_CA_BUNDLE": certifi.where()}
    )

    assert "REQUESTS_CA_BUNDLE names" not in status_of(run)[1]


READ_ONLY = """
mount --make-rprivate / && mount -o remount,ro,bind /
for m in /tmp /var/tmp /dev/shm; do mount --bind $m $m 2>/dev/null && mount -o remount,ro,bind $m; done
cd / && exec "$0" check --config "$1"
"""


@needs(MAY_MOUNT)
@few_connectors
def test_given_no_folder_that_can_be_written_when_checked_then_it_works(
    crm: Emulator, tmp_path: Path, connector: Connector
) -> None:
    config = file(tmp_path, "config", orjson.dumps(config_of(connector, crm)))
    command = [*MAY_MOUNT, "bash", "-c", READ_ONLY, command_of(str(connector))[-1], config]

    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    run = run_of(done)
    assert status_of(run)[0] == "SUCCEEDED", run.log + run.stderr


def test_given_a_state_without_type_or_of_another_namespace_when_read_then_it_serves_or_is_named(crm: Emulator) -> None:
    with_state = {"stream_descriptor": {"name": "deals"}, "stream_state": {"updated_at": "9999-12-31T23:59:59Z"}}
    without_type = Source(crm, V2).read("deals", state=[{"stream": with_state}])
    elsewhere = {**with_state, "stream_descriptor": {"name": "deals", "namespace": "outro"}}
    other = Source(crm, V2).read("deals", state=[{"type": "STREAM", "stream": elsewhere}])

    assert without_type.ids("deals") == set(), "its cursor lies behind every deal"
    assert "lies in the future (9999-12-31" in without_type.log
    assert other.ids("deals") == crm.ids("deals")
    assert "deals in namespace outro is not used" in other.log
