"""The sole owner of the token pair: refresh, rotation, publication.

Every refresh returns a new refresh token and kills the old one at once [doc]; losing one locks the user out. So there
is one owner in a process, it refreshes under a lock, and it hands the new pair to the platform (a CONTROL message on
stdout) before anybody can send a request with it. With a tokens file, processes share one pair: it is read and renewed
under the file's lock, and stands there before the platform is told. Facts: docs/api/crm-v2.md#authorization.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from copy import deepcopy
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from airbyte_cdk.config_observation import emit_configuration_as_airbyte_control_message
from airbyte_cdk.sources.streams.http.requests_native_auth import SingleUseRefreshTokenOauth2Authenticator
from airbyte_cdk.utils.datetime_helpers import AirbyteDateTime, ab_datetime_now, ab_datetime_parse

from airbyte_rdstation.client.errors import (
    ConnectorError,
    system_error,
)
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.redaction import mask
from airbyte_rdstation.client.retry import SYNC_POLICY, RetryPolicy
from airbyte_rdstation.client.session import Session
from airbyte_rdstation.client.token_endpoint import REFRESH_TOKEN, TokenRequest, lifetime_of
from airbyte_rdstation.client.tokens_file import TokensFile
from airbyte_rdstation.config import OAuthSettings, tidied
from airbyte_rdstation.dates import format_instant

__all__ = ["TokenOwner", "authorized_session", "finish_renewal"]

_LEEWAY: Final = timedelta(minutes=5)  # renew when less than this is left [doc]; never more than half of a token's life
_SECONDS_AT_THE_END: Final = 5.0  # for a renewal: a platform kills ten after SIGTERM
_PAIR: Final = ("refresh_token", "access_token")
_SECRETS: Final = ("client_secret", *_PAIR)

_logger = logging.getLogger("airbyte.rdstation")


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
        retry_policy: RetryPolicy = SYNC_POLICY,
        *,
        tokens_path: str | None = None,
        publish: Callable[[dict[str, Any]], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`publish` gets the configuration with each new pair before it is used; by default, the platform does.

        Raises a config error where the file at `tokens_path` cannot keep tokens.
        """
        credentials = config["credentials"]
        mask(*(text for name in _SECRETS if isinstance(text := credentials.get(name), str)))
        for name in ("client_id", *_SECRETS):
            if isinstance(text := credentials.get(name), str):
                credentials[name] = tidied(text)  # in place: the newest pair is published where the user's own stands
        super().__init__(config, token_url)
        self._hand_over = publish or emit_configuration_as_airbyte_control_message
        self._rate_limit = rate_limit
        self._retry_policy = retry_policy
        self._sleep = sleep
        self._leeway = _LEEWAY
        self._is_fresh = True
        """Whether RD Station gave the last new pair to this process itself."""
        self._brought = self.get_refresh_token()
        self._file: TokensFile | None = None
        if tokens_path:
            self._file = TokensFile(tokens_path, credentials["client_id"])
            with self._file.locked(self._may_wait(), sleep):
                self._begin_with(self._file)

    def _begin_with(self, file: TokensFile) -> None:
        kept = file.newest(self._brought)
        if kept is None and file.path.exists():
            _logger.info(
                "%s holds no tokens of this authorization: those of the configuration are used, and kept there as well "
                "once they are renewed.",
                file.path,
            )
        if tokens := self._newer(kept):
            _logger.info("The tokens kept in %s are used: they are newer than those of the configuration.", file.path)
            self._publish(tokens)

    def token_has_expired(self) -> bool:
        """Tell whether to renew now, before the expiry: a token that dies on its way costs one more rotation."""
        return self._has_expired(self._connector_config["credentials"])

    def _has_expired(self, tokens: Mapping[str, Any]) -> bool:
        if not tokens.get("access_token"):
            return True
        if not tokens.get("token_expiry_date"):
            # The platform's consent flow sets none. A 401 will tell that it has expired; a renewal before that would
            # spend the refresh token in the very first check, whose CONTROL message no platform keeps.
            return False
        return ab_datetime_now() + self._leeway > _moment(tokens["token_expiry_date"])

    def refresh_and_set_access_token(self) -> None:
        """Renew the pair; see `renew`."""
        self.renew()

    def renew(self) -> bool:
        """Renew the pair, publish it, and only then let other threads see it.

        Return False where another process had renewed it: such a token may have died since, and is renewed in turn.
        Raises a config error where the refresh token or the client is refused, a transient one where nothing answers.
        """
        before_waiting = self.access_token
        with self._token_refresh_lock:
            if self.access_token != before_waiting:
                return self._is_fresh  # another thread renewed it meanwhile
            tokens, self._is_fresh = self._renewed()
            # Whatever else the answer lacks, a new refresh token must not be lost: the old one is dead by now.
            self._publish(tokens)
            if not tokens["access_token"]:
                raise system_error("RD Station's token endpoint answers without an access token.")
            return self._is_fresh

    def _renewed(self) -> tuple[dict[str, str], bool]:
        """Return a new pair, and whether RD Station gave it just now."""
        refresh_token = self.get_refresh_token()
        if self._file is None:
            return self._refreshed(refresh_token, TokenRequest(REFRESH_TOKEN, self._retry_policy)), True
        with self._file.locked(self._may_wait(), self._sleep):
            if tokens := self._newer(self._file.newest(refresh_token)):
                if not self._has_expired(tokens):
                    return tokens, False
                refresh_token = tokens["refresh_token"]
            return self._renewed_in(self._file, refresh_token), True

    def _renewed_in(self, file: TokensFile, refresh_token: str) -> dict[str, str]:
        """Return the new pair, once it is on the disk; nothing is spent where it could not be kept."""
        interrupted = file.was_interrupted(refresh_token)
        request = TokenRequest(REFRESH_TOKEN, self._retry_policy, answer_lost=interrupted)
        file.reserve(self._brought, refresh_token)
        try:
            tokens = self._refreshed(refresh_token, request)
        except ConnectorError:
            if not request.answer_lost:
                file.discard()
            raise
        try:
            file.keep(tokens)
        except ConnectorError as error:
            _logger.warning("%s The new tokens are in the CONTROL message alone.", error)
        return tokens

    def _newer(self, kept: dict[str, str] | None) -> dict[str, str] | None:
        """Return the pair of the tokens file if it is another than the one in use."""
        used = (self.access_token, self.get_refresh_token())
        if kept is None or (kept["access_token"], kept["refresh_token"]) == used:
            return None
        mask(kept["access_token"], kept["refresh_token"])
        try:
            lifetime = _moment(kept["token_expiry_date"]) - _moment(kept["renewed_at"])
        except ValueError:
            return {**kept, "token_expiry_date": ""}
        self._leeway = min(_LEEWAY, abs(lifetime) / 2)
        return kept

    def _refreshed(self, refresh_token: str, request: TokenRequest) -> dict[str, str]:
        """Ask RD Station for `{"refresh_token": …, "access_token": …, "token_expiry_date": …, "renewed_at": …}`."""
        asked = ab_datetime_now()
        form = {**self.build_refresh_request_body(), "refresh_token": refresh_token}
        answer = request.send(self.get_token_refresh_endpoint(), form, self._rate_limit)
        given = {name: token for name in _PAIR if isinstance(token := answer.get(name), str) and token}
        mask(*given.values())  # at once: no log line may show it
        lifetime = timedelta(seconds=lifetime_of(answer.get("expires_in")))
        self._leeway = min(_LEEWAY, lifetime / 2)
        dates = {"token_expiry_date": format_instant(asked + lifetime), "renewed_at": format_instant(asked)}
        return {"refresh_token": refresh_token, "access_token": "", **given, **dates}

    def _publish(self, tokens: Mapping[str, str]) -> None:
        fresh = {name: tokens[name] for name in (*_PAIR, "token_expiry_date")}
        published = deepcopy(dict(self._connector_config))
        published["credentials"] = {**published["credentials"], **fresh}
        self._hand_over(published)
        self._connector_config["credentials"].update(fresh)

    def _may_wait(self) -> Callable[[float], bool]:
        started = time.monotonic()
        return lambda seconds: self._retry_policy.allows(time.monotonic() - started, seconds)


@lru_cache(maxsize=4)  # asked before each request; to read it again took a sixth of a request's work
def _moment(text: str) -> AirbyteDateTime:
    return ab_datetime_parse(text)


def finish_renewal() -> None:
    """Wait for a renewal under way, but not for long, and let no other begin: to be called before a process ends.

    What it brings has to be kept and printed: from the moment on in which RD Station gives it, the old token is dead.
    """
    TokenOwner._token_refresh_lock.acquire(timeout=_SECONDS_AT_THE_END)


def authorized_session(
    config: MutableMapping[str, Any],
    settings: OAuthSettings,
    retry_policy: RetryPolicy = SYNC_POLICY,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Session:
    """Return the one session of an account over API v2 of the CRM: paced, and authorized by the owner of its tokens.

    `config` is the user's own: the newest tokens are written into it, and published with it.
    """
    rate_limit = RateLimit(settings.requests_per_minute, retry_policy, sleep=sleep)
    tokens = TokenOwner(
        config,
        f"{settings.api_base_url}/oauth2/token",
        rate_limit,
        retry_policy,
        tokens_path=settings.tokens_path,
        sleep=sleep,
    )
    return Session(rate_limit, settings.num_workers, tokens)
