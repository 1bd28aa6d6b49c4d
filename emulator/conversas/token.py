"""The pasted token: an HS256 JWT with employee, company and `iat`, without an end [seen] (conversas.md#basics)."""

from __future__ import annotations

import base64
import hashlib
import hmac

import orjson

from ..rng import invented_id

__all__ = ["static_token"]

ISSUED_AT = 1_704_067_200  # 2024-01-01


def static_token(seed: int) -> str:
    """The one token of the account with that seed."""
    claims = {"employee": invented_id(str(seed), "token's employee"), "company": invented_id(str(seed), "company")}
    parts = [_encoded(orjson.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, {**claims, "iat": ISSUED_AT})]
    signed = ".".join(parts)
    return f"{signed}.{_encoded(hmac.digest(f'secret of {seed}'.encode(), signed.encode(), hashlib.sha256))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
