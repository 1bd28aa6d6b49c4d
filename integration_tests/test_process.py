"""The one door through which errors leave a connector's process."""

from __future__ import annotations

import json

import pytest

import prefork
from prefork_probe import SECRET


@pytest.mark.parametrize(
    ("command", "raising", "kinds", "code"),
    [
        pytest.param("check", "unknown", ["TRACE", "CONNECTION_STATUS"], 1, id="check-unknown"),
        pytest.param("check", "known", ["TRACE", "CONNECTION_STATUS"], 0, id="check-known"),
        pytest.param("read", "unknown", ["TRACE"], 1, id="read-unknown"),
        pytest.param("read", "thread", [], 0, id="thread"),
    ],
)
def test_given_an_error_when_it_leaves_the_process_then_kind_and_place_are_told_and_check_has_a_status(
    command: str, raising: str, kinds: list[str], code: int
) -> None:
    done = prefork.call("prefork_probe", "fail", ["probe", command, raising])

    assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == kinds
    assert done.returncode == code
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    if raising != "known":
        assert "KeyError at prefork_probe.py:" in done.stdout + done.stderr
