"""Opening what the desk encrypted."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["opened"]


def opened(text: str, key: Mapping[str, str]) -> tuple[dict[str, Any], bytes]:
    """Header and plaintext of a compact JWE; raises when the key is not the right one."""
    head = text.partition(".")[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    jwe = importlib.import_module("jwcrypto.jwe").JWE()
    jwe.deserialize(text, importlib.import_module("jwcrypto.jwk").JWK(**key))
    return header, jwe.payload
