from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

EMULATOR = [sys.executable, "-m", "emulator", "--contacts", "3"]
COMMAND = [*EMULATOR, "--port", "0"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_given_a_signal_then_the_command_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    ready_file = tmp_path / "config.json"
    command = [*COMMAND, "--ready-file", str(ready_file), "--set", "wall=empty", "--set", 'forbidden=["tasks"]']
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        ready, *printed = (process.stdout.readline() for _ in range(5))
        config = json.loads(ready_file.read_text())
        settings = requests.get(f"{config['api_base_url']}/_emulator/settings", timeout=10).json()
        process.send_signal(number)
        code = process.wait(10)
        names = process.stderr.read().split("\n\n")

    assert ready.strip() == f"ready on {config['api_base_url']}"
    v2, v1, destination, conversas = map(json.loads, printed)
    assert v2 == config
    assert {each["api_base_url"] for each in (v1, destination, conversas)} == {config["api_base_url"]}
    assert {"api_version", "client_id", "client_secret", "refresh_token"} <= set(config["credentials"])
    assert v1["credentials"].keys() == {"api_version", "access_token"}
    assert destination["mode"] == "contacts"
    assert destination["credentials"]["refresh_token"] != config["credentials"]["refresh_token"]
    assert conversas.keys() == {"api_base_url", "access_token", "start_date", "private_key_jwk"}
    assert (settings["wall"], settings["forbidden"]) == ("empty", ["tasks"])
    assert code == 0
    assert [name.strip() for name in names] == [
        "A configuration of source-rdstation-crm, API v2:",
        "A configuration of source-rdstation-crm, API v1:",
        "A configuration of destination-rdstation-crm:",
        "A configuration of source-rdstation-conversas:",
    ]


@pytest.mark.parametrize("port", [None, "70000"])
def test_given_a_port_that_cannot_be_had_then_one_line_says_which_to_name(port: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        command = [*EMULATOR, "--port", port or str(taken)]
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60)

    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    if port:
        assert line.startswith("emulator: Port 70000 cannot be used (")
    else:
        assert line.startswith(
            f"emulator: Port {taken} is taken. Name another: make emulator ARGS='--port {taken + 1}'"
        )


def test_given_a_ready_file_that_cannot_be_written_then_one_line_says_that_it_is_not_the_port(tmp_path: Path) -> None:
    command = [*COMMAND, "--ready-file", str(tmp_path / "nowhere" / "config.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"emulator: {tmp_path}/nowhere/config.json cannot be written (")


def test_given_a_wrong_setting_then_the_command_says_so() -> None:
    done = subprocess.run(
        [*COMMAND, "--set", "wall=x"], capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=20
    )

    assert done.returncode == 2
    assert "wall: 'x' is none of" in done.stderr
