"""The pasted `private_key_jwk` becomes RSA keys, or a sentence that says how to get it right. Quotes no key material.

Forgiving where a text was merely carried badly (line breaks, invisible characters, quotes around the whole): one JWK,
or a JWKS with several. Facts: docs/api/conversas.md#key-and-jwe.
"""

from __future__ import annotations

import binascii
import json
import re
import unicodedata
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa

from airbyte_rdstation.client.errors import ConnectorError, config_error
from source_rdstation_conversas.jwe.compact_jwe import looks_like_jwe

__all__ = ["RsaKey", "read_keys"]

_PROPERTY: Final = "The private key (private_key_jwk)"
_GET_IT: Final = (
    'Paste the whole JSON text {"kty":"RSA",…} that RD Station Conversas shows once after "Gerar Chave" '
    "(Apps e Integrações > API)."
)
_LOST: Final = (
    'If that text is lost, "Gerar Chave" makes a new key in its place; what was encrypted for the old one stays '
    "unreadable without it."
)
_LONGEST_TEXT: Final = 256 * 1024  # characters: a hundred keys of the kind that RD Station makes
_MOST_KEYS: Final = 50
_LONGEST_NUMBER: Final = 8192  # bits; RD Station's have 2048 [doc], and numbers of megabytes take hours
_MOST_QUOTED: Final = 3  # JSON in a JSON text, as configuration files and secret stores wrap it
_WORD_PROCESSING: Final = str.maketrans({"“": '"', "”": '"', "„": '"', "\u00a0": " "})
_TOKEN: Final = re.compile(r"(Bearer\s+)?[\w-]+\.[\w-]+\.[\w-]+")
_ESCAPED_QUOTES: Final = re.compile(r'\s*[\[{]\s*[\[{]?\s*\\+"')


@dataclass(frozen=True)
class RsaKey:
    """A private key and its name, as far as it has one."""

    kid: str | None
    secret: rsa.RSAPrivateKey = field(repr=False)


def read_keys(text: str) -> tuple[RsaKey, ...]:
    """The keys of a JWK or JWKS; a configuration error if there is none, or one that cannot decrypt."""
    found = _jwks(_json_in(text))
    if not found:
        raise _refused("holds an empty list of keys.", _GET_IT)
    if len(found) > _MOST_KEYS:
        raise _refused(f"holds {len(found)} keys; {_MOST_KEYS} are the most. Leave out the oldest.", _GET_IT)
    return tuple(
        _rsa_key(jwk, f"holds a key (number {number} of {len(found)}) that" if len(found) > 1 else "")
        for number, jwk in enumerate(found, 1)
    )


def _json_in(text: str) -> object:
    """The parsed JSON, freed of what copying adds."""
    if len(text) > _LONGEST_TEXT:
        raise _refused(f"is longer than {_LONGEST_TEXT:,} characters, which no key is.", _GET_IT)
    text = "".join(c for c in text.translate(_WORD_PROCESSING) if unicodedata.category(c) != "Cf").strip()
    _refuse_what_is_no_json(text)
    if text[0] == text[-1] == "'":  # a shell's quotes
        text = text[1:-1]
    if _ESCAPED_QUOTES.match(text):
        text = f'"{text}"'  # cut out of a JSON text, without its quotes
    value: object = text
    for _ in range(_MOST_QUOTED):
        try:
            value = json.loads(text, strict=False)  # not strict: a line break inside a number is harmless
        except (ValueError, RecursionError):
            raise _refused("is no valid JSON; part of it may be missing.", _GET_IT, _LOST) from None
        if not isinstance(value, str) or not value.strip():
            return value
        text = value.strip()
    return value


def _refuse_what_is_no_json(text: str) -> None:
    if not text:
        raise _refused("is empty.", _GET_IT)
    if "-----BEGIN" in text:
        if "ENCRYPTED" in text:
            raise _refused("is a PEM file protected by a passphrase where a JWK is expected.", _GET_IT)
        raise _refused("is a PEM file where a JWK is expected.", _GET_IT)
    if _TOKEN.fullmatch(text):
        raise _refused("looks like an access token; that one belongs into access_token.", _GET_IT)
    if looks_like_jwe(text):
        raise _refused("looks like an encrypted text (a JWE), not like a key.", _GET_IT)


def _jwks(value: object) -> list[Mapping[str, Any]]:
    keys = value.get("keys", [value]) if isinstance(value, dict) else value
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise _refused("is JSON, but neither a JWK nor a JWKS.", _GET_IT)
    return keys


def _rsa_key(jwk: Mapping[str, Any], which: str) -> RsaKey:
    if "ciphertext" in jwk:
        raise _refused(f"{which} is protected by a passphrase (a JWE).", _GET_IT)
    if not jwk.get("kty"):
        raise _refused(f"{which} has no kty, so it is no JWK.", _GET_IT)
    if jwk["kty"] != "RSA":
        raise _refused(f"{which} is not an RSA key.", _GET_IT)
    if not jwk.get("d"):
        raise _refused(f"{which} is a public key only (it has no d), which cannot decrypt.", _GET_IT, _LOST)
    kid = jwk.get("kid")
    try:
        return RsaKey(str(kid).strip() if kid else None, _private_key(jwk))
    except (ValueError, TypeError, ArithmeticError):
        raise _refused(
            f"{which} is damaged: its numbers are incomplete or do not fit together.", _GET_IT, _LOST
        ) from None


def _private_key(jwk: Mapping[str, Any]) -> rsa.RSAPrivateKey:
    n, e, d = (_number(jwk.get(name)) for name in ("n", "e", "d"))
    if jwk.get("p") and jwk.get("q"):
        p, q = _number(jwk["p"]), _number(jwk["q"])
    else:
        p, q = rsa.rsa_recover_prime_factors(n, e, d)  # RFC 7518 lets a JWK leave them out
    # The three others follow from these, so that it does not matter whether the text has them.
    dp, dq, qi = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, rsa.RSAPublicNumbers(e, n)).private_key()


def _number(value: object) -> int:
    """A base64url number; a line that was wrapped, and the other base64 alphabet, are harmless."""
    if not isinstance(value, str):
        raise ValueError("no text")
    digits = "".join(value.split()).rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", digits):
        raise ValueError("no base64url")
    try:
        number = int.from_bytes(urlsafe_b64decode(digits + "=" * (-len(digits) % 4)), "big")
    except binascii.Error:
        raise ValueError("no base64url") from None
    if number.bit_length() > _LONGEST_NUMBER:
        raise ValueError("too large")
    return number


def _refused(fault: str, *advice: str) -> ConnectorError:
    return config_error(" ".join((_PROPERTY, fault.strip(), *advice)))
