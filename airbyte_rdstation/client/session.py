"""The one session of a process: every request paced, bounded, timed out, and authorized at the moment it is sent.

`requests` reads a body to its end, however large, and its read timeout begins anew with every byte that comes: it ends
neither a flood nor a drip. So an answer has a bound on its size and on its time here.

Tokens that do not expire go into a copy of each request, as a header or into the query string: one that is sent again
must not carry them twice. Facts: docs/api/conversas.md#basics; docs/api/crm-v1.md#basics.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final, Protocol, cast, runtime_checkable
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from requests.utils import select_proxy

from airbyte_rdstation.client.errors import LARGEST_BODY, OversizedAnswerError, config_error
from airbyte_rdstation.client.rate_limit import RateLimit, Turns
from airbyte_rdstation.client.redaction import mask
from airbyte_rdstation.client.retry import REQUEST_TIMEOUT_SECONDS

__all__ = ["BearerToken", "QueryToken", "Renewable", "Session"]

_MOST_REPEATS: Final = 5  # on 401, while other threads go on renewing the token
_PIECE: Final = 256 * 1024  # bytes
_TIMES_THE_READ_TIMEOUT: Final = 1.5  # what a whole body may take
_PROXY_SCHEMES: Final = ("http", "https")
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # in the order in which `requests` reads them


@runtime_checkable
class Renewable(Protocol):
    """An authenticator whose token can be renewed."""

    def get_auth_header(self) -> Any:
        """Return the header with the token of this moment: `{"Authorization": "Bearer …"}`."""

    def renew(self) -> bool:
        """Renew the token, once for all threads; return False where another process had renewed it."""


class Session(requests.Session):
    """Paces and bounds every request, and authorizes it after the wait for the pace, which can outlive a token."""

    def __init__(
        self, rate_limit: RateLimit, requests_at_once: int, auth: requests.auth.AuthBase | None = None
    ) -> None:
        """Let so many `requests_at_once` be under way."""
        super().__init__()
        self.rate_limit = rate_limit
        self.turns = Turns(requests_at_once)
        self._authorize = auth
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # tokens say who we are; nothing else is kept
        self._environment: dict[tuple[str, ...], Any] = {}
        self.auth = _unchanged  # without it `requests` would look for a password in ~/.netrc
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=requests_at_once)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Do as its parent, once for each host: it reads the whole environment, a fifth of a request's work.

        Raises a config error where a proxy or a bundle of certificates that the environment names cannot be used.
        """
        if proxies or verify is not None or cert is not None:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        host = tuple(urlsplit(str(url))[:2])
        if host not in self._environment:
            settings = super().merge_environment_settings(url, {}, None, None, None)
            _insist_on_usable(settings, str(url))
            self._environment[host] = settings
        return {**self._environment[host], "stream": stream}

    def send(self, request: requests.PreparedRequest, *, asked_by: str = "", **kwargs: Any) -> requests.Response:
        """Send once it is the turn of `asked_by`, a stream, and the pace allows it; after a 401 renew the token once.

        Raises what `requests` raises where no answer comes, OversizedAnswerError, and a ConnectorError where the token
        cannot be renewed or the rate limit asks for too long a wait.
        The CDK's REFRESH_TOKEN_THEN_RETRY would wait a second in between and take the renewal by another thread for its
        own: with short-lived tokens it then calls a good configuration wrong.
        """
        response = self._send(request, asked_by, **kwargs)
        renewed = False
        for _ in range(_MOST_REPEATS):
            if response.status_code != requests.codes.unauthorized or not isinstance(self._authorize, Renewable):
                break
            if self._authorize.get_auth_header()["Authorization"] == request.headers.get("Authorization"):
                if renewed:
                    break
                renewed = self._authorize.renew()
            response = self._send(request, asked_by, **kwargs)
        return response

    def _send(self, request: requests.PreparedRequest, asked_by: str, **kwargs: Any) -> requests.Response:
        """Send one request, and read its answer: OversizedAnswerError or ReadTimeout once that is out of bounds."""
        kwargs["allow_redirects"] = False  # the token never goes to another host or path
        kwargs["stream"] = True
        _, read_timeout = kwargs.setdefault("timeout", REQUEST_TIMEOUT_SECONDS)
        turn = self.turns.ask(asked_by)
        started, response = None, None
        try:
            turn.given.wait()
            started = self.rate_limit.start()
            self.turns.pass_on()
            response = super().send(self._authorize(request) if self._authorize else request, **kwargs)
            response.raw = _Bounded(response.raw, time.monotonic() + _TIMES_THE_READ_TIMEOUT * read_timeout)
            _ = response.content
        except BaseException:
            if response is not None:
                response.close()  # what is left of the body must not be the next answer's beginning
            raise
        finally:
            if started is not None:
                self.rate_limit.answered(started, response)
            self.turns.end(turn)
        return response


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


@dataclass
class _Bounded:
    """A urllib3 response whose `stream` keeps the bounds; all else is the response's own."""

    raw: Any
    until: float
    """A moment of `time.monotonic`."""

    def stream(self, amt: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield pieces as they arrive: `read` would wait until it has as many bytes as it was asked for."""
        size = 0
        while piece := self.raw.read1(_PIECE, decode_content=decode_content):
            size += len(piece)
            if size > LARGEST_BODY:
                raise OversizedAnswerError(f"more than {LARGEST_BODY} bytes")
            if time.monotonic() > self.until:
                raise requests.ReadTimeout("the body comes too slowly")
            yield piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def _insist_on_usable(settings: Mapping[str, Any], url: str) -> None:
    """Raise a config error that names the variable of the environment whose proxy or certificates cannot be used."""
    if urlsplit(url).scheme == "https" and isinstance(settings["verify"], str):
        _insist_on_bundle(settings["verify"])
    if proxy := select_proxy(url, cast("dict[str, str]", settings["proxies"])):
        _insist_on_proxy(proxy, urlsplit(url).scheme)


def _insist_on_proxy(proxy: str, scheme: str) -> None:
    """Raise a config error that does not show the address: it may hold a password."""
    names = (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    variable = next((name for name in names if os.environ.get(name)), "HTTPS_PROXY")
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host:
        raise config_error(f"{variable} is no valid address of a proxy. Write it like http://proxy.example:3128.")
    if parts.scheme not in _PROXY_SCHEMES:
        raise config_error(f"{variable} names a proxy of a kind that is not supported. Use one that speaks HTTP.")


def _insist_on_bundle(place: str) -> None:
    variable = next((name for name in _BUNDLES if os.environ.get(name) == place), _BUNDLES[0])
    path = Path(place)
    if not path.exists():
        raise config_error(f"{variable} names {place}, which does not exist. Correct it, or mount the file there.")
    where: Mapping[str, str] = {"capath": place} if path.is_dir() else {"cafile": place}
    try:
        ssl.create_default_context().load_verify_locations(**where)
    except (OSError, ssl.SSLError):
        raise config_error(
            f"{variable} names {place}, which holds no certificates that can be read. It must be a file in PEM form."
        ) from None


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
