"""The token of API v1, which travels in the query string of every request. Facts: docs/api/crm-v1.md#basics.

An address with a token in it must never be seen: the token is put into a copy of the request at the moment it is sent,
so that the request that the CDK holds, retries and logs has none.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

import requests

from rdstation.redaction import mask

__all__ = ["QueryToken"]


class QueryToken(requests.auth.AuthBase):
    """Adds `token=…` to a copy of the request."""

    def __init__(self, token: str) -> None:
        self._pair = f"token={quote(token, safe='')}"
        mask(token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The copy; the request itself stays as it is."""
        authorized = request.copy()
        parts = urlsplit(str(request.url))
        authorized.url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, self._pair)))))
        return authorized
