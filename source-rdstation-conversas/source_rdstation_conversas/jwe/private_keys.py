"""Compact JWE and private keys in, plaintext bytes out; no other module of the connectors imports jwcrypto.

Reads what RD Station can be expected to write and refuses everything else. No text, error or repr holds key material
or plaintext. Facts: docs/api/conversas.md#key-and-jwe and #staged-decoding; RFC 7516, RFC 7518.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from source_rdstation_conversas.jwe.compact_jwe import CONTENT_ENCRYPTIONS, jwe_header, looks_like_jwe
from source_rdstation_conversas.jwe.key_text import RsaKey, read_keys

__all__ = ["LONGEST_JWE", "PrivateKeys", "UndecryptableError"]

LONGEST_JWE: Final = 32 * 1024 * 1024
"""Characters. A page holds at most 100 messages: this leaves each some 240 KB, and memory bounded."""

_KEY_ENCRYPTIONS: Final = ("RSA-OAEP-256", "RSA-OAEP")
_REFUSED_HEADERS: Final = ("crit", "zip")
"""`crit` demands what we do not know; `zip` could make a page of any size, and RD Station does not compress."""


class UndecryptableError(Exception):
    """A page that stays ciphertext, with the name of the key it asks for. Its text holds no secret."""

    def __init__(self, reason: str, kid: str | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kid = kid


class PrivateKeys:
    """The account's keys, old ones included, so that a rotated key does not lose the old history."""

    def __init__(self, keys: Sequence[RsaKey]) -> None:
        self._keys = [(key.kid, JWK.from_pyca(key.secret)) for key in keys]

    @classmethod
    def read(cls, text: str) -> PrivateKeys:
        """The keys of `private_key_jwk`, a JWK or JWKS as text; a configuration error says how to get it right."""
        return cls(read_keys(text))

    def decrypt(self, jwe_text: str) -> bytes:
        """The plaintext of a compact JWE; UndecryptableError if these keys or this code cannot give it."""
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
    """The header's `kid`, once the header is found to ask for nothing that is refused."""
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
    """None where this key does not open it."""
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
