"""The pasted private key: what is forgiven, and the sentence for what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conversas_samples import TEST_JWK, TEST_KEY, another_jwk, encrypted

from airbyte_rdstation.client.errors import ConnectorError
from source_rdstation_conversas.history.private_keys import PrivateKeys

JWK = json.dumps(TEST_JWK)
PUBLIC = {name: TEST_JWK[name] for name in ("kty", "kid", "n", "e")}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in TEST_JWK.items() if name not in names}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(JWK, id="as-shown"),
        pytest.param(TEST_KEY, id="on-several-lines"),
        pytest.param(f"\ufeff  {JWK}\u200b\n", id="invisible-characters-around"),
        pytest.param(JWK.replace('"d": "', '"d": "\u200b\u2060'), id="invisible-characters-within"),
        pytest.param(JWK.replace(" ", "\u00a0"), id="no-break-spaces"),
        pytest.param(JWK.replace(TEST_JWK["n"], TEST_JWK["n"][:64] + "\r\n" + TEST_JWK["n"][64:]), id="wrapped-number"),
        pytest.param(JWK.replace('"', "“"), id="typographic-quotes"),
        pytest.param(f"'{JWK}'", id="shell-quotes"),
        pytest.param(json.dumps(JWK), id="quoted-json"),
        pytest.param(json.dumps(json.dumps(JWK)), id="twice-quoted-json"),
        pytest.param(json.dumps(JWK)[1:-1], id="cut-out-of-a-json-text"),
        pytest.param(json.dumps({"keys": [TEST_JWK]}), id="jwks"),
        pytest.param(json.dumps([TEST_JWK]), id="bare-list"),
        pytest.param(json.dumps({"keys": [another_jwk(), TEST_JWK]}), id="jwks-of-two"),
        pytest.param(json.dumps(without("p", "q", "dp", "dq", "qi")), id="without-primes"),
        pytest.param(json.dumps(without("dp", "dq", "qi", "alg", "use")), id="without-the-rest"),
        pytest.param(json.dumps({**TEST_JWK, "use": "sig", "key_ops": ["sign"], "ext": True}), id="odd-uses"),
        pytest.param(json.dumps({**TEST_JWK, "e": "AQAB=="}), id="padded"),
    ],
)
def test_a_key_that_was_merely_carried_badly_works(text: str) -> None:
    assert PrivateKeys.read(text).decrypt(encrypted(b"[]", kid=TEST_JWK["kid"])) == b"[]"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param(" \n\u200b", "is empty", id="blank"),
        pytest.param("minha chave", "no valid JSON", id="no-json"),
        pytest.param(JWK[:-40], "no valid JSON; part of it may be missing", id="cut-off"),
        pytest.param("[" * 100_000, "no valid JSON", id="nested-without-end"),
        pytest.param(" " * 300_000 + JWK, "longer than 262,144 characters", id="longer-than-any-key"),
        pytest.param(json.dumps({"keys": [TEST_JWK] * 51}), "holds 51 keys; 50 are the most", id="too-many-keys"),
        pytest.param(json.dumps({**TEST_JWK, "n": "_" * 20_000}), "is damaged", id="a-number-that-takes-hours"),
        pytest.param(json.dumps({**without("p", "q"), "d": "_" * 20_000}), "is damaged", id="an-exponent-likewise"),
        pytest.param("-----BEGIN PRIVATE KEY-----\nMIIE\n", "a PEM file where a JWK is expected", id="pem"),
        pytest.param("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII", "protected by a passphrase", id="pem-passphrase"),
        pytest.param(
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "protected by a passphrase", id="pem-old"
        ),
        pytest.param("Bearer eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln", "access_token", id="access-token"),
        pytest.param(encrypted(b"[]"), "an encrypted text", id="jwe"),
        pytest.param("3", "neither a JWK nor a JWKS", id="number"),
        pytest.param("null", "neither a JWK nor a JWKS", id="null"),
        pytest.param('"abc"', "no valid JSON", id="quoted-text"),
        pytest.param('{"keys": {}}', "neither a JWK nor a JWKS", id="keys-no-list"),
        pytest.param('{"keys": []}', "an empty list of keys", id="empty-jwks"),
        pytest.param("{}", "no kty", id="empty-object"),
        pytest.param('{"kty": "EC", "d": "AA"}', "not an RSA key", id="elliptic"),
        pytest.param('{"kty": ["RSA"], "d": "AA"}', "not an RSA key", id="kty-list"),
        pytest.param(json.dumps(PUBLIC), "public key only", id="public"),
        pytest.param(json.dumps({"ciphertext": "x", "protected": "y"}), "a passphrase", id="encrypted-jwk"),
        pytest.param(json.dumps(without("n")), "damaged", id="no-modulus"),
        pytest.param(json.dumps({**TEST_JWK, "n": TEST_JWK["n"][:-8]}), "damaged", id="short-modulus"),
        pytest.param(json.dumps({**TEST_JWK, "d": TEST_JWK["d"][:-8]}), "damaged", id="short-exponent"),
        pytest.param(json.dumps({**TEST_JWK, "p": TEST_JWK["q"]}), "damaged", id="one-prime-twice"),
        pytest.param(json.dumps({**TEST_JWK, "p": "AA"}), "damaged", id="prime-zero"),
        pytest.param(json.dumps({**without("p"), "d": "AQ"}), "damaged", id="other-exponent"),
        pytest.param(json.dumps({**TEST_JWK, "d": another_jwk()["d"]}), "damaged", id="two-keys-mixed"),
        pytest.param(json.dumps({**TEST_JWK, "e": 65537}), "damaged", id="exponent-as-number"),
        pytest.param(json.dumps({**TEST_JWK, "d": "***"}), "damaged", id="masked"),
        pytest.param(json.dumps({"keys": [TEST_JWK, PUBLIC]}), "number 2 of 2", id="jwks-with-a-public-key"),
    ],
)
def test_a_key_that_cannot_work_is_refused_with_advice_and_without_its_text(text: str, says: str) -> None:
    with pytest.raises(ConnectorError, match=says) as caught:
        PrivateKeys.read(text)

    shown = str(caught.value) + str(caught.value.internal_message)
    assert "private_key_jwk" in shown
    assert "Gerar Chave" in shown
    assert caught.value.failure_type is not None
    assert caught.value.failure_type.value == "config_error"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not any(part in shown for name, part in TEST_JWK.items() if name in {"n", "d", "p", "q", "kid"})
