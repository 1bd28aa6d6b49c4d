from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from .desk_api import CallerDesk
from .keys import opened
from .test_desk_history import shown


def low_bytes(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")[0::2]


def compact(messages: list[dict[str, Any]]) -> str:
    shown_ones = [shown(message) for message in messages]
    return json.dumps(shown_ones, ensure_ascii=False, separators=(",", ":"))


ENCRYPTIONS = ["A128CBC-HS256", "A256GCM", "A128GCM", "A192GCM", "A192CBC-HS384", "A256CBC-HS512"]


@pytest.mark.parametrize("alg", ["RSA-OAEP-256", "RSA-OAEP"])
@pytest.mark.parametrize("enc", ENCRYPTIONS)
def test_every_encryption_opens_with_the_key(desk: CallerDesk, enc: str, alg: str) -> None:
    customer, truth = desk.longest()
    desk.crm.settings(desk_enc=enc, desk_alg=alg)

    header, raw = opened(desk.history(customer)["messages"], desk.key)

    assert list(header.items()) == [("enc", enc), ("alg", alg), ("kid", desk.key["kid"])]
    assert raw == low_bytes(compact(truth))


def test_the_key_is_as_the_panel_shows_it(desk: CallerDesk) -> None:
    assert list(desk.key) == ["kty", "kid", "use", "alg", "e", "n", "d", "p", "q", "dp", "dq", "qi"]
    assert (desk.key["kty"], desk.key["use"], desk.key["alg"], desk.key["e"]) == ("RSA", "enc", "RSA-OAEP-256", "AQAB")
    assert len(desk.key["kid"]) == 43


def test_given_mixed_then_pages_differ(desk: CallerDesk) -> None:
    customer, _ = desk.longest()
    desk.crm.settings(desk_enc="mixed")

    found = [opened(desk.history(customer)["messages"], desk.key)[0]["enc"] for _ in range(6)]

    assert sorted(found) == sorted(ENCRYPTIONS)


def test_two_fetches_of_a_page_differ(desk: CallerDesk) -> None:
    customer, _ = desk.longest()

    assert desk.history(customer)["messages"] != desk.history(customer)["messages"]


@pytest.mark.parametrize(
    ("character", "left"),
    [
        ("•", '"'), ("™", '"'), ("\U0001f522", '="'), ("\u201c", "\x1c"), ("\u2013", "\x13"), ("…", "&"), ("€", "¬"),
        ("\u200b", "\x0b"), ("\u200d", "\x0d"), ("\ufe0f", "\x0f"), ("😀", "=\x00"), ("👍", "=M"), ("😊", "=\n"),
        ("Ŝ", "\\"), ("👜", "=\\"), ("ç", "ç"),
    ],
)  # fmt: skip
def test_the_cut_of_the_sheets_table(desk: CallerDesk, character: str, left: str) -> None:
    customer = desk.crm.desk_create("customers")[0]["_id"]
    message = desk.crm.desk_add_messages(customer, content=f"a {character} b")[0]

    raw = desk.raw(customer)

    assert message["cut"] == f"a {left} b"
    assert f'"content":"a {left} b"' in raw.decode("latin-1")


def test_the_invented_talk_is_full_of_damage(desk: CallerDesk) -> None:
    contents = " ".join(message["content"] for message in desk.crm.desk_truth("messages"))

    assert {character for character in "•™\u201c\u2013…€\u200b😀👍Ŝ" if character not in contents} == set()


@pytest.mark.parametrize(
    ("settings", "decoded"),
    [
        pytest.param({"desk_plaintext": "utf-8"}, json.loads, id="utf-8"),
        pytest.param({"desk_malformed": "escaped"}, lambda raw: json.loads(raw.decode("latin-1")), id="escaped"),
        pytest.param(
            {"desk_plaintext": "utf-8", "desk_nested": True}, lambda raw: json.loads(json.loads(raw)), id="nested"
        ),
        pytest.param({"desk_plaintext": "utf-8", "desk_spaced": True}, json.loads, id="spaced"),
    ],
)
def test_sound_plaintexts(desk: CallerDesk, settings: dict[str, Any], decoded: Callable[[bytes], Any]) -> None:
    customer, truth = desk.longest()
    desk.crm.settings(**settings)

    raw = desk.raw(customer)

    assert decoded(raw) == [shown(message) for message in truth]
    assert (b'": "' in raw) == ("desk_spaced" in settings)


@pytest.mark.parametrize("kind", ["truncated", "no_json"])
def test_given_damage_for_a_share_then_only_these_contacts_suffer(desk: CallerDesk, kind: str) -> None:
    desk.crm.settings(desk_plaintext="utf-8", desk_malformed=kind)
    spoiled = desk.crm.desk_ids("spoiled")
    talking = {message["customer_id"] for message in desk.crm.desk_truth("messages")}
    one, other = min(spoiled & talking), min(talking - spoiled)

    assert desk.page(other) != []
    with pytest.raises(ValueError, match=r"JSON|Expecting|Unterminated|Invalid|decode"):
        desk.page(one)


def test_given_a_rotated_key_then_some_pages_need_the_old_one(desk: CallerDesk) -> None:
    desk.crm.settings(desk_kid="share")
    keys, old = desk.crm.desk_keys(), desk.crm.desk_ids("old_key")
    customers = desk.crm.desk_ids("customers")

    for customer in [min(old), min(customers - old)]:
        wanted, other = (keys["old"], keys["current"]) if customer in old else (keys["current"], keys["old"])
        text = desk.history(customer)["messages"]
        assert opened(text, wanted)[0]["kid"] == wanted["kid"]
        with pytest.raises(Exception, match="No recipient matched"):
            opened(text, other)
    assert 0 < len(old) < len(customers)
    assert keys["current"] == desk.key
    assert keys["jwks"] == {"keys": [keys["current"], keys["old"]]}


@pytest.mark.parametrize("key", ["messages", "data", "payload", "encrypted", "result"])
def test_given_another_key_then_the_page_lies_there(desk: CallerDesk, key: str) -> None:
    customer, truth = desk.longest()
    desk.crm.settings(desk_history_envelope=key)

    body = desk.history(customer)

    assert list(body) == [key]
    assert opened(body[key], desk.key)[1] == low_bytes(compact(truth))


def test_given_no_envelope_or_no_encryption_then_the_body_is_the_page(desk: CallerDesk) -> None:
    customer, truth = desk.longest()
    desk.crm.settings(desk_history_envelope="body_string")
    text = desk.history(customer)
    desk.crm.settings(desk_history_envelope="body_text")
    bare = desk.get("v2/messages/history", customer_id=customer)
    desk.crm.settings(desk_history_envelope="plain")
    plain = desk.history(customer)

    assert opened(text, desk.key)[1] == low_bytes(compact(truth))
    assert bare.text.count(".") == 4
    assert plain == {"messages": [shown(message) for message in truth]}


@pytest.mark.parametrize(
    ("variant", "body"),
    [
        ("blank", {"messages": ""}),
        ("absent", {}),
        ("null", {"messages": None}),
        ("list", {"messages": []}),
    ],
)
def test_the_variants_of_an_empty_page(desk: CallerDesk, variant: str, body: object) -> None:
    customer, _ = desk.longest()
    sealed = desk.history(customer, page=99)["messages"]
    desk.crm.settings(desk_empty_page=variant)

    assert desk.history(customer, page=99) == body
    assert opened(sealed, desk.key)[1] == b"[]"
    assert isinstance(desk.history(customer)["messages"], str)


def test_media_messages_are_url_encoded_json(desk: CallerDesk) -> None:
    contents = [message["content"] for message in desk.crm.desk_truth("messages") if message["type"] == "document"]

    described = [json.loads(unquote(content)) for content in contents]

    assert all({"file_name", "file_path", "file_extension", "mimetype"} <= media.keys() for media in described)
    assert any("message" in media for media in described)
