"""`results_path`: what became of each row, for who needs the ids back in the warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airbyte_rdstation.invisible import plain_name
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.objects.crm_object import ID_FIELD
from destination_rdstation_crm.rejects.json_lines import json_line
from destination_rdstation_crm.row import Outcome, Written

__all__ = ["result_lines"]


def result_lines(outcomes: Iterable[Outcome], plans: Mapping[str, StreamPlan]) -> bytes:
    """JSON lines; `plans` by the streams' names."""
    return b"".join(json_line(_object(outcome, plans[outcome.row.stream])) for outcome in outcomes)


def _object(outcome: Outcome, plan: StreamPlan) -> dict[str, object]:
    row = outcome.row
    column = plan.mapping.column_of(plan.key_field or ID_FIELD)
    return {
        "stream": row.stream,
        "row_number": row.number,
        "matching_key": row.cells.get(plain_name(column)) if column else None,
        "_id": outcome.id if isinstance(outcome, Written) else None,
        "outcome": outcome.action,
    }
