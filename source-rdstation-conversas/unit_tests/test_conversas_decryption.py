"""Compact JWE: published vectors, what is refused, and which key opens what."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conversas_samples import TEST_JWK, TEST_KEY, VECTORS, another_jwk, encrypted, opened
from jwcrypto.common import base64url_encode

from source_rdstation_conversas.envelopes import (
    CONTENT_ENCRYPTIONS,
    holds_empty_list,
    jwe_header,
    looks_like_jwe,
)
from source_rdstation_conversas.history import private_keys
from source_rdstation_conversas.history.private_keys import PrivateKeys, UndecryptableError

RFC = json.loads((VECTORS / "rfc.json").read_text(encoding="utf-8"))
PAGE = b'[{"content": "Segredo"}]'
KID = TEST_JWK["kid"]


def reason(text: str, keys: str = TEST_KEY) -> UndecryptableError:
    with pytest.raises(UndecryptableError) as caught:
        opened(keys).decrypt(text)
    return caught.value


@pytest.mark.parametrize("vector", RFC["readable"], ids=lambda vector: vector["source"])
def test_a_published_vector_is_decrypted(vector: dict[str, Any]) -> None:
    keys = opened(json.dumps(vector["key"]))

    assert keys.decrypt(vector["jwe"]).decode() == vector["plaintext"]


@pytest.mark.parametrize("vector", RFC["refused"], ids=lambda vector: vector["source"])
def test_a_published_vector_of_another_kind_is_refused(vector: dict[str, Any]) -> None:
    assert vector["reason"] in reason(vector["jwe"]).reason


@pytest.mark.parametrize("alg", ["RSA-OAEP", "RSA-OAEP-256"])
@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
@pytest.mark.parametrize("plaintext", [b"", b"[]", PAGE, bytes(range(256))], ids=["empty", "list", "page", "bytes"])
def test_what_is_encrypted_comes_back(alg: str, enc: str, plaintext: bytes) -> None:
    assert opened().decrypt(encrypted(plaintext, alg=alg, enc=enc, kid=KID)) == plaintext


@pytest.mark.parametrize(
    ("header", "says"),
    [
        pytest.param({"zip": "DEF"}, "zip", id="zip"),
        pytest.param({"zip": None}, "zip", id="zip-null"),
        pytest.param({"crit": ["exp"], "exp": 1}, "crit", id="crit"),
        pytest.param({"crit": []}, "crit", id="crit-empty"),
        pytest.param({"alg": "dir"}, "its alg", id="dir"),
        pytest.param({"alg": "none"}, "its alg", id="none"),
        pytest.param({"alg": ["RSA-OAEP"]}, "its alg", id="alg-list"),
        pytest.param({"alg": None}, "its alg", id="no-alg"),
        pytest.param({"enc": "A128CBC"}, "its enc", id="other-enc"),
        pytest.param({"enc": {}}, "its enc", id="enc-object"),
    ],
)
def test_a_header_that_asks_for_more_is_refused_before_anything_is_decrypted(
    header: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_keys, "JWE", None)
    parts = encrypted(PAGE, kid=KID).split(".")
    parts[0] = _base64url(json.dumps({"alg": "RSA-OAEP-256", "enc": "A128GCM", "kid": KID, **header}))

    error = reason(".".join(parts))

    assert says in error.reason
    assert error.kid == KID


@pytest.mark.parametrize("part", range(5))
def test_a_changed_part_is_noticed(part: int) -> None:
    parts = encrypted(PAGE, kid=KID, enc="A256GCM").split(".")
    parts[part] = ("B" if parts[part][0] != "B" else "C") + parts[part][1:]

    reason(".".join(parts))


@pytest.mark.parametrize("enc", ["A128GCM", "A128CBC-HS256"])
def test_a_shortened_tag_is_refused(enc: str) -> None:
    parts = encrypted(PAGE, kid=KID, enc=enc).split(".")
    parts[4] = parts[4][:8]

    assert "damaged" in reason(".".join(parts)).reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "....",
        "a.b.c.d",
        "a.b.c.d.e",
        "a.b.c.d.e.f",
        "a b.c.d.e.f",
        "é.b.c.d.e",
        '{"ciphertext": ""}',
        "W10.a.a.a.a",
    ],
)
def test_what_is_no_jwe_is_undecryptable(text: str) -> None:
    assert reason(text).kid is None


def test_a_header_nested_without_end_is_undecryptable() -> None:
    assert "header" in reason(_base64url("[" * 100_000) + ".a.a.a.a").reason


def test_a_jwe_of_absurd_length_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_keys, "LONGEST_JWE", 100)

    assert "longer" in reason(encrypted(PAGE)).reason


@pytest.mark.parametrize(
    ("names", "kid"),
    [
        pytest.param(("old", "new"), "old", id="chosen-by-kid"),
        pytest.param(("old", "new"), None, id="header-without-kid"),
        pytest.param((None, "new"), "old", id="key-without-kid"),
        pytest.param((None, None), "old", id="keys-without-kid"),
        pytest.param(("same", "same"), "same", id="one-kid-twice"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_right_key_of_several_is_found(names: tuple[str | None, str | None], kid: str | None, turned: bool) -> None:
    mine, other = {**TEST_JWK, "kid": names[0]}, {**another_jwk(), "kid": names[1]}
    keys = PrivateKeys.read(json.dumps({"keys": [other, mine] if turned else [mine, other]}))

    assert keys.decrypt(encrypted(PAGE, kid=kid)) == PAGE


def test_a_page_for_another_key_names_that_key() -> None:
    error = reason(encrypted(PAGE, kid="rotated"))

    assert (error.kid, error.reason) == ("rotated", "it was encrypted for another key")


def test_a_page_that_no_key_opens_says_so() -> None:
    assert "does not fit" in reason(encrypted(PAGE, jwk=another_jwk(), kid=KID)).reason


def test_neither_errors_nor_reprs_show_a_secret() -> None:
    keys = opened()
    error = reason(encrypted(PAGE, jwk=another_jwk(), kid=KID))

    shown = repr(keys) + str(vars(error)) + repr(error) + str(error)

    assert error.__cause__ is None
    assert not any(part in shown for name, part in TEST_JWK.items() if name in {"n", "d", "p", "q", "dp", "dq", "qi"})


@pytest.mark.parametrize("enc", CONTENT_ENCRYPTIONS)
def test_the_end_of_a_walk_is_seen_without_the_key(enc: str) -> None:
    assert holds_empty_list(encrypted(b"[]", enc=enc))
    assert not holds_empty_list(encrypted(b'[{"content":"a"}]', enc=enc))


@pytest.mark.parametrize("text", ["", "a.b.c.d.e", "W10.a.a.a.a", "e30.a.a.AA.a", "eyJlbmMiOlsxXX0.a.a.AA.a"])
def test_what_cannot_be_told_is_not_the_end(text: str) -> None:
    assert not holds_empty_list(text)


def test_a_header_can_be_read_by_anybody() -> None:
    assert jwe_header(encrypted(PAGE, kid="k")) == {"enc": "A128CBC-HS256", "alg": "RSA-OAEP-256", "kid": "k"}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("a.b.c.d.e", True), (" a..b.c.d\n", True), ("a.b.c", False), ("a.b.c.d.e.f", False), ("a+.b.c.d.e", False)],
)
def test_five_parts_look_like_a_jwe(text: str, is_one: bool) -> None:
    assert looks_like_jwe(text) is is_one
    assert not looks_like_jwe([text])


def _base64url(text: str) -> str:
    encoded: str = base64url_encode(text)
    return encoded
