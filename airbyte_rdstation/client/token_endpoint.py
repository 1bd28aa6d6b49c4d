"""What RD Station's token endpoint is asked, and what its answers mean: a renewal of tokens, a first pair for a code.

It answers refusals in several shapes, none of them documented for the CRM. Facts: docs/api/crm-v2.md#authorization.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import orjson
import requests
from airbyte_cdk.models import FailureType

from airbyte_rdstation.client.errors import (
    ConnectorError,
    config_error,
    never_sent,
    system_error,
    transient_error,
    unreachable,
)
from airbyte_rdstation.client.json_text import mended
from airbyte_rdstation.client.rate_limit import RateLimit, retry_after
from airbyte_rdstation.client.redaction import describe
from airbyte_rdstation.client.retry import Answer, Fail, Parsed, Retry, RetryPolicy, Verdict, send_until_final
from airbyte_rdstation.client.session import Session
from airbyte_rdstation.dates import format_instant

__all__ = ["REFRESH_TOKEN", "Application", "TokenRequest", "exchange", "lifetime_of"]

_PACE_OF_EXCHANGE: Final = 120  # requests a minute [doc]
_LIFETIME_SECONDS: Final = 7200.0  # where the answer names none [doc]
_LONGEST_LIFETIME_SECONDS: Final = 86_400.0  # more is no lifetime (a moment in milliseconds, say)
_KINDS: Final = ("error", "error_type")
_DESCRIPTIONS: Final = ("error_description", "error_message")
_AUTHORIZE_AGAIN: Final = (
    "Authorize the connection again (a refresh token works once, and dies after 14 days without use)."
)
_LOST: Final = (
    "The connection broke while the tokens were renewed (or the process was killed), and RD Station no longer accepts "
    f"the old refresh token. {_AUTHORIZE_AGAIN}"
)

_NO_TOKEN_ENDPOINT: Final = frozenset({301, 302, 303, 307, 308, 404, 405})
_WRONG_HOST: Final = (
    "What answers is not RD Station's token endpoint. Check the API base URL; leave it empty for RD Station itself."
)

_UNKNOWN_CLIENT: Final = (
    "RD Station does not know this client ID and client secret. Copy both again from the application in RD Station's "
    "App Store, and check that it was created for RD Station CRM."
)
_WORDS_OF_CLIENT: Final = ("client", "access denied", "credentials")


@dataclass(frozen=True)
class Grant:
    """What tokens are asked for with, and what the user is told where there are none."""

    words: tuple[str, ...]
    """A refusal with one of them says that the grant is dead."""
    dead: str
    refused: str
    """For a refusal that blames neither the grant nor the client."""
    rate_limited: str
    failing: str
    """For a 5xx."""


REFRESH_TOKEN: Final = Grant(
    words=("refresh token", "grant"),
    dead=f"RD Station no longer accepts the refresh token. {_AUTHORIZE_AGAIN}",
    refused="RD Station's token endpoint rejects the credentials. Check client ID and client secret (of an "
    f"application for RD Station CRM). {_AUTHORIZE_AGAIN}",
    rate_limited="RD Station's token endpoint does not answer properly at the moment.",
    failing="RD Station's token endpoint does not answer properly at the moment.",
)
_CODE: Final = Grant(
    words=("grant", "code", "redirect"),
    dead="RD Station does not accept the code: it lives for 5 minutes, works once, and only with the callback URL it "
    "was asked for with. Begin again.",
    refused="RD Station refuses to give tokens. Check client ID, client secret and callback URL.",
    rate_limited="RD Station's rate limit is used up (429). Wait a minute, then begin again.",
    failing="RD Station's token endpoint is out of order at the moment. Begin again later.",
)


class TokenRequest:
    """One request for tokens, tried as often as the policy allows.

    An attempt whose answer was lost may have rotated the token [guess], so the old one is tried again; if it is dead by
    then, the user has to authorize again, and the error says why.
    """

    def __init__(self, grant: Grant, retry_policy: RetryPolicy, *, answer_lost: bool = False) -> None:
        self._grant = grant
        self._retry_policy = retry_policy
        self.answer_lost = answer_lost

    def send(self, url: str, form: Mapping[str, Any], rate_limit: RateLimit) -> dict[str, Any]:
        """Return the answer: `{"access_token": "…", "refresh_token": "…", "expires_in": 7200}`, or only some of them.

        Raises a ConnectorError that says in a sentence why there is none.
        """
        timeout = self._retry_policy.timeout
        # Not the session that is to be authorized: all of its requests under way may be waiting for this one.
        with Session(rate_limit, requests_at_once=1) as session:
            return send_until_final(
                lambda: session.post(url, form, timeout=timeout), self._classify, self._retry_policy
            ).value

    def _classify(self, answer: Answer, tried: int) -> Verdict[dict[str, Any]]:
        """Decide what an answer of the token endpoint, or the failure to get one, means at try number `tried`."""
        if isinstance(answer, requests.RequestException):
            self.answer_lost = self.answer_lost or not never_sent(answer)
            error = _no_answer(answer)
            return self._again(error, tried) if error.failure_type == FailureType.transient_error else Fail(error)
        call = describe("POST", str(answer.url), answer.status_code)
        if answer.status_code in _NO_TOKEN_ENDPOINT:
            return Fail(config_error(_WRONG_HOST, call))
        if answer.status_code == requests.codes.too_many_requests:
            after = retry_after(answer, self._retry_policy.rate_limit_wait)
            return self._again(transient_error(self._grant.rate_limited, call), tried, after)
        if answer.status_code >= requests.codes.server_error:
            return self._again(transient_error(self._grant.failing, call), tried)
        body = _json_object(answer.content)
        if not answer.ok or _is_refusal(body or {}):
            return Fail(config_error(self._why_refused(body or {}), call))
        if body is None:
            self.answer_lost = True
            return self._again(config_error(_WRONG_HOST, call), tried)
        return Parsed(body, answer.headers)

    def _again(self, error: ConnectorError, tried: int, after: float | None = None) -> Retry | Fail:
        if tried >= self._retry_policy.tries:
            return Fail(error)
        return Retry(error, f"{error.internal_message}: try {tried} failed, trying again.", after)

    def _why_refused(self, body: Mapping[str, Any]) -> str:
        """Sort a refusal by its known shapes; the kind decides before the description."""
        if self.answer_lost:
            return _LOST
        for keys in (_KINDS, _DESCRIPTIONS):
            words = _words_of(body, keys)
            if any(word in words for word in self._grant.words):
                return self._grant.dead
            if any(word in words for word in _WORDS_OF_CLIENT):
                return _UNKNOWN_CLIENT
        return self._grant.refused


def _no_answer(error: requests.RequestException) -> ConnectorError:
    """Say why the token endpoint gave no answer: a transient error where it passes by itself."""
    sentence, passes = unreachable(error)
    kind = transient_error if passes else config_error
    return kind(f"The token endpoint of RD Station: {sentence}", f"POST /oauth2/token -> {type(error).__name__}")


@dataclass(frozen=True)
class Application:
    """An application for RD Station CRM, as its owner registered it."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


def exchange(application: Application, code: str, api_base_url: str) -> dict[str, str]:
    """Return the tokens for a code: `{"refresh_token": "…", "access_token": "…", "token_expiry_date": "…"}`.

    It is never tried twice: a second try would fail, and hide the first one's reason.
    Raises a ConnectorError that says in a sentence why there are none.
    """
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": application.redirect_uri,
        "code": code,
        "client_id": application.client_id,  # in the body, no Basic [doc]
        "client_secret": application.client_secret,
    }
    asked = datetime.now(timezone.utc)
    request = TokenRequest(_CODE, RetryPolicy(tries=1))
    return _credentials(request.send(f"{api_base_url}/oauth2/token", form, RateLimit(_PACE_OF_EXCHANGE)), asked)


def _credentials(answer: Mapping[str, Any], asked: datetime) -> dict[str, str]:
    access_token, refresh_token = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access_token, str) or not isinstance(refresh_token, str) or not access_token or not refresh_token:
        raise system_error("RD Station's token endpoint answers without an access token or without a refresh token.")
    expiry = format_instant(asked + timedelta(seconds=lifetime_of(answer.get("expires_in"))))
    return {"refresh_token": refresh_token, "access_token": access_token, "token_expiry_date": expiry}


def _is_refusal(body: Mapping[str, Any]) -> bool:
    """Tell whether an answer of success says that there are no tokens; a refresh token in it must not be lost."""
    return not any(body.get(name) for name in ("access_token", "refresh_token")) and bool(_words_of(body))


def _json_object(content: bytes) -> dict[str, Any] | None:
    """Return the body if it is a JSON object, else None."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        readable = mended(content)  # one odd byte must not cost a refresh token
        body = None if readable is None else orjson.loads(readable)
    return body if isinstance(body, dict) else None


def lifetime_of(expires_in: object) -> float:
    """Return the seconds that an access token lives, whatever the answer says or leaves out."""
    try:
        seconds = float(str(expires_in))
    except ValueError:
        return _LIFETIME_SECONDS
    return seconds if 0 < seconds <= _LONGEST_LIFETIME_SECONDS else _LIFETIME_SECONDS


def _words_of(body: Mapping[str, Any], keys: Iterable[str] = (*_KINDS, *_DESCRIPTIONS)) -> str:
    """Return the words of a refusal by the token endpoint in lower case, `invalid grant`: to be matched, not shown."""
    return " ".join(str(body[key]) for key in keys if body.get(key)).lower().replace("_", " ")
