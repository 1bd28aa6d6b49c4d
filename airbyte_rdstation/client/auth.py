"""Adds a token that does not expire to requests at the moment they are sent: as a header, or in the query string.

It is put into a copy of the request: one that is sent again must not carry it twice.
Facts: docs/api/conversas.md#basics; docs/api/crm-v1.md#basics.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

import requests

from airbyte_rdstation.client.redaction import mask

__all__ = ["BearerToken", "QueryToken"]


class BearerToken(requests.auth.AuthBase):
    """Adds `Authorization: Bearer …` to a copy of the request."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"
        mask(token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the copy; the request itself stays as it is."""
        authorized = request.copy()
        authorized.headers["Authorization"] = self._header
        return authorized


class QueryToken(requests.auth.AuthBase):
    """Adds `token=…` to a copy of the request."""

    def __init__(self, token: str) -> None:
        self._pair = f"token={quote(token, safe='')}"
        mask(token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Return the copy; the request itself stays as it is."""
        authorized = request.copy()
        parts = urlsplit(str(request.url))
        authorized.url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, self._pair)))))
        return authorized
