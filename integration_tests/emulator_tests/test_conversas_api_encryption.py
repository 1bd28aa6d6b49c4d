from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from .conversas_api import CallerConversas
from .keys import opened
from .test_conversas_api_history import shown


def low_bytes(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")[0::2]


def compact(messages: list[dict[str, Any]]) -> str:
    shown_ones = [shown(message) for message in messages]
    return json.dumps(shown_ones, ensure_ascii=False, separators=(",", ":"))


ENCRYPTIONS = ["A128CBC-HS256", "A256GCM", "A128GCM", "A192GCM", "A192CBC-HS384", "A256CBC-HS512"]


@pytest.mark.parametrize("alg", ["RSA-OAEP-256", "RSA-OAEP"])
@pytest.mark.parametrize("enc", ENCRYPTIONS)
def test_every_encryption_opens_with_the_key(conversas: CallerConversas, enc: str, alg: str) -> None:
    customer, truth = conversas.longest()
    conversas.crm.settings(conversas_enc=enc, conversas_alg=alg)

    header, raw = opened(conversas.history(customer)["messages"], conversas.key)

    assert list(header.items()) == [("enc", enc), ("alg", alg), ("kid", conversas.key["kid"])]
    assert raw == low_bytes(compact(truth))


def test_the_key_is_as_the_panel_shows_it(conversas: CallerConversas) -> None:
    assert list(conversas.key) == ["kty", "kid", "use", "alg", "e", "n", "d", "p", "q", "dp", "dq", "qi"]
    assert (conversas.key["kty"], conversas.key["use"], conversas.key["alg"], conversas.key["e"]) == (
        "RSA",
        "enc",
        "RSA-OAEP-256",
        "AQAB",
    )
    assert len(conversas.key["kid"]) == 43


def test_given_mixed_then_pages_differ(conversas: CallerConversas) -> None:
    customer, _ = conversas.longest()
    conversas.crm.settings(conversas_enc="mixed")

    found = [opened(conversas.history(customer)["messages"], conversas.key)[0]["enc"] for _ in range(6)]

    assert sorted(found) == sorted(ENCRYPTIONS)


def test_two_fetches_of_a_page_differ(conversas: CallerConversas) -> None:
    customer, _ = conversas.longest()

    assert conversas.history(customer)["messages"] != conversas.history(customer)["messages"]


@pytest.mark.parametrize(
    ("character", "left"),
    [
        ("•", '"'), ("™", '"'), ("\U0001f522", '="'), ("\u201c", "\x1c"), ("\u2013", "\x13"), ("…", "&"), ("€", "¬"),
        ("\u200b", "\x0b"), ("\u200d", "\x0d"), ("\ufe0f", "\x0f"), ("😀", "=\x00"), ("👍", "=M"), ("😊", "=\n"),
        ("Ŝ", "\\"), ("👜", "=\\"), ("ç", "ç"),
    ],
)  # fmt: skip
def test_the_cut_of_the_sheets_table(conversas: CallerConversas, character: str, left: str) -> None:
    customer = conversas.crm.conversas_create("customers")[0]["_id"]
    message = conversas.crm.conversas_add_messages(customer, content=f"a {character} b")[0]

    raw = conversas.raw(customer)

    assert message["cut"] == f"a {left} b"
    assert f'"content":"a {left} b"' in raw.decode("latin-1")


def test_the_invented_talk_is_full_of_damage(conversas: CallerConversas) -> None:
    contents = " ".join(message["content"] for message in conversas.crm.conversas_truth("messages"))

    assert {character for character in "•™\u201c\u2013…€\u200b😀👍Ŝ" if character not in contents} == set()


@pytest.mark.parametrize(
    ("settings", "decoded"),
    [
        pytest.param({"conversas_plaintext": "utf-8"}, json.loads, id="utf-8"),
        pytest.param({"conversas_malformed": "escaped"}, lambda raw: json.loads(raw.decode("latin-1")), id="escaped"),
        pytest.param(
            {"conversas_plaintext": "utf-8", "conversas_nested": True},
            lambda raw: json.loads(json.loads(raw)),
            id="nested",
        ),
        pytest.param({"conversas_plaintext": "utf-8", "conversas_spaced": True}, json.loads, id="spaced"),
    ],
)
def test_sound_plaintexts(
    conversas: CallerConversas, settings: dict[str, Any], decoded: Callable[[bytes], Any]
) -> None:
    customer, truth = conversas.longest()
    conversas.crm.settings(**settings)

    raw = conversas.raw(customer)

    assert decoded(raw) == [shown(message) for message in truth]
    assert (b'": "' in raw) == ("conversas_spaced" in settings)


@pytest.mark.parametrize("kind", ["truncated", "no_json"])
def test_given_damage_for_a_share_then_only_these_contacts_suffer(conversas: CallerConversas, kind: str) -> None:
    conversas.crm.settings(conversas_plaintext="utf-8", conversas_malformed=kind)
    spoiled = conversas.crm.conversas_ids("spoiled")
    talking = {message["customer_id"] for message in conversas.crm.conversas_truth("messages")}
    one, other = min(spoiled & talking), min(talking - spoiled)

    assert conversas.page(other) != []
    with pytest.raises(ValueError, match=r"JSON|Expecting|Unterminated|Invalid|decode"):
        conversas.page(one)


def test_given_a_rotated_key_then_some_pages_need_the_old_one(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_kid="share")
    keys, old = conversas.crm.conversas_keys(), conversas.crm.conversas_ids("old_key")
    customers = conversas.crm.conversas_ids("customers")

    for customer in [min(old), min(customers - old)]:
        wanted, other = (keys["old"], keys["current"]) if customer in old else (keys["current"], keys["old"])
        text = conversas.history(customer)["messages"]
        assert opened(text, wanted)[0]["kid"] == wanted["kid"]
        with pytest.raises(Exception, match="No recipient matched"):
            opened(text, other)
    assert 0 < len(old) < len(customers)
    assert keys["current"] == conversas.key
    assert keys["jwks"] == {"keys": [keys["current"], keys["old"]]}


@pytest.mark.parametrize("key", ["messages", "data", "payload", "encrypted", "result"])
def test_given_another_key_then_the_page_lies_there(conversas: CallerConversas, key: str) -> None:
    customer, truth = conversas.longest()
    conversas.crm.settings(conversas_history_envelope=key)

    body = conversas.history(customer)

    assert list(body) == [key]
    assert opened(body[key], conversas.key)[1] == low_bytes(compact(truth))


def test_given_no_envelope_or_no_encryption_then_the_body_is_the_page(conversas: CallerConversas) -> None:
    customer, truth = conversas.longest()
    conversas.crm.settings(conversas_history_envelope="body_string")
    text = conversas.history(customer)
    conversas.crm.settings(conversas_history_envelope="body_text")
    bare = conversas.get("v2/messages/history", customer_id=customer)
    conversas.crm.settings(conversas_history_envelope="plain")
    plain = conversas.history(customer)

    assert opened(text, conversas.key)[1] == low_bytes(compact(truth))
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
def test_the_variants_of_an_empty_page(conversas: CallerConversas, variant: str, body: object) -> None:
    customer, _ = conversas.longest()
    sealed = conversas.history(customer, page=99)["messages"]
    conversas.crm.settings(conversas_empty_page=variant)

    assert conversas.history(customer, page=99) == body
    assert opened(sealed, conversas.key)[1] == b"[]"
    assert isinstance(conversas.history(customer)["messages"], str)


def test_media_messages_are_url_encoded_json(conversas: CallerConversas) -> None:
    contents = [
        message["content"] for message in conversas.crm.conversas_truth("messages") if message["type"] == "document"
    ]

    described = [json.loads(unquote(content)) for content in contents]

    assert all({"file_name", "file_path", "file_extension", "mimetype"} <= media.keys() for media in described)
    assert any("message" in media for media in described)
