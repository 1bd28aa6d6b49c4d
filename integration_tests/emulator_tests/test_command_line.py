from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

COMMAND = [sys.executable, "-m", "emulator", "--port", "0", "--contacts", "3"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_given_a_signal_then_the_command_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    ready_file = tmp_path / "config.json"
    command = [*COMMAND, "--ready-file", str(ready_file), "--set", "wall=empty", "--set", 'forbidden=["tasks"]']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        ready, *printed = (process.stdout.readline() for _ in range(5))
        config = json.loads(ready_file.read_text())
        settings = requests.get(f"{config['api_base_url']}/_emulator/settings", timeout=10).json()
        process.send_signal(number)
        code = process.wait(10)

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


def test_given_a_wrong_setting_then_the_command_says_so() -> None:
    done = subprocess.run(
        [*COMMAND, "--set", "wall=x"], capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=20
    )

    assert done.returncode == 2
    assert "wall: 'x' is none of" in done.stderr
