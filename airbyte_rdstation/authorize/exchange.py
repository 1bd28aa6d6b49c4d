"""Exchanges the code for the first pair of tokens, once. Facts: docs/api/crm-v2.md#authorization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import requests
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from airbyte_rdstation.client.errors import ConnectorError, config_error, system_error, transient_error
from airbyte_rdstation.client.oauth import (
    NO_TOKEN_ENDPOINT,
    UNKNOWN_CLIENT,
    WRONG_HOST,
    json_object,
    lifetime_of,
    no_answer,
    words_of,
)
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.redaction import describe
from airbyte_rdstation.client.retry import Answer, Fail, Parsed, RetryPolicy, send_until_final
from airbyte_rdstation.client.session import Session
from airbyte_rdstation.dates import format_instant

__all__ = ["Application", "Tokens", "exchange"]

_PACE: Final = 120  # requests a minute [doc]
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
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
        """Return `{"refresh_token": "…", "access_token": "…", "token_expiry_date": "…"}`, as connectors take them."""
        return {
            "refresh_token": self.refresh_token,
            "access_token": self.access_token,
            "token_expiry_date": format_instant(self.expiry),
        }


def exchange(application: Application, code: str, api_base_url: str) -> Tokens:
    """Return the tokens for a code. It is never tried twice: a second try would fail, and hide the first one's reason.

    Raises a ConnectorError that says in a sentence why there are none.
    """
    form = prepare_token_request(
        "authorization_code",
        redirect_uri=application.redirect_uri,
        code=code,
        client_id=application.client_id,  # in the body, no Basic [doc]
        client_secret=application.client_secret,
    )
    url, policy = f"{api_base_url}/oauth2/token", RetryPolicy(tries=1)
    asked = datetime.now(timezone.utc)
    with Session(RateLimit(_PACE), num_workers=1) as session:
        answer = send_until_final(
            lambda: session.post(url, form, headers=_FORM, timeout=policy.timeout), _classify, policy
        )
    return _tokens(answer.value, asked)


def _classify(answer: Answer, _tried: int) -> Parsed[dict[str, Any]] | Fail:
    """Tell the body of an answer that may carry tokens from the errors of the known shapes."""
    if isinstance(answer, requests.RequestException):
        return Fail(no_answer(answer))
    call = describe("POST", str(answer.url), answer.status_code)
    if answer.status_code in NO_TOKEN_ENDPOINT:
        return Fail(config_error(WRONG_HOST, call))
    if answer.status_code == requests.codes.too_many_requests:
        return Fail(transient_error("RD Station's rate limit is used up (429). Wait a minute, then begin again.", call))
    if answer.status_code >= requests.codes.server_error:
        sentence = "RD Station's token endpoint is out of order at the moment. Begin again later."
        return Fail(transient_error(sentence, call))
    body = json_object(answer.content)
    if not answer.ok or (body is not None and not body.get("access_token") and words_of(body)):
        return Fail(_rejected(body or {}, call))
    return Fail(config_error(WRONG_HOST, call)) if body is None else Parsed(body, answer.headers)


def _tokens(answer: Mapping[str, Any], asked: datetime) -> Tokens:
    access_token, refresh_token = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access_token, str) or not isinstance(refresh_token, str) or not access_token or not refresh_token:
        raise system_error("RD Station's token endpoint answers without an access token or without a refresh token.")
    return Tokens(access_token, refresh_token, asked + timedelta(seconds=lifetime_of(answer.get("expires_in"))))


def _rejected(body: Mapping[str, Any], call: str) -> ConnectorError:
    """Sort a refusal by its known shapes; the kind decides before the description."""
    for keys in (("error", "error_type"), ("error_description", "error_message")):
        words = words_of(body, keys)
        if "grant" in words or "code" in words or "redirect" in words:
            return config_error(_DEAD_CODE, call)
        if any(hint in words for hint in ("client", "access denied", "credentials")):
            return config_error(UNKNOWN_CLIENT, call)
    return config_error("RD Station refuses to give tokens. Check client ID, client secret and redirect URI.", call)
