"""Imports Airbyte's CDK in two thirds of the time; to be imported before anything that needs it.

What costs time and serves nobody here: serpyco, by which the CDK serializes messages, reads the source code of each of
their classes for the docstrings that its JSON schemas would show; requests-cache offers AWS's DynamoDB as a store
wherever boto3 is installed, and loads it for that; and the collector walks everything that is being imported, again and
again.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__: list[str] = []


def _nothing(cls: type) -> dict[str, str]:
    return {}


@contextmanager
def _uncollected() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """As if the module were not installed."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment] # by which import raises ImportError
    try:
        yield
    finally:
        del sys.modules[module]


try:
    import attributes_doc
except ImportError:
    pass  # a serpyco that does without
else:
    attributes_doc.get_attributes_doc = _nothing

with _uncollected():
    with _hidden("boto3"):
        import requests_cache  # noqa: F401
    import airbyte_cdk  # noqa: F401
