"""What a record should look like when it leaves the connector, worked out from what the emulator holds."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from harness import Emulator, Run

__all__ = ["canonical", "differences", "newest_by_id"]

DATES = {"expected_close_date"}
INSTANTS = {"due_date"}
PARENT_KEYS = {"deal_notes": "deal_id", "deal_products": "deal_id", "stages": "pipeline_id"}


def canonical(instant: str) -> str:
    """RFC 3339, UTC, milliseconds, `Z` (contract.md, States)."""
    moment = datetime.fromisoformat(instant.replace("Z", "+00:00"))
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def differences(run: Run, crm: Emulator, stream: str) -> list[str]:
    """Where the stream's records differ from the truth: missing and surplus ids, fields with another value."""
    expected = _expected(crm, stream)
    found = newest_by_id(run.records(stream))
    wrong = [f"{id_} is missing" for id_ in sorted(expected.keys() - found.keys())]
    wrong += [f"{id_} does not exist" for id_ in sorted(found.keys() - expected.keys())]
    for id_ in expected.keys() & found.keys():
        wrong += [
            f"{id_}.{name}: {found[id_].get(name)!r} instead of {value!r}"
            for name, value in expected[id_].items()
            if found[id_].get(name) != value  # the CDK leaves out what is null
        ]
    return wrong


def newest_by_id(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The last record of each id, as a destination that deduplicates would keep it."""
    return {record["id"]: record for record in records}


def _expected(crm: Emulator, stream: str) -> dict[str, dict[str, Any]]:
    truth = crm.truth(stream)
    if stream in PARENT_KEYS:
        rows = [{**row, PARENT_KEYS[stream]: parent} for parent, below in truth.items() for row in below]
    else:
        rows = truth
    if stream == "teams":
        rows = [{**row, "id": row["team_id"]} for row in rows]
    return {row["id"]: {name: _emitted(name, value) for name, value in row.items()} for row in rows}


def _emitted(name: str, value: Any) -> Any:
    if name.endswith("_at") or name in INSTANTS:
        return canonical(value) if value else None
    return (value or None) if name in DATES else value
