"""The consent page (crm-v2.md#authorization).

A user who agrees or refuses at once, and the redirect that tells the application.
"""

from __future__ import annotations

from urllib.parse import urlencode

from ..exchange import HTML, Answer, Call
from ..settings import Settings
from .oauth import TokenService

__all__ = ["ConsentPage"]


class ConsentPage:
    """`GET /oauth/authorize`, which is on a host of its own in reality."""

    def __init__(self, tokens: TokenService, settings: Settings) -> None:
        self._tokens = tokens
        self._settings = settings

    def answer(self, call: Call) -> Answer:
        """A redirect to the application's own address; a page for people where the request names no application."""
        query = call.query()
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != self._tokens.client_id or not redirect_uri.startswith("https://"):
            return Answer(400, b"<html><body><h1>Unknown application</h1></body></html>", content_type=HTML)
        if query.get("response_type") != "code":
            told = {"error": "unsupported_response_type"}
        elif self._settings.consent == "refused":
            told = {"error": "access_denied"}
        else:
            told = {"code": self._tokens.issue_code(redirect_uri)}
        # Whether the state comes back is not documented; OAuth 2 wants it.
        if "state" in query and self._settings.consent_state:
            told["state"] = query["state"]
        return Answer(302, headers={"Location": f"{redirect_uri}?{urlencode(told)}"})
