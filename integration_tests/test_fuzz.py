"""Anything in any field of any answer: no hang, no leak, no error that nobody knows, and no row lost without a word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.retry import RetryPolicy
from destination import Destination, table
from harness import CONVERSAS, TINY, V1, V2, Emulator, Version, account, launch, status_of
from in_process import read
from servers import altering

MARK = "um-segredo"
STREAMS = {
    V2: ("pipelines", "stages", "deals", "contacts", "tasks", "deal_notes"),
    V1: ("deal_pipelines", "deals", "contacts", "deals_details"),
    CONVERSAS: ("contacts", "reports", "messages", "employees"),
}
IDS = {"id", "_id"}
HISTORIES = ("messages",)  # a page that is no page any more is a fault, and costs its messages
WAYS = [pytest.param(api, stream, id=f"{api}-{stream}") for api, streams in STREAMS.items() for stream in streams]

Place = tuple[Any, Any, bool]
"""A list or object, the index or name of one of its values, and whether that is a value of a record."""

ODD_TEXTS = (
    "",
    "0000-00-00",
    "2026-02-30T10:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "NaN",
    "\ud83d",
    "\x00",
)
texts = st.sampled_from(ODD_TEXTS) | st.text(st.characters(codec=None), max_size=8).map(lambda text: text + MARK)
numbers = st.integers() | st.floats() | st.sampled_from([10**30, -1, 0])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


def places_in(body: Any, *, in_record: bool = False) -> list[Place]:
    """Every place of a JSON value that can hold another."""
    members: Sequence[Any] = list(body.items()) if isinstance(body, dict) else list(enumerate(body))
    found: list[Place] = []
    for name, value in members:
        found.append((body, name, in_record))
        if isinstance(value, (dict, list)):
            found += places_in(value, in_record=in_record or (isinstance(value, dict) and bool(IDS & value.keys())))
    return found


class Spoiler:
    """Puts a value into one place of the first answers that have one."""

    def __init__(self, number: int, value: Any) -> None:
        self.spoils_a_value = True
        """Only values of records were replaced, and none of their ids."""
        self._number = number
        self._value = value

    def __call__(self, path: str, body: bytes) -> bytes:
        """What `altering` takes."""
        if "oauth2" in path:
            return body
        try:
            content = json.loads(body)
        except ValueError:
            return body
        places = places_in(content) if isinstance(content, (dict, list)) else []
        if not places:
            return body
        holder, name, in_record = places[self._number % len(places)]
        self.spoils_a_value = self.spoils_a_value and in_record and name not in IDS
        holder[name] = self._value
        return json.dumps(content).encode()


@pytest.fixture(scope="module", autouse=True)
def impatient() -> Iterator[None]:
    """What cannot be read is asked for once: the spoiler would answer the same again."""
    with pytest.MonkeyPatch.context() as patch:
        once = partial(RetryPolicy, tries=1, tries_on_500=1)
        for module in ("airbyte_rdstation.client.client", "source_rdstation_conversas.source"):
            patch.setattr(f"{module}.RetryPolicy", once)
        yield


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


@cache
def whole(crm: Emulator, api: Version, stream: str) -> list[str]:
    """The ids of the stream's records."""
    return sorted(each["id"] for each in read(api, stream, {**api.config(crm), "requests_per_minute": 600_000}).rows)


def assert_survives(crm: Emulator, api: Version, stream: str, number: int, value: object) -> None:
    spoiler = Spoiler(number, value)
    with altering(crm.base_url, spoiler) as url:
        sync = read(api, stream, {**api.config(crm), "api_base_url": url, "requests_per_minute": 600_000})

    assert sync.ended, "the sync waits for ever"
    assert MARK not in sync.said
    assert "Traceback" not in sync.said
    assert "does not know" not in sync.said
    assert sync.raised is None or isinstance(sync.raised, ConnectorError)
    if spoiler.spoils_a_value and stream not in HISTORIES:
        assert sync.raised is None
        assert sorted(each["id"] for each in sync.rows) == whole(crm, api, stream)


def tried(prove: Callable[..., None], examples: int, **strategies: st.SearchStrategy[Any]) -> None:
    """Proves a property on so many examples."""
    settings(max_examples=examples, deadline=None)(given(**strategies)(prove))()


def few_or_many(few: int, many: int) -> pytest.MarkDecorator:
    """How many examples are tried: few in each run, many under the marker `long`."""
    return pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.long)])


@pytest.mark.parametrize(("api", "stream"), WAYS)
@few_or_many(3, 150)
def test_given_any_value_in_any_field_when_read_then_the_sync_ends_and_says_nothing_of_it(
    crm: Emulator, api: Version, stream: str, examples: int
) -> None:
    def survives(number: int, value: object) -> None:
        assert_survives(crm, api, stream, number, value)

    tried(survives, examples, number=st.integers(0, 10_000), value=values)


LINES = st.lists(
    st.binary(max_size=40)
    | st.builds(lambda value: json.dumps(value).encode(), values)
    | st.builds(
        lambda data: json.dumps({"type": "RECORD", "record": {"stream": "people", "data": data}}).encode(), values
    )
    | st.builds(lambda value: json.dumps({"type": "STATE", "state": value}).encode(), values),
    max_size=5,
)


def assert_answers(crm: Emulator, lines: Sequence[bytes]) -> None:
    destination = Destination(crm, dry_run=True)

    run = destination.write(table("people", ["name", "email"]), [line.replace(b"\n", b"") for line in lines])

    said = "\n".join(line.text.decode() for line in run.lines if not line.text.startswith(b'{"type":"STATE"'))
    assert run.exit_code in (0, 1)
    assert "Traceback" not in said + run.stderr
    assert "does not know" not in said
    assert MARK not in said


@few_or_many(8, 300)
def test_given_any_bytes_on_stdin_when_written_then_they_are_rows_or_a_sentence(crm: Emulator, examples: int) -> None:
    def answers(lines: Sequence[bytes]) -> None:
        assert_answers(crm, lines)

    tried(answers, examples, lines=LINES)


def assert_checked(crm: Emulator, api: Version, name: str, text: str) -> None:
    config = api.config(crm)
    config.get("credentials", config)[name] = text
    run = launch("check", {"config": json.dumps(config).encode()}, script=api.script)

    status, sentence = status_of(run)
    assert status in ("SUCCEEDED", "FAILED")
    assert "Traceback" not in run.stdout + run.stderr
    assert MARK not in sentence + run.stderr + "".join(run.log_lines("WARN"))


CREDENTIALS = [
    pytest.param(V2, "access_token", id="v2-access-token"),
    pytest.param(V2, "client_secret", id="v2-client-secret"),
    pytest.param(V1, "access_token", id="v1-access-token"),
    pytest.param(CONVERSAS, "access_token", id="conversas-access-token"),
    pytest.param(CONVERSAS, "private_key_jwk", id="conversas-private-key"),
]


@pytest.mark.parametrize(("api", "name"), CREDENTIALS)
@few_or_many(2, 200)
def test_given_any_text_in_a_credential_when_checked_then_a_status_says_nothing_of_it(
    crm: Emulator, api: Version, name: str, examples: int
) -> None:
    def checked(text: str) -> None:
        assert_checked(crm, api, name, text)

    tried(checked, examples, text=texts)
