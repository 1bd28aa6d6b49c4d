"""What a command spares itself at its start, and that importing the packages changes nothing of others."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from airbyte_rdstation import start_up
from connectors import ROOT

SPEC = """
import gc, inspect, sys

def refuse(read):
    raise AssertionError(f"the source code of {read} was asked for")

inspect.getsource = refuse
from %s.run import run
run(["spec"])
assert gc.isenabled()
assert not {"boto3", "jinja2", "airbyte_cdk.sources.declarative"} & set(sys.modules), "imported for nothing"

import airbyte_cdk, boto3
from airbyte_cdk.sources import declarative
assert airbyte_cdk.YamlDeclarativeSource.__module__ == "airbyte_cdk.sources.declarative.yaml_declarative_source"
assert boto3.client and declarative.__file__
"""
LATE = """
import sys
import %s
import airbyte_cdk.entrypoint

before = dict(sys.modules)
from %s.run import run
run(["spec"])
assert all(sys.modules[name] is module for name, module in before.items())
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


OTHER_CDK = """
import sys
from airbyte_rdstation import start_up
start_up._TESTED_WITH = "airbyte_cdk-7.0.0"
from %s.run import run
run(["spec"])
assert "airbyte_cdk.sources.declarative" in sys.modules, "imported as usual"
"""


def done(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("package", PACKAGES)
def test_given_a_command_when_it_runs_then_it_imports_what_it_needs_and_the_rest_can_be(package: str) -> None:
    run = done(SPEC % package)

    assert run.returncode == 0, run.stderr
    assert '"SPEC"' in run.stdout


def test_given_a_cdk_that_is_not_the_tested_one_when_a_command_runs_then_it_is_imported_as_usual() -> None:
    run = done(OTHER_CDK % "source_rdstation_crm")

    assert run.returncode == 0, run.stderr
    assert '"SPEC"' in run.stdout


def test_the_tested_cdk_is_the_one_that_the_locks_name() -> None:
    locked = re.search(r"(?m)^airbyte-cdk==(\S+)", (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8"))

    assert locked is not None
    assert f"airbyte_cdk-{locked[1]}" == start_up._TESTED_WITH


@pytest.mark.parametrize("package", PACKAGES)
def test_given_the_cdk_was_imported_before_when_a_command_runs_then_it_is_left_as_it_is(package: str) -> None:
    run = done(LATE % (package, package))

    assert run.returncode == 0, run.stderr
    assert '"SPEC"' in run.stdout


def test_given_the_packages_when_imported_then_no_module_of_others_and_no_state_of_the_interpreter_is_changed() -> None:
    run = done(IMPORT)

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_given_a_package_when_something_else_is_asked_of_it_then_it_has_none(package: str) -> None:
    run = done(f"import {package}; print(hasattr({package}, 'something_else'))")

    assert run.stdout == "False\n", run.stderr
