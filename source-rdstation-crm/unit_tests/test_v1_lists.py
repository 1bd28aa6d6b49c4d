"""Lists of API v1 as requests: the parameters that docs/api/crm-v1.md documents, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from airbyte_rdstation.dates import parse_instant
from airbyte_rdstation.pagination.listing import Bound, Query
from source_rdstation_crm.v1.list_v1 import ListV1
from source_rdstation_crm.v1.table_v1 import STREAMS, StreamSpec

SPECS = {spec.name: spec for spec in STREAMS}
MARCH, APRIL = parse_instant("2026-03-01T12:00:00Z"), parse_instant("2026-04-01T00:00:00Z")


class RecordingApi:
    """Takes requests and answers nothing."""

    def __init__(self) -> None:
        self.params: dict[str, str] = {}

    def get(self, path: str, params: dict[str, str], parse: Any, **_: Any) -> Any:
        self.params = params


def asked(spec: StreamSpec, query: Query, only: dict[str, str] | None = None) -> dict[str, str]:
    api = RecordingApi()
    ListV1(api, spec.name, spec, only or {}).page(query)  # type: ignore[arg-type]
    return api.params


@pytest.mark.parametrize(
    ("stream", "query", "expected"),
    [
        ("tasks", Query(None), {"page": "1", "limit": "200"}),
        ("deal_stages", Query(None, page=3), {"page": "3", "limit": "12"}),
        ("custom_fields", Query(None), {}),
        ("users", Query(None, page=2), {}),
        ("teams", Query(None), {}),
        ("teams", Query(None, page=2), {"page": "2"}),
        ("reasons_for_loss", Query("name"), {"page": "1", "limit": "200", "order": "name"}),
        (
            "contacts",
            Query("updated_at", page=2, descending=True),
            {"page": "2", "limit": "200", "order": "updated_at", "direction": "desc"},
        ),
        (
            "deals",
            Query("created_at", cursor="i-1,s-a"),
            {"page": "1", "limit": "200", "order": "created_at", "direction": "asc", "next_page": "i-1,s-a"},
        ),
    ],
)
def test_given_a_query_when_asked_then_the_parameters_are_those_of_the_list(
    stream: str, query: Query, expected: dict[str, str]
) -> None:
    assert asked(SPECS[stream], query) == expected


@pytest.mark.parametrize(
    ("bound", "start", "end"),
    [
        (Bound("created_at", MARCH, APRIL), "2026-02-28", "2026-04-03"),
        (Bound("created_at", None, APRIL), "1970-01-01", "2026-04-03"),
        (Bound("created_at", MARCH, None), "2026-02-28", "2100-01-01"),
    ],
)
def test_given_a_window_of_time_when_asked_then_it_is_whole_days_and_a_day_wider_and_open_ends_are_far_away(
    bound: Bound, start: str, end: str
) -> None:
    params = asked(SPECS["deals"], Query("created_at", (bound,)), {"deal_stage_id": "s"})

    assert params["created_at_period"] == "true"
    assert (params["start_date"], params["end_date"], params["deal_stage_id"]) == (start, end, "s")
