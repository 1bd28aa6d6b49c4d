"""Every record of every stream, as a fingerprint: what a change of the way records take must leave as it is.

Run this file as a program to write the fingerprints anew, after a change of what records say.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Run, Source, Version, account
from truth_conversas import DAILY, RECORDS

FINGERPRINTS = Path(__file__).with_name("every_record.json")
APIS = (V2, V1, CONVERSAS)
SIZE = AccountSize(contacts=230, deals=90, organizations=60, tasks=40)
AFTER_ALL = "2026-09-01"
"""The day behind the last invented record: of figures, days go on."""
CONVERSAS_SIZE = ConversasSize(contacts=110, messages_per_contact=7, reports=120)


def without_nulls(value: Any) -> Any:
    """What is left if a null says no more than an absent field."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def fingerprint(run: Run, stream: str) -> str:
    """How many records, and a hash of them all in any order."""
    records = [record for record in run.records(stream) if stream not in DAILY or record["date"] < AFTER_ALL]
    texts = sorted(json.dumps(without_nulls(record), sort_keys=True) for record in records)
    return f"{len(texts)} {hashlib.sha256(chr(10).join(texts).encode()).hexdigest()}"


def fingerprints(api: Version) -> dict[str, str]:
    """Of each stream that a full read gives."""
    with account(SIZE, conversas=CONVERSAS_SIZE) as crm:
        run = Source(crm, api).read(*RECORDS if api is CONVERSAS else api.streams, sync_mode="full_refresh")
        figures = Source(crm, api, start_date="2026-08-01").read(*DAILY) if api is CONVERSAS else run
    assert run.exit_code == figures.exit_code == 0, figures.log
    return {stream: fingerprint(figures if stream in DAILY else run, stream) for stream in api.streams}


@pytest.mark.parametrize("api", APIS, ids=str)
def test_given_an_account_when_read_whole_then_each_record_is_what_it_was(api: Version) -> None:
    known = json.loads(FINGERPRINTS.read_text(encoding="utf-8"))[str(api)]  # a new stream need not be there at once

    found = fingerprints(api)

    assert {stream: found.get(stream) for stream in known} == known


if __name__ == "__main__":
    text = json.dumps({str(api): fingerprints(api) for api in APIS}, indent=2)
    FINGERPRINTS.write_text(f"{text}\n", encoding="utf-8")
