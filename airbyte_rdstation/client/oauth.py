"""The sole owner of the token pair: refresh, rotation, publication.

Every refresh returns a new refresh token and kills the old one at once [doc]; losing one locks the user out. So there
is one owner in a process, it refreshes under a lock, and it hands the new pair to the platform (a CONTROL message on
stdout) before anybody can send a request with it. Facts: docs/api/crm-v2.md#authorization.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from copy import deepcopy
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

import orjson
import requests
from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.requests_native_auth import SingleUseRefreshTokenOauth2Authenticator
from airbyte_cdk.utils.datetime_helpers import AirbyteDateTime, ab_datetime_now, ab_datetime_parse

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
from airbyte_rdstation.client.redaction import describe, mask
from airbyte_rdstation.client.retry import Answer, Fail, Parsed, Retry, RetryPolicy, Verdict, send_until_final
from airbyte_rdstation.client.session import Session
from airbyte_rdstation.config import CommonSettings, tidied
from airbyte_rdstation.dates import format_instant

__all__ = [
    "NO_TOKEN_ENDPOINT",
    "UNKNOWN_CLIENT",
    "WRONG_HOST",
    "TokenOwner",
    "authorized_session",
    "json_object",
    "lifetime_of",
    "no_answer",
    "words_of",
]

_LEEWAY: Final = timedelta(minutes=5)  # renew when less than this is left [doc]; never more than half of a token's life
_LIFETIME_SECONDS: Final = 7200.0  # where the answer names none [doc]
_LONGEST_LIFETIME_SECONDS: Final = 86_400.0  # more is no lifetime (a moment in milliseconds, say)
_SECRETS: Final = ("client_secret", "refresh_token", "access_token")
_KEYS_OF_REFUSALS: Final = ("error", "error_type", "error_description", "error_message")
_AUTHORIZE_AGAIN: Final = (
    "Authorize the connection again (a refresh token works once, and dies after 14 days without use)."
)

NO_TOKEN_ENDPOINT: Final = frozenset({301, 302, 303, 307, 308, 404, 405})
WRONG_HOST: Final = (
    "What answers is not RD Station's token endpoint. Check the API base URL; leave it empty for RD Station itself."
)

UNKNOWN_CLIENT: Final = (
    "RD Station does not know this client ID and client secret. Copy both again from the application in RD Station's "
    "App Store, and check that it was created for RD Station CRM."
)


class TokenOwner(SingleUseRefreshTokenOauth2Authenticator):
    """Authorizes requests; renews the pair when it is about to expire, and once when a request is answered 401.

    `config` is the user's whole configuration with `credentials.{client_id, client_secret, refresh_token}`; it is
    updated in place and published whole.
    """

    def __init__(
        self,
        config: MutableMapping[str, Any],
        token_url: str,
        rate_limit: RateLimit,
        retry_policy: RetryPolicy | None = None,
        *,
        publish: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        """`publish` gets the configuration with each new pair before it is used; by default, the platform does."""
        credentials = config["credentials"]
        mask(*(text for name in _SECRETS if isinstance(text := credentials.get(name), str)))
        for name in ("client_id", *_SECRETS):
            if isinstance(text := credentials.get(name), str):
                credentials[name] = tidied(text)  # in place: the newest pair is published where the user's own stands
        super().__init__(config, token_url)
        self._keep = publish or emit_configuration_as_airbyte_control_message
        self._rate_limit = rate_limit
        self._retry_policy = retry_policy or RetryPolicy()
        self._leeway = _LEEWAY

    def token_has_expired(self) -> bool:
        """Tell whether to renew now, before the expiry: a token that dies on its way costs one more rotation."""
        credentials = self._connector_config["credentials"]
        if not credentials.get("access_token"):
            return True
        if not credentials.get("token_expiry_date"):
            # The platform's consent flow sets none. A 401 will tell that it has expired; a renewal before that would
            # spend the refresh token in the very first check, whose CONTROL message no platform keeps.
            return False
        return ab_datetime_now() + self._leeway > _moment(credentials["token_expiry_date"])

    def refresh_and_set_access_token(self) -> None:
        """Renew the pair, publish it, and only then let other threads see it.

        Raises a config error where the refresh token or the client is refused, a transient one where nothing answers.
        """
        before_waiting = self.access_token
        with self._token_refresh_lock:
            if self.access_token != before_waiting:
                return  # another thread renewed it meanwhile
            access_token, expiry, refresh_token = self.refresh_access_token()
            fresh = {"access_token": access_token, "token_expiry_date": format_instant(expiry)}
            # Whatever else the answer lacks, a new refresh token must not be lost: the old one is dead by now.
            self._publish({**fresh, "refresh_token": refresh_token} if refresh_token else fresh)
            if not access_token:
                raise system_error("RD Station's token endpoint answers without an access token.")

    def refresh_access_token(self) -> tuple[str, AirbyteDateTime, str | None]:  # type: ignore[override] # as its parent
        """Return the new access token, its expiry and the new refresh token (None where the answer names none)."""
        asked = ab_datetime_now()
        answer = self._ask()
        access_token, refresh_token = answer.get("access_token"), answer.get("refresh_token")
        for token in (access_token, refresh_token):
            if isinstance(token, str):
                mask(token)  # at once: no log line may show it
        lifetime = timedelta(seconds=lifetime_of(answer.get("expires_in")))
        self._leeway = min(_LEEWAY, lifetime / 2)
        return str(access_token or ""), asked + lifetime, refresh_token if isinstance(refresh_token, str) else None

    def _publish(self, fresh: dict[str, str]) -> None:
        published = deepcopy(dict(self._connector_config))
        published["credentials"] = {**published["credentials"], **fresh}
        self._keep(published)
        self._connector_config["credentials"].update(fresh)

    def _ask(self) -> dict[str, Any]:
        """Return the token endpoint's answer: `{"access_token": "…", "refresh_token": "…", "expires_in": 7200}`."""
        form = self.build_refresh_request_body()
        # Not the session that is to be authorized: all of its requests under way may be waiting for this one.
        with Session(self._rate_limit, num_workers=1) as session:
            return send_until_final(
                lambda: session.post(self.get_token_refresh_endpoint(), form, timeout=self._retry_policy.timeout),
                _Renewal(self._retry_policy).classify,
                self._retry_policy,
            ).value


class _Renewal:
    """What the answers to one renewal mean.

    An attempt whose answer was lost may have rotated the token [guess], so the old one is tried again; if it is dead by
    then, the user has to authorize again, and the error says why.
    """

    def __init__(self, retry_policy: RetryPolicy) -> None:
        self._retry_policy = retry_policy
        self._answer_lost = False

    def classify(self, answer: Answer, tried: int) -> Verdict[dict[str, Any]]:
        """Decide what an answer of the token endpoint, or the failure to get one, means at try number `tried`."""
        if isinstance(answer, requests.RequestException):
            self._answer_lost = self._answer_lost or not never_sent(answer)
            error = no_answer(answer)
            return self._again(error, tried) if error.failure_type == FailureType.transient_error else Fail(error)
        call = describe("POST", str(answer.url), answer.status_code)
        body = json_object(answer.content)
        if answer.status_code in NO_TOKEN_ENDPOINT:
            return Fail(config_error(WRONG_HOST, call))
        if answer.ok and body is not None:
            return Parsed(body, answer.headers)
        if answer.ok:
            self._answer_lost = True
            return self._again(config_error(WRONG_HOST, call), tried)
        error = transient_error("RD Station's token endpoint does not answer properly at the moment.", call)
        if answer.status_code == requests.codes.too_many_requests:
            return self._again(error, tried, retry_after(answer, self._retry_policy.rate_limit_wait))
        if answer.status_code >= requests.codes.server_error:
            return self._again(error, tried)
        return Fail(_rejected(body or {}, call, self._answer_lost))

    def _again(self, error: ConnectorError, tried: int, after: float | None = None) -> Retry | Fail:
        if tried >= self._retry_policy.tries:
            return Fail(error)
        return Retry(error, f"{error.internal_message}: try {tried} failed, trying again.", after)


def no_answer(error: requests.RequestException) -> ConnectorError:
    """Say why the token endpoint gave no answer: a transient error where it passes by itself."""
    sentence, passes = unreachable(error)
    kind = transient_error if passes else config_error
    return kind(f"The token endpoint of RD Station: {sentence}", f"POST /oauth2/token -> {type(error).__name__}")


@lru_cache(maxsize=4)  # asked before each request; to read it again took a sixth of a request's work
def _moment(text: str) -> AirbyteDateTime:
    return ab_datetime_parse(text)


def json_object(content: bytes) -> dict[str, Any] | None:
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


def words_of(body: Mapping[str, Any], keys: Iterable[str] = _KEYS_OF_REFUSALS) -> str:
    """Return the words of a refusal by the token endpoint in lower case, `invalid grant`: to be matched, not shown."""
    return " ".join(str(body[key]) for key in keys if body.get(key)).lower().replace("_", " ")


def _rejected(body: dict[str, Any], call: str, answer_lost: bool) -> ConnectorError:
    """Make the config error for a 4xx of the token endpoint in its known shapes."""
    words = words_of(body)
    if answer_lost:
        return config_error(
            "The connection broke while the tokens were renewed, and RD Station no longer accepts the old refresh "
            f"token. {_AUTHORIZE_AGAIN}",
            call,
        )
    if "refresh token" in words or "grant" in words:
        return config_error(f"RD Station no longer accepts the refresh token. {_AUTHORIZE_AGAIN}", call)
    if any(hint in words for hint in ("access denied", "credentials", "client")):
        return config_error(UNKNOWN_CLIENT, call)
    return config_error(
        "RD Station's token endpoint rejects the credentials. Check client ID and client secret (of an application for "
        f"RD Station CRM). {_AUTHORIZE_AGAIN}",
        call,
    )


def authorized_session(
    config: MutableMapping[str, Any],
    settings: CommonSettings,
    retry_policy: RetryPolicy | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Session:
    """Return the one session of an account over API v2 of the CRM: paced, and authorized by the owner of its tokens.

    `config` is the user's own: the newest tokens are written into it, and published with it.
    """
    rate_limit = RateLimit(settings.requests_per_minute, retry_policy, sleep=sleep)
    tokens = TokenOwner(config, f"{settings.api_base_url}/oauth2/token", rate_limit, retry_policy)
    return Session(rate_limit, settings.num_workers, tokens)
