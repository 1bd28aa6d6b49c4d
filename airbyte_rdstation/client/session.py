"""The one session of a process: every request paced, bounded, timed out, and authorized at the moment it is sent."""

from __future__ import annotations

import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, Protocol, runtime_checkable
from urllib.parse import urlsplit

import requests

from airbyte_rdstation.client.bounded import bound
from airbyte_rdstation.client.environment import environment_of
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.retry import REQUEST_TIMEOUT_SECONDS

__all__ = ["Renewable", "Session"]

_MOST_REPEATS: Final = 5  # on 401, while other threads go on renewing the token


@runtime_checkable
class Renewable(Protocol):
    """An authenticator whose token can be renewed."""

    def get_auth_header(self) -> Any:
        """The header with the token of this moment."""

    def refresh_and_set_access_token(self) -> None:
        """Renews the token, once for all threads."""


class Session(requests.Session):
    """Unlike the CDK's `LimiterSession` it authorizes after the wait for the pace, which can outlive a token."""

    def __init__(self, rate_limit: RateLimit, num_workers: int, auth: requests.auth.AuthBase | None = None) -> None:
        super().__init__()
        self._rate_limit = rate_limit
        self._under_way = threading.BoundedSemaphore(num_workers)
        self._authorize = auth
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # tokens say who we are; nothing else is kept
        self._environment: dict[tuple[str, ...], Any] = {}
        self.auth = _later  # without it `requests` would look for a password in ~/.netrc
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=num_workers)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """As its parent's, asked once for each host: it reads the whole environment, a fifth of a request's work."""
        if proxies or verify is not None or cert is not None:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        host = tuple(urlsplit(str(url))[:2])
        if host not in self._environment:
            self._environment[host] = environment_of(self, str(url))
        return {**self._environment[host], "stream": stream}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """The answer; after a 401 the token is renewed once and the request repeated.

        Not by the CDK's REFRESH_TOKEN_THEN_RETRY, which waits a second in between and takes the renewal by another
        thread for its own: with short-lived tokens it then calls a good configuration wrong.
        """
        response = self._send(request, **kwargs)
        renewed = False
        for _ in range(_MOST_REPEATS):
            if response.status_code != requests.codes.unauthorized or not isinstance(self._authorize, Renewable):
                break
            if self._authorize.get_auth_header()["Authorization"] == request.headers.get("Authorization"):
                if renewed:
                    break
                self._authorize.refresh_and_set_access_token()
                renewed = True
            response = self._send(request, **kwargs)
        return response

    def _send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        kwargs["allow_redirects"] = False  # the token never goes to another host or path
        kwargs.setdefault("timeout", REQUEST_TIMEOUT_SECONDS)
        kwargs["stream"] = True
        with self._under_way, self._rate_limit.one_request():
            authorized = request if self._authorize is None else self._authorize(request)
            response = bound(super().send(authorized, **kwargs), kwargs["timeout"][1])
        self._rate_limit.heed(response)
        return response


def _later(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
