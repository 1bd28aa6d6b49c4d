"""What no command does at its start."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

START = """
import gc, inspect, sys

def refuse(read):
    raise AssertionError(f"the source code of {read} was asked for")

inspect.getsource, getsource = refuse, inspect.getsource
import %s
inspect.getsource = getsource
assert "boto3" not in sys.modules
assert gc.isenabled()
import boto3
boto3.client
"""
PACKAGES = ["source_rdstation_crm", "source_rdstation_conversas", "destination_rdstation_crm"]


def test_given_a_command_when_it_starts_then_it_reads_no_source_code_and_boto3_waits_and_the_collector_works() -> None:
    modules = ", ".join(f"{package}.run" for package in PACKAGES)

    run = subprocess.run([sys.executable, "-c", START % modules], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_given_a_package_then_it_imports_quick_start_before_all_else(package: str) -> None:
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None

    imports = [
        node
        for node in ast.parse(Path(found.origin).read_text(encoding="utf-8")).body
        if isinstance(node, (ast.Import, ast.ImportFrom)) and ast.unparse(node) != "from __future__ import annotations"
    ]

    assert ast.unparse(imports[0]) == "import airbyte_rdstation.quick_start"
