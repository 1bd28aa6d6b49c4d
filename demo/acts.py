"""What the demo reads, an act each: whose configuration, into which database, and how its requests are counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.client import Emulator

__all__ = ["ACTS", "Act"]

DEMO = Path(__file__).resolve().parent

V2_CHILD_LISTS = {"notes": "deal_notes", "products": "deal_products", "stages": "stages"}
V1_STREAMS = {"organizations": "companies", "deal_lost_reasons": "reasons_for_loss"}
V1_TRUTH = {**{stream: name for name, stream in V1_STREAMS.items()}, "deals_details": "deal_details"}


@dataclass(frozen=True)
class Act:
    """One version of the API, read into a database of its own."""

    title: str
    name: str
    """Of its configuration file."""
    database: Path
    config: Callable[[Emulator], Mapping[str, Any]]
    stream_of: Callable[[str], str]
    """The stream whose endpoint a path is."""
    rows: Callable[[Emulator, str], int]
    """How many records of a stream the account holds."""


def v2_stream_of(path: str) -> str:
    """The stream; "tokens" for the token endpoint.

    >>> v2_stream_of("/crm/v2/deals/65f0c1/notes")
    'deal_notes'
    """
    child = re.fullmatch(r"/crm/v2/(?:deals|pipelines)/[^/]+/(\w+)", path)
    if child:
        return V2_CHILD_LISTS[child[1]]
    return "tokens" if path == "/oauth2/token" else path.removeprefix("/crm/v2/")


def v1_stream_of(path: str) -> str:
    """The stream; "tokens" for the check of the token.

    >>> v1_stream_of("/api/v1/deals/65f0c1")
    'deals_details'
    """
    if path == "/api/v1/token/check":
        return "tokens"
    name, _, below = path.removeprefix("/api/v1/").partition("/")
    return "deals_details" if below else V1_STREAMS.get(name, name)


ACTS = (
    Act(
        "API v2, the one to choose",
        "config",
        DEMO / "rdstation.duckdb",
        lambda crm: crm.config(),
        v2_stream_of,
        lambda crm, stream: len(crm.ids(stream)),
    ),
    Act(
        "API v1, for an account that still has a legacy token",
        "config-v1",
        DEMO / "rdstation-v1.duckdb",
        lambda crm: crm.config(api_version="v1"),
        v1_stream_of,
        lambda crm, stream: len(crm.ids(V1_TRUTH.get(stream, stream), api="v1")),
    ),
)
