"""The one door through which errors leave a connector's process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SECRET = "um-segredo"
RUN = """
import sys, threading
from rdstation.errors import transient_error
from rdstation.process import connector_process

def fail():
    %s

with connector_process(sys.argv[1:], lambda number: None):
    fail()
"""
UNKNOWN = f"raise KeyError('{SECRET}')"
KNOWN = "raise transient_error('Nobody is there.')"
IN_A_THREAD = f"thread = threading.Thread(target=lambda: {{}}['{SECRET}']); thread.start(); thread.join()"


@pytest.mark.parametrize(
    ("command", "raising", "kinds", "code"),
    [
        pytest.param("check", UNKNOWN, ["TRACE", "CONNECTION_STATUS"], 1, id="check-unknown"),
        pytest.param("check", KNOWN, ["TRACE", "CONNECTION_STATUS"], 0, id="check-known"),
        pytest.param("read", UNKNOWN, ["TRACE"], 1, id="read-unknown"),
        pytest.param("read", IN_A_THREAD, [], 0, id="thread"),
    ],
)
def test_given_an_error_when_it_leaves_the_process_then_kind_and_place_are_told_and_check_has_a_status(
    command: str, raising: str, kinds: list[str], code: int
) -> None:
    run = subprocess.run(
        [sys.executable, "-c", RUN % raising, command], capture_output=True, text=True, check=False, timeout=60
    )

    assert [json.loads(line)["type"] for line in run.stdout.splitlines()] == kinds
    assert run.returncode == code
    assert SECRET not in run.stdout + run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    if raising != KNOWN:
        assert "KeyError at <string>:" in run.stdout + run.stderr
