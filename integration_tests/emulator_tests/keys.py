"""Opening what Conversas encrypted."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

__all__ = ["opened"]


def opened(text: str, key: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
    """Header and plaintext of a compact JWE; raises when the key is not the right one."""
    head = text.partition(".")[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    jwe = importlib.import_module("jwcrypto.jwe").JWE()
    jwe.deserialize(text, _checked(*key.items()))
    return header, jwe.payload


@cache
def _checked(*key: tuple[str, str]) -> Any:
    """The key once its numbers are checked, which takes longer than to decrypt a page."""
    return importlib.import_module("jwcrypto.jwk").JWK(**dict(key))
