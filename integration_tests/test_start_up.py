"""What no command does at its start."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """
import gc, inspect, sys

def refuse(read):
    raise AssertionError(f"the source code of {read} was asked for")

inspect.getsource, getsource = refuse, inspect.getsource
import %s.run
inspect.getsource = getsource
assert "boto3" not in sys.modules
assert gc.isenabled()
import boto3
boto3.client
"""
PACKAGES = ["source_rdstation_crm", "source_rdstation_conversas", "destination_rdstation_crm"]


@pytest.mark.parametrize("package", PACKAGES)
def test_given_a_command_when_it_starts_then_it_reads_no_source_code_and_boto3_waits_and_the_collector_works(
    package: str,
) -> None:
    run = subprocess.run([sys.executable, "-c", START % package], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
