"""Answers with a byte or a date in them that nobody expects: it costs that text, never the page or the sync."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from destination import Destination, record, table, writes
from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Run, Source, Version, account
from servers import altering

SIZE = AccountSize(contacts=30, deals=30, organizations=10, tasks=10)
LISTS = {V2: "contacts", V1: "contacts", CONVERSAS: "contacts"}
IMPOSSIBLE = [
    "0000-00-00T00:00:00.000Z",
    "2026-02-30T10:00:00.000Z",
    "2026-01-01T25:00:00Z",
    "0001-01-01T00:00:00.000Z",
]


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(SIZE, conversas=ConversasSize(contacts=30)) as running:
        yield running


def warnings(run: Run) -> list[str]:
    return [log["message"] for log in run.of_type("LOG") if log["level"] == "WARN"]


def in_first_name(odd: bytes) -> Callable[[str, bytes], bytes]:
    """The first name in each answer begins with these bytes."""
    return lambda _path, body: re.sub(rb'"(full_)?name":"', lambda found: found[0] + odd, body, count=1)


def name_of(row: dict[str, Any]) -> str:
    return str(row.get("full_name", row.get("name")))


@pytest.mark.parametrize("api", LISTS, ids=str)
@pytest.mark.parametrize(
    ("odd", "becomes", "told"),
    [
        pytest.param(rb"\ud83d", "\ufffd", 1, id="half-a-character"),
        pytest.param(b"\xe3", "\ufffd", 1, id="no-utf-8"),
        pytest.param(b"\n", "\n", 1, id="raw-line-break"),
        pytest.param(rb"\u0000", "", 0, id="nul"),
    ],
)
def test_given_an_odd_text_when_read_then_it_costs_that_text_alone(
    crm: Emulator, api: Version, odd: bytes, becomes: str, told: int
) -> None:
    stream = LISTS[api]
    plain = Source(crm, api).read(stream, sync_mode="full_refresh").records(stream)

    with altering(crm.base_url, in_first_name(odd)) as url:
        run = Source(crm, api, api_base_url=url).read(stream, sync_mode="full_refresh")

    assert run.exit_code == 0, run.log
    found = {each["id"]: name_of(each) for each in run.records(stream)}
    expected = {each["id"]: name_of(each) for each in plain}
    changed = {id_ for id_, name in found.items() if name != expected[id_]}
    assert found.keys() == expected.keys()
    assert len(changed) == (1 if becomes else 0)
    assert all(found[id_] == f"{becomes}{expected[id_]}" for id_ in changed)
    assert len(warnings(run)) == told


def test_given_a_number_that_is_none_when_read_then_it_is_null_and_said(crm: Emulator) -> None:
    with altering(crm.base_url, lambda _, body: re.sub(rb'"amount":[\d.]+', b'"amount":NaN', body)) as url:
        run = Source(crm, V2, api_base_url=url).read("deals")

    assert run.exit_code == 0, run.log
    assert len(run.records("deals")) == SIZE.deals
    assert all(each.get("amount") is None for each in run.records("deals"))


def test_given_half_a_character_in_a_label_when_discovered_then_it_is_replaced(crm: Emulator) -> None:
    with altering(crm.base_url, lambda path, body: body.replace(b'"name":"', rb'"name":"\ud83d')) as url:
        run = Source(crm, V2, api_base_url=url).discover()

    assert run.exit_code == 0, run.log
    (found,) = run.of_type("CATALOG")
    assert "\ufffd" in json.dumps(found, ensure_ascii=False)


def test_given_half_a_character_in_a_record_that_a_look_up_finds_when_written_then_it_is_found(crm: Emulator) -> None:
    known = next(each for each in crm.truth("contacts") if each["emails"])
    email = known["emails"][0]["email"]
    before = len(writes(crm))
    with altering(crm.base_url, in_first_name(rb"\ud83d")) as url:
        run = Destination(crm, api_base_url=url).write(
            table("people", ["email"], "append_dedup", "email"), [record("people", email=email)]
        )

    assert run.exit_code == 0, run.log
    assert len(writes(crm)) == before, "the contact holds this address already"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"data": [{"id"', r"breaks off after 15 characters"),
        (b'{"data": oops}', r"from character 10 of 14 on"),
        (b"", r"it is empty"),
    ],
)
def test_given_what_is_really_no_json_when_read_then_kind_and_place_are_told(
    crm: Emulator, body: bytes, said: str
) -> None:
    with altering(crm.base_url, lambda path, whole: whole if "oauth2" in path else body) as url:
        run = Source(crm, V2, api_base_url=url).read("pipelines")

    assert run.exit_code == 1
    assert re.search(said, run.log), run.log


def dated(field: str, value: str) -> Callable[[str, bytes], bytes]:
    """The first date of that name in each answer is another text."""
    return lambda _path, body: re.sub(rb'("%s": ?")[^"]*' % field.encode(), rb"\g<1>" + value.encode(), body, count=1)


DATED = [
    (V2, "deals", "updated_at"),
    (V2, "contacts", "updated_at"),
    (V2, "contacts", "created_at"),
    (V2, "tasks", "updated_at"),
    (V2, "deal_notes", "updated_at"),
    (V1, "contacts", "updated_at"),
    (V1, "deals", "created_at"),
    (V1, "deals_details", "updated_at"),
    (CONVERSAS, "reports", "created_at"),
]


@pytest.mark.parametrize(
    ("api", "stream", "field", "value"),
    [
        pytest.param(*dated, value, marks=[] if number % len(IMPOSSIBLE) == which else pytest.mark.long)
        for number, dated in enumerate(DATED)
        for which, value in enumerate(IMPOSSIBLE)
    ],
    ids=str,
)
def test_given_a_date_that_no_calendar_has_when_read_twice_then_the_records_come_and_the_state_serves(
    crm: Emulator, api: Version, stream: str, field: str, value: str
) -> None:
    whole = Source(crm, api).read(stream, sync_mode="full_refresh").ids(stream)
    with altering(crm.base_url, dated(field, value)) as url:
        source = Source(crm, api, api_base_url=url)
        first = source.read(stream)
        second = source.read(stream, state=first.states)

    assert (first.exit_code, second.exit_code) == (0, 0), first.log + second.log
    assert first.ids(stream) == whole
    last: dict[str, Any] = first.states[-1]["stream"]["stream_state"]
    assert "0000-" not in str(last)
    assert "0001-" not in str(last)
    assert "02-30" not in str(last)
