"""A token that does not expire, in the Authorization header of every request. Facts: docs/api/conversas.md#basics."""

from __future__ import annotations

import requests

from rdstation.redaction import mask

__all__ = ["BearerToken"]


class BearerToken(requests.auth.AuthBase):
    """Adds the header to a copy of the request, so that the one that the CDK holds and logs has none."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"
        mask(token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The copy; the request itself stays as it is."""
        authorized = request.copy()
        authorized.headers["Authorization"] = self._header
        return authorized
