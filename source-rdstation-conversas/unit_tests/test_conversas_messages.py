"""Records of messages: fields, media, and ids that tell twins apart and stay."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any
from urllib.parse import quote

import pytest
from conversas_samples import Pages, message, records_of
from hypothesis import given
from hypothesis import strategies as st

from airbyte_rdstation.airbyte.records import Normalizer
from source_rdstation_conversas.envelopes import FoundMessages, messages_of

FILE = {"file_name": "ação.oga", "file_path": "m/a.oga", "file_extension": "oga", "mimetype": "audio/ogg"}
NO_FILE = dict.fromkeys(FILE)


SCHEMA = json.loads(resources.files("source_rdstation_conversas").joinpath("schemas/messages.json").read_bytes())
NORMALIZE = Normalizer("messages", SCHEMA, lenient=True)


def record(one: dict[str, Any], customer_id: str = "c1") -> dict[str, Any]:
    ((only,),) = records_of(Pages([one]), customer_id)
    return NORMALIZE(only)


def test_a_message_becomes_a_whole_record() -> None:
    sent = message("Olá", type="text", channel="whatsapp", is_reply=True, is_template_message=False, extra={"a": [1]})

    found = record(sent)

    identity = found.pop("id")
    assert len(identity) == len("0" * 64)
    assert found == {**sent, **NO_FILE, "customer_id": "c1"}


def test_a_message_without_any_field_is_a_record_as_well() -> None:
    found = record({})

    assert {name for name, value in found.items() if value is not None} == {"id", "customer_id"}
    assert found.keys() >= {"sent_by", "content", "type", "channel", "status", "is_reply", "created_at", *FILE}


@pytest.mark.parametrize(
    ("created_at", "expected"),
    [
        ("2026-08-01T12:00:00.5Z", "2026-08-01T12:00:00.500Z"),
        ("2026-08-01T09:00:00-03:00", "2026-08-01T12:00:00.000Z"),
        ("2026-08-01", "2026-08-01T00:00:00.000Z"),
        ("", None),
        ("ontem", None),
        (17, None),
        ("0001-01-01T00:00:00+09:00", None),
    ],
)
def test_the_moment_is_written_in_one_way(created_at: object, expected: str | None) -> None:
    assert record({"created_at": created_at})["created_at"] == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(True, True), ("true", True), (1, True), (0, False), ("False", False), (None, None), ("", None), ("talvez", None)],
)
def test_a_flag_is_true_or_false_or_unknown(sent: object, expected: bool | None) -> None:
    assert record(message(is_reply=sent))["is_reply"] is expected


def test_texts_are_texts() -> None:
    found = record({"sent_by": {"a": 1}, "status": 3, "content": ["a"], "type": None})

    assert (found["sent_by"], found["status"], found["content"], found["type"]) == ('{"a":1}', "3", '["a"]', None)


def test_the_content_may_be_called_message() -> None:
    assert record({"message": "oi"})["content"] == "oi"
    assert record({"message": "oi", "content": ""})["content"] == ""


@pytest.mark.parametrize("safe", ["", ":,/", "~()*!.'"])
def test_a_media_content_is_unpacked_and_stays_as_received(safe: str) -> None:
    content = quote(json.dumps(FILE, ensure_ascii=False), safe=safe)

    found = record(message(content))

    assert found["content"] == content
    assert {name: found[name] for name in FILE} == FILE


def test_a_media_content_may_be_an_object_and_lack_fields() -> None:
    assert record(message({"file_path": "m/b", "size": 3}))["file_path"] == "m/b"
    assert record(message(quote('{"mimetype": 5}')))["mimetype"] == "5"


def test_media_fields_of_the_message_itself_are_kept() -> None:
    assert record(message("oi", file_name="a.pdf"))["file_name"] == "a.pdf"


@pytest.mark.parametrize(
    "content",
    [
        "%",
        "%7B",
        "%7b ok",
        "100%",
        "%7B%22a%22%3A1%7D",
        "%7B%22file_name%22",
        "%E1%7B",
        "%7B%E1%7D",
        "%5B1%5D",
        "{}",
        "",
    ],
)
def test_a_text_that_looks_like_media_is_a_text(content: str) -> None:
    found = record(message(content))

    assert found["content"] == content
    assert {name: found[name] for name in FILE} == NO_FILE


@given(st.text() | st.text().map(lambda text: "%7B" + quote(text)))
def test_any_content_stays_as_received(content: str) -> None:
    assert record(message(content))["content"] == content


def test_an_id_is_the_same_wherever_the_message_stands_and_whatever_becomes_of_it() -> None:
    (early,) = records_of(Pages([message("a"), message("b")]))
    (late,) = records_of(Pages([message("new"), message("b", status="checked"), message("a", type="text")]))

    assert {row["id"] for row in early} == {row["id"] for row in late[1:]}
    assert record(message(created_at="2026-08-01T09:00:00-03:00"))["id"] == record(message())["id"]


def test_ids_differ_by_contact_moment_sender_content_and_among_twins() -> None:
    later = message(created_at="2026-08-01T12:00:00.001Z")
    rows = [message(), message(), message("other"), message(sent_by="bot"), later, message(None), message("")]

    (records,) = records_of(Pages(rows))
    ids = [row["id"] for row in records] + [record(message(), "c2")["id"]]

    assert len(set(ids)) == len(ids)


def test_an_id_never_changes_with_the_connector() -> None:
    assert record(message("x"))["id"] == "8786efdfc69d99a0a1a46ec6ca3663225d141c4e342d101094498b90f183103e"


@pytest.mark.parametrize(
    ("value", "page"),
    [
        pytest.param([{"a": 1}], FoundMessages([{"a": 1}]), id="list"),
        pytest.param({"messages": [{"a": 1}], "tags": []}, FoundMessages([{"a": 1}]), id="messages"),
        pytest.param({"data": {"messages": [{"a": 1}]}}, FoundMessages([{"a": 1}]), id="messages-in-data"),
        pytest.param([], FoundMessages([]), id="empty"),
        pytest.param(None, FoundMessages([]), id="null"),
        pytest.param({}, FoundMessages([]), id="empty-object"),
        pytest.param(
            [{"a": 1}, "Ana", None],
            FoundMessages([{"a": 1}], "2 of 3 messages are no objects but: null, string"),
            id="mixed",
        ),
        pytest.param(7, FoundMessages([], "there is no list of messages here: a JSON number"), id="number"),
        pytest.param(
            {"a": "Ana"}, FoundMessages([], "there is no list of messages here: only the keys ['a']"), id="object"
        ),
    ],
)
def test_the_messages_of_a_page_are_found_or_the_reason_given(value: object, page: FoundMessages) -> None:
    assert messages_of(value) == page
