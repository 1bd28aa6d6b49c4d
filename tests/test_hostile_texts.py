"""Properties of every parser that reads what others wrote: a result or the parser's own error, whatever comes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_rdstation.airbyte.state import StreamState, read_state
from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.responses import BadAnswerError, parse_json, read_page
from airbyte_rdstation.dates import normalize_date, normalize_instant, parse_instant
from source_rdstation_conversas.envelopes import list_in, read_history
from source_rdstation_conversas.history.plaintext import decode
from source_rdstation_conversas.history.private_keys import PrivateKeys, UndecryptableError
from source_rdstation_conversas.streams.messages_cursor import MessagesState
from source_rdstation_conversas.streams.reports import ReportsState
from source_rdstation_crm.streams.keyset_stream import KeysetState
from source_rdstation_crm.streams.last_page_first_stream import LastPageFirstState
from source_rdstation_crm.streams.newest_first_stream import NewestFirstState
from source_rdstation_crm.streams.substream import DealState
from source_rdstation_crm.v1.list_v1 import read_account, read_list, read_record

KEYS = (
    "data",
    "links",
    "id",
    "_id",
    "next",
    "last",
    "messages",
    "keys",
    "kty",
    "n",
    "e",
    "d",
    "p",
    "q",
    "cursor",
    "position",
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=5),
    max_leaves=12,
)
BODIES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
TEXTS = st.text(max_size=200) | JSON.map(str) | BODIES.map(lambda body: body.decode("utf-8", "replace"))
INSTANTS = st.from_regex(
    r"(0001-01-01|9999-12-31|\d{4,5}-\d\d?-\d\d?)([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?",
    fullmatch=True,
)

PARSERS: dict[str, tuple[Callable[[Any], object], Any, tuple[type[Exception], ...]]] = {
    "list-of-v2": (read_page, BODIES, (BadAnswerError,)),
    "list-of-v1": (lambda body: read_list(body, rows_key="data", full_page=200), BODIES, (BadAnswerError,)),
    "record-of-v1": (read_record, BODIES, (BadAnswerError,)),
    "account-of-v1": (read_account, BODIES, (BadAnswerError,)),
    "list-of-conversas": (lambda body: list_in(parse_json(body), "data"), BODIES, (BadAnswerError,)),
    "history-of-conversas": (read_history, BODIES, (BadAnswerError,)),
    "plaintext": (decode, BODIES, ()),
    "ciphertext": (lambda text: PrivateKeys([]).decrypt(text), TEXTS, (UndecryptableError,)),
    "private-key": (PrivateKeys.read, TEXTS, (ConnectorError,)),
    "instant": (parse_instant, TEXTS | INSTANTS | JSON, (ValueError,)),
    "canonical-instant": (normalize_instant, TEXTS | INSTANTS | JSON, (ValueError,)),
    "date": (normalize_date, TEXTS | INSTANTS | JSON, (ValueError, TypeError)),
}


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_given_anything_at_all_when_parsed_then_a_result_or_the_parsers_own_error(
    name: str, data: st.DataObject
) -> None:
    parse, texts, own = PARSERS[name]
    with contextlib.suppress(*own):
        parse(data.draw(texts))


STATES: tuple[type[StreamState], ...] = (
    KeysetState,
    NewestFirstState,
    LastPageFirstState,
    DealState,
    MessagesState,
    ReportsState,
)


@pytest.mark.parametrize("model", STATES, ids=lambda model: model.__name__)
@given(
    raw=st.dictionaries(
        st.sampled_from(("updated_at", "position", "recent", "settled", "gone")), JSON | INSTANTS, max_size=4
    )
)
def test_given_any_object_as_state_when_read_then_a_state_or_an_error_that_says_what_to_do(
    model: type[StreamState], raw: dict[str, Any]
) -> None:
    try:
        read_state("deals", "updated_at", raw, model)
    except ConnectorError as error:
        assert "Clear the stream's state" in str(error)  # noqa: PT017 - a state that is one is no error


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="lists"),
        pytest.param(b'{"data":' * 100_000 + b"1" + b"}" * 100_000, id="objects"),
    ],
)
@pytest.mark.parametrize("name", [name for name, (_, texts, own) in PARSERS.items() if own == (BadAnswerError,)])
def test_given_json_as_deep_as_no_stack_when_parsed_then_it_is_no_answer(name: str, body: bytes) -> None:
    with pytest.raises(BadAnswerError):
        PARSERS[name][0](body)
