"""Takes private keys and compact JWE, gives plaintext bytes; no other module of the connectors imports jwcrypto.

Reads what RD Station can be expected to write and refuses everything else, but mends what copying and pasting does to
`private_key_jwk` (line breaks, invisible characters, quotes around the whole). No text, error or repr holds a key or
plaintext. Facts: docs/api/conversas.md#key-and-jwe and #staged-decoding; RFC 7516, RFC 7518.
"""

from __future__ import annotations

import json
import re
import threading
import unicodedata
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from airbyte_rdstation.client.errors import ConnectorError, config_error
from source_rdstation_conversas.envelopes import CONTENT_ENCRYPTIONS, jwe_header, looks_like_jwe

__all__ = ["LONGEST_JWE", "PrivateKeys", "UndecryptableError"]

_NamedKey: TypeAlias = "tuple[str | None, JWK]"
"""A private key and its `kid`, as far as it has one."""

LONGEST_JWE: Final = 32 * 1024 * 1024
"""Characters. A page holds at most 100 messages: this leaves each some 240 KB, and memory bounded."""

_KEY_ENCRYPTIONS: Final = ("RSA-OAEP-256", "RSA-OAEP")
_REFUSED_HEADERS: Final = ("crit", "zip")
"""`crit` demands what we do not know; `zip` could make a page of any size, and RD Station does not compress."""

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


class UndecryptableError(Exception):
    """Says why a page stays ciphertext, and the name of the key that it asks for. Holds no secret."""

    def __init__(self, reason: str, kid: str | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kid = kid


class PrivateKeys:
    """Decrypts with the account's keys, old ones included, so that a rotated key does not lose the old history."""

    def __init__(self, keys: Sequence[_NamedKey]) -> None:
        self._keys = keys

    @classmethod
    def read(cls, text: str) -> PrivateKeys:
        """Read a JWK, `{"kty": "RSA", "n": "…", "e": "AQAB", "d": "…", …}`, or a JWKS, `{"keys": [{…}, …]}`.

        Raises a config error that says how to get the text right where it holds no key, or one that cannot decrypt.
        """
        found = _jwks(_json_in(text))
        if not found:
            raise _refused("holds an empty list of keys.", _GET_IT)
        if len(found) > _MOST_KEYS:
            raise _refused(f"holds {len(found)} keys; {_MOST_KEYS} are the most. Leave out the oldest.", _GET_IT)
        several = len(found) > 1
        return cls(
            [
                _named_key(jwk, f"holds a key (number {number} of {len(found)}) that" if several else "")
                for number, jwk in enumerate(found, 1)
            ]
        )

    def decrypt(self, jwe_text: str) -> bytes:
        """Return the plaintext of `header.key.iv.ciphertext.tag`.

        Raises UndecryptableError where these keys or this code cannot give it.
        """
        if len(jwe_text) > LONGEST_JWE:
            raise UndecryptableError(f"it is longer than {LONGEST_JWE} characters", None)
        jwe_text = jwe_text.strip()
        if not looks_like_jwe(jwe_text):
            raise UndecryptableError("it is no compact JWE", None)
        kid = _acceptable_kid(jwe_text)
        # A key without a name may be the one; one with another name is not.
        candidates = [key for name, key in self._keys if kid is None or name is None or name == kid]
        if not candidates:
            raise UndecryptableError("it was encrypted for another key", kid)
        for key in candidates:
            plaintext = _decrypted(jwe_text, key)
            if plaintext is not None:
                return plaintext
        raise UndecryptableError("the key does not fit, or the text is damaged", kid)

    def __repr__(self) -> str:
        return f"PrivateKeys({len(self._keys)} keys)"


# A new JWE copies the library's registry of headers, which takes longer than to decrypt a page.
_of_thread = threading.local()


def _acceptable_kid(jwe_text: str) -> str | None:
    """Return the header's `kid`. Raises UndecryptableError where the header asks for something that is refused."""
    header = jwe_header(jwe_text)
    kid = header.get("kid") if isinstance(header.get("kid"), str) else None
    if not header:
        raise UndecryptableError("its header cannot be read", None)
    if header.get("alg") not in _KEY_ENCRYPTIONS:
        raise UndecryptableError(f"its alg is none of {', '.join(_KEY_ENCRYPTIONS)}", kid)
    if header.get("enc") not in CONTENT_ENCRYPTIONS:
        raise UndecryptableError(f"its enc is none of {', '.join(CONTENT_ENCRYPTIONS)}", kid)
    for name in _REFUSED_HEADERS:
        if name in header:
            raise UndecryptableError(f"its header has {name}, which is refused", kid)
    return kid or None


def _decrypted(jwe_text: str, key: JWK) -> bytes | None:
    """Return the plaintext; None where this key does not open it."""
    if not hasattr(_of_thread, "jwe"):
        _of_thread.jwe = JWE(algs=[*_KEY_ENCRYPTIONS, *CONTENT_ENCRYPTIONS])
    jwe = _of_thread.jwe  # `deserialize` forgets whatever it held
    try:
        jwe.deserialize(jwe_text)
        jwe.decrypt(key)
    except (JWException, ValueError, RecursionError):
        # jwcrypto takes an empty plaintext for a failure; it has authenticated it nevertheless.
        return b"" if jwe.plaintext == b"" else None
    plaintext: bytes = jwe.plaintext
    return plaintext


def _json_in(text: str) -> object:
    """Parse the JSON, after removing what copying adds."""
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


def _named_key(jwk: Mapping[str, Any], which: str) -> _NamedKey:
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
        return str(kid).strip() if kid else None, JWK.from_pyca(_private_key(jwk))
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
    """Decode a base64url number; a line that was wrapped, and the other base64 alphabet, are harmless."""
    if not isinstance(value, str):
        raise ValueError("no text")
    digits = "".join(value.split()).rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", digits):
        raise ValueError("no base64url")
    number = int.from_bytes(urlsafe_b64decode(digits + "=" * (-len(digits) % 4)), "big")
    if number.bit_length() > _LONGEST_NUMBER:
        raise ValueError("too large")
    return number


def _refused(fault: str, *advice: str) -> ConnectorError:
    return config_error(" ".join((_PROPERTY, fault.strip(), *advice)))
