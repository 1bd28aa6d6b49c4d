"""The code becomes the first pair of tokens, once. Facts: docs/api/crm-v2.md#authorization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import requests
from authlib.integrations.requests_client import OAuth2Session

from airbyte_rdstation.client.errors import ConnectorError, config_error, system_error, transient_error, unreachable
from airbyte_rdstation.client.oauth import NO_TOKEN_ENDPOINT, UNKNOWN_CLIENT, WRONG_HOST, json_object, lifetime_of
from airbyte_rdstation.client.redaction import describe
from airbyte_rdstation.client.retry import REQUEST_TIMEOUT_SECONDS
from airbyte_rdstation.dates import format_instant

__all__ = ["Application", "Tokens", "exchange"]

_DEAD_CODE: Final = (
    "RD Station does not accept the code: it lives for 5 minutes, works once, and only with the redirect URI it was "
    "asked for with. Begin again."
)


@dataclass(frozen=True)
class Application:
    """An application for RD Station CRM, as its owner registered it."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True)
class Tokens:
    """A pair of tokens."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expiry: datetime

    def as_credentials(self) -> dict[str, str]:
        """The properties of `credentials` that all connectors share."""
        return {
            "refresh_token": self.refresh_token,
            "access_token": self.access_token,
            "token_expiry_date": format_instant(self.expiry),
        }


def exchange(application: Application, code: str, api_base_url: str) -> Tokens:
    """The tokens for a code. A ConnectorError says in a sentence why there are none; it is never tried twice.

    A second try with the same code would fail whatever the first one did, and hide its reason.
    """
    session = OAuth2Session(
        application.client_id,
        application.client_secret,
        token_endpoint_auth_method="client_secret_post",  # noqa: S106 - a method's name: in the body, no Basic [doc]
        redirect_uri=application.redirect_uri,
    )
    # authlib's own reading of an answer quotes some errors, misses others, and trips over an odd lifetime.
    session.parse_response_token = _accepted
    asked = datetime.now(timezone.utc)
    try:
        with session:
            answer = session.fetch_token(
                f"{api_base_url}/oauth2/token",
                grant_type="authorization_code",
                code=code,
                timeout=REQUEST_TIMEOUT_SECONDS,
                allow_redirects=False,  # the secret goes to no other host
            )
    except requests.RequestException as error:
        sentence, passes = unreachable(error)
        kind = transient_error if passes else config_error
        raise kind(f"The token endpoint of RD Station: {sentence}") from None
    return _tokens(answer, asked)


def _accepted(response: requests.Response) -> dict[str, Any]:
    """The body of an answer that may carry tokens; the errors of the known shapes are raised."""
    call = describe("POST", response.url, response.status_code)
    if response.status_code in NO_TOKEN_ENDPOINT:
        raise config_error(WRONG_HOST, call)
    if response.status_code == requests.codes.too_many_requests:
        raise transient_error("RD Station's rate limit is used up (429). Wait a minute, then begin again.", call)
    if response.status_code >= requests.codes.server_error:
        raise transient_error("RD Station's token endpoint is out of order at the moment. Begin again later.", call)
    body = json_object(response.content)
    if not response.ok or (body is not None and not body.get("access_token") and _words(body)):
        raise _rejected(body or {}, call)
    if body is None:
        raise config_error(WRONG_HOST, call)
    return body


def _tokens(answer: Mapping[str, Any], asked: datetime) -> Tokens:
    access_token, refresh_token = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access_token, str) or not isinstance(refresh_token, str) or not access_token or not refresh_token:
        raise system_error("RD Station's token endpoint answers without an access token or without a refresh token.")
    return Tokens(access_token, refresh_token, asked + timedelta(seconds=lifetime_of(answer.get("expires_in"))))


def _rejected(body: Mapping[str, Any], call: str) -> ConnectorError:
    """The error in its known shapes; the words are matched, not shown. The kind decides before the description."""
    for keys in (("error", "error_type"), ("error_description", "error_message")):
        words = _words(body, keys)
        if "grant" in words or "code" in words or "redirect" in words:
            return config_error(_DEAD_CODE, call)
        if any(hint in words for hint in ("client", "access denied", "credentials")):
            return config_error(UNKNOWN_CLIENT, call)
    return config_error("RD Station refuses to give tokens. Check client ID, client secret and redirect URI.", call)


def _words(
    body: Mapping[str, Any], keys: tuple[str, ...] = ("error", "error_type", "error_description", "error_message")
) -> str:
    return " ".join(str(body[key]) for key in keys if body.get(key)).lower().replace("_", " ")
