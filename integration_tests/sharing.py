"""How workers share a test session: one server forks their runs (prefork.py), and most of them begin by waiting."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest

import prefork


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the process that starts the workers: tell each where the server is. Unit tests need none."""
    if prefork.can_fork() and any("integration_tests" in str(path) for path in node.config.args):
        node.workerinput["prefork"] = prefork.serving()


def pytest_configure(config: pytest.Config) -> None:
    """In a worker: use that server."""
    if "prefork" in (given := getattr(config, "workerinput", {})):
        prefork.join(given["prefork"])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deal the tests that wait to three workers of five, the longest first: they wait while the others work.

    xdist's `worksteal` gives each worker an equal run of the list, of which those who are done take from the end.
    """
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    dealt, share = workers * 3 // 5, len(items) // workers
    waits = {item: mark.args[0] for item in items if (mark := item.get_closest_marker("waits"))}
    if len(waits) > dealt * (share - 1):  # these alone were asked for
        return
    waiting = sorted(waits, key=lambda item: -waits[item])
    others = iter([item for item in items if item not in waits])
    for number in range(workers):
        first = waiting[number::dealt] if number < dealt else []
        items[number * share : (number + 1) * share] = [*first, *islice(others, share - len(first))]
    items[workers * share :] = others
