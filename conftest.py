"""Gives the CDK's standard tests what acceptance-test-config.yml asks for, whoever starts them.

`airbyte-cdk connector test ./source-rdstation-crm` makes a test file of its own below the connector's folder; nothing
but a conftest above it can start an emulated account for it.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes lives as long as the process: the collector need not walk it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="class", autouse=True)
def _account_for_standard_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    suite = request.cls
    if not hasattr(suite, "get_scenarios"):
        yield
        return
    from acceptance import emulated_account  # here: all other tests do without
    from connectors import by_name

    with emulated_account(by_name(suite.connector_name)):
        yield
