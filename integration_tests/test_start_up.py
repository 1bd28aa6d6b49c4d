"""What a command spares itself at its start, and that importing the packages changes nothing of others."""

from __future__ import annotations

import subprocess
import sys

import pytest

SPEC = """
import gc, inspect

def refuse(read):
    raise AssertionError(f"the source code of {read} was asked for")

inspect.getsource = refuse
from %s.run import run
run(["spec"])
assert gc.isenabled()
"""
IMPORT = """
import gc, sys
import attributes_doc

def state():
    return attributes_doc.get_attributes_doc, gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()

before = state()
import airbyte_rdstation.authorize, airbyte_rdstation.probe.run
import source_rdstation_crm.run, source_rdstation_conversas.run, destination_rdstation_crm.run
from source_rdstation_crm import SourceRdstationCrm
from source_rdstation_conversas import SourceRdstationConversas
from destination_rdstation_crm import DestinationRdstationCrm
assert state() == before
assert None not in sys.modules.values(), "a module is hidden"
"""
PACKAGES = ["source_rdstation_crm", "source_rdstation_conversas", "destination_rdstation_crm"]


def done(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", PACKAGES)
def test_given_a_command_when_it_runs_then_it_reads_no_source_code_and_the_collector_works(package: str) -> None:
    run = done(SPEC % package)

    assert run.returncode == 0, run.stderr
    assert '"SPEC"' in run.stdout


def test_given_the_packages_when_imported_then_no_module_of_others_and_no_state_of_the_interpreter_is_changed() -> None:
    run = done(IMPORT)

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_given_a_package_when_something_else_is_asked_of_it_then_it_has_none(package: str) -> None:
    run = done(f"import {package}; print(hasattr({package}, 'something_else'))")

    assert run.stdout == "False\n", run.stderr
