"""No command reads source code at its start."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT = """
import inspect

def refuse(read):
    raise AssertionError(f"the source code of {read} was asked for")

inspect.getsource = refuse
import %s.run
"""


@pytest.mark.parametrize("package", ["source_rdstation_crm", "source_rdstation_conversas", "destination_rdstation_crm"])
def test_given_a_command_when_it_starts_then_it_reads_no_source_code(package: str) -> None:
    run = subprocess.run([sys.executable, "-c", IMPORT % package], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
