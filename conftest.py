"""What all tests share: how many examples a property is tried on, and the accounts of the CDK's standard tests.

`airbyte-cdk connector test ./source-rdstation-crm` makes a test file of its own below the connector's folder; nothing
but a conftest above it can start an emulated account for it.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

# A property in `make test` is tried on the same examples in each run: what fails there was changed. New examples are
# for `make test-long`. (`--hypothesis-profile` chooses.)
settings.register_profile("suite", max_examples=20, deadline=None, derandomize=True, database=None)
settings.register_profile("long", max_examples=2_000, deadline=None)
settings.load_profile("suite")


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
