"""What a record should look like when it leaves the connector, worked out from what the emulator holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from harness import V1, V2, Emulator, Run, Version

__all__ = ["INSTANT", "canonical", "differences", "newest_by_id"]

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")  # what `canonical` gives

PARENT_KEYS = {
    **dict.fromkeys(("deal_contacts", "deal_files", "deal_notes", "deal_products"), "deal_id"),
    "stages": "pipeline_id",
}
ADDED = {"deal_updated_at"}  # the cursor of what lies below a deal; its tests look at it by themselves
DATES_V2 = {"expected_close_date"}
INSTANTS_V2 = {"due_date"}
# Every key that docs/api/crm-v1.md calls a date-time beside those on `_at`, wherever in a record it stands.
INSTANTS_V1 = {"date", "done_date", "start_date", "end_date", "last_login", "expiration_date_time"}
PARTS_OF_A_BIRTHDAY = ("day", "month", "year")


def canonical(instant: str) -> str:
    """RFC 3339, UTC, milliseconds, `Z`: the form of all moments in records and states."""
    moment = datetime.fromisoformat(instant.replace("Z", "+00:00"))
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def differences(run: Run, crm: Emulator, stream: str, api: Version = V2, *, visible: bool = False) -> list[str]:
    """Where the stream's records differ from the truth (`visible`: to the token's user): missing, surplus, other."""
    expected = _expected(api.truth(crm, stream, visible=visible), stream, api)
    found = {_key(record, stream): record for record in run.records(stream)}
    wrong = [f"{id_} is missing" for id_ in sorted(expected.keys() - found.keys())]
    wrong += [f"{id_} does not exist" for id_ in sorted(found.keys() - expected.keys())]
    for id_ in expected.keys() & found.keys():
        wrong += [
            f"{id_}.{name}: {found[id_].get(name)!r} instead of {expected[id_].get(name)!r}"
            for name in expected[id_].keys() | (found[id_].keys() - ADDED)
            if found[id_].get(name) != expected[id_].get(name)  # the CDK leaves out what is null
        ]
    return wrong


def newest_by_id(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The last record of each id, as a destination that deduplicates would keep it."""
    return {record["id"]: record for record in records}


def _key(record: Mapping[str, Any], stream: str) -> str:
    """What tells a stream's records apart: a contact may be of many deals."""
    return f"{record['deal_id']} {record['id']}" if stream == "deal_contacts" else record["id"]


def _expected(truth: Any, stream: str, api: Version) -> dict[str, dict[str, Any]]:
    if isinstance(truth, Mapping):
        key = PARENT_KEYS.get(stream)
        rows = [{**row, **({key: parent} if key else {})} for parent, below in truth.items() for row in below]
    else:
        rows = truth
    if api is V1:
        return {_key(row, stream): row for row in map(_emitted_v1, rows)}
    if stream == "teams":
        rows = [{**row, "id": row["team_id"]} for row in rows]
    return {row["id"]: {name: _emitted_v2(name, value) for name, value in row.items()} for row in rows}


def _emitted_v2(name: str, value: Any) -> Any:
    if name.endswith("_at") or name in INSTANTS_V2:
        return canonical(value) if value else None
    return (value or None) if name in DATES_V2 else value


def _emitted_v1(row: Mapping[str, Any]) -> dict[str, Any]:
    id_ = row.get("_id") or row["id"]
    record = {**{name: _nested_v1(name, value) for name, value in row.items()}, "_id": id_, "id": id_}
    if isinstance(record.get("base_price"), str):
        record["base_price"] = float(record["base_price"])
    return record


def _nested_v1(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_nested_v1("", item) for item in value]
    if isinstance(value, str) and (name.endswith("_at") or name in INSTANTS_V1):
        return canonical(value)
    if not isinstance(value, dict):
        return value
    if name == "birthday" and not any(value.get(part) for part in PARTS_OF_A_BIRTHDAY):
        return None
    return {key: _nested_v1(key, item) for key, item in value.items()}
