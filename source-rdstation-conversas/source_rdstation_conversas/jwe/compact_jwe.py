"""What can be told about a compact JWE without any key: whether a text is one, and what its header says. Pure.

`header.encrypted key.IV.ciphertext.tag`, each part base64url (RFC 7516, section 3.1).
Facts: docs/api/conversas.md#message-history.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["CONTENT_ENCRYPTIONS", "holds_empty_list", "jwe_header", "looks_like_jwe"]

CONTENT_ENCRYPTIONS: Final = ("A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512")
"""The `enc` we read: nobody recorded which one RD Station uses, the vendor's library offers these."""

_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
_AES_BLOCK: Final = 16  # bytes; CBC pads `[]` to one block
_CIPHERTEXT: Final = 3  # which of the five parts


def looks_like_jwe(text: object) -> bool:
    """Whether it is a text of five base64url parts; white space around it does not count."""
    return isinstance(text, str) and _COMPACT.fullmatch(text.strip()) is not None


def jwe_header(text: str) -> Mapping[str, Any]:
    """The header, which anybody can read; empty if it cannot be read."""
    try:
        header = json.loads(_decoded(text.strip().partition(".")[0]))
    except (ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def holds_empty_list(text: str) -> bool:
    """Whether the page must be `[]`, told by its length alone: the end of a read that has no key.

    No message fits into less than a block, so other empty values (`null`, `""`, a nested `"[]"`) are the end as well.
    """
    enc = jwe_header(text).get("enc")
    if not looks_like_jwe(text) or enc not in CONTENT_ENCRYPTIONS:
        return False
    try:
        length = len(_decoded(text.strip().split(".")[_CIPHERTEXT]))
    except ValueError:
        return False
    return length <= _AES_BLOCK if "CBC" in enc else length < _AES_BLOCK


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise ValueError("no base64url") from None
