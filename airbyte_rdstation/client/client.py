"""One call with its retries, and what its answer means.

A call goes through the CDK's `HttpClient`, which sends and retries; what it decides with (statuses, waits, bodies) is
ours, because its own messages quote bodies and addresses, which hold personal data.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http import HttpClient
from airbyte_cdk.sources.streams.http.error_handlers import (
    BackoffStrategy,
    ErrorResolution,
    HttpStatusErrorHandler,
    ResponseAction,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from airbyte_rdstation.client.bodies import Bodies, unreadable
from airbyte_rdstation.client.errors import (
    STATUSES,
    AnswerLostError,
    ConnectorError,
    ForbiddenError,
    NotFoundError,
    RequestRefusedError,
    ServerFailedError,
    Statuses,
    UnauthorizedError,
    UnreadableAnswerError,
    config_error,
    never_sent,
    system_error,
    transient_error,
    unreachable,
)
from airbyte_rdstation.client.rate_limit import retry_after
from airbyte_rdstation.client.redaction import RedactingFilter, describe
from airbyte_rdstation.client.refusal import message_of
from airbyte_rdstation.client.responses import BadAnswerError
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.client.server_clock import ServerClock
from airbyte_rdstation.client.session import Session

__all__ = ["Api"]

T = TypeVar("T")
Method: TypeAlias = Literal["GET", "POST", "PUT"]

_LONGEST_WAIT_SECONDS: Final = 60.0
_KINDS: Final[Mapping[int, type[ConnectorError]]] = {
    400: RequestRefusedError,
    401: UnauthorizedError,
    402: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: RequestRefusedError,
    410: NotFoundError,
    413: RequestRefusedError,
    422: RequestRefusedError,
}
_PLAN_REFUSAL: Final = b'"ACCESS_DENIED"'  # API v1 says with 422 that the plan lacks a feature [doc]
_MAY_BE_OUR_QUERY: Final = frozenset({400, 422, 500})

_logger = logging.getLogger("airbyte.rdstation")
_logger.addFilter(RedactingFilter())
logging.getLogger("airbyte").addFilter(RedactingFilter())


class Api:
    """Calls one RD Station API below `base_url`; safe to share among threads."""

    def __init__(
        self,
        base_url: str,
        session: Session,
        retry_policy: RetryPolicy | None = None,
        statuses: Statuses = STATUSES,
        *,
        tells_platform: bool = True,
    ) -> None:
        """`statuses` says what each status means to the users of this API.

        A wait for the rate limit is told to the platform as a status of the stream; without `tells_platform`, where the
        readers that calls name are no streams of the catalog, it is logged.
        """
        self.base_url = base_url
        self._statuses = statuses
        self._tells_platform = tells_platform
        self._session = session
        self._retry_policy = retry_policy or RetryPolicy()
        self._bodies = Bodies()
        self._clock = ServerClock()

    def get(
        self,
        path: str,
        params: Mapping[str, str | Sequence[str]],
        parse: Callable[[bytes], T],
        *,
        stream: str,
        hint: str = "",
        tries_on_500: int | None = None,
        on_request: Callable[[], None] = lambda: None,
        on_headers: Callable[[Mapping[str, str]], None] = lambda _: None,
    ) -> T:
        """The parsed answer to `GET path`; a parameter with several values is repeated.

        `stream` names the reader in errors, `hint` says what is special about the request (a filter) if it fails,
        `tries_on_500` how often it is tried where such an answer may well be its own fault.
        `on_request` is called before each try, `on_headers` with the headers of the answer that is then parsed.
        Raises NotFoundError, ForbiddenError, RequestRefusedError or another ConnectorError once it is final.
        """
        retry_policy = self._retry_policy
        if tries_on_500:
            retry_policy = replace(retry_policy, tries_on_500=min(tries_on_500, retry_policy.tries_on_500))
        read = self._bodies.lenient(stream, parse)
        call = _Call(
            "GET", stream, self.base_url + path, read, retry_policy, self._statuses, hint, on_request, on_headers
        )
        return self._carried_out(call, params=dict(params))

    def put(self, path: str, body: Mapping[str, Any], parse: Callable[[bytes], T], *, stream: str) -> T:
        """The parsed answer to `PUT path`: to write the same twice does no harm, so it is tried again like a GET.

        Raises RequestRefusedError or NotFoundError, with what RD Station `said`, where the fault is the record's.
        """
        read = self._bodies.lenient(stream, parse)
        call = _Call("PUT", stream, self.base_url + path, read, self._retry_policy, self._statuses)
        return self._carried_out(call, json=body)

    def post(self, path: str, body: Mapping[str, Any], parse: Callable[[bytes], T], *, stream: str) -> T:
        """The parsed answer to `POST path`, tried again only where it is certain that nothing was created.

        Raises AnswerLostError where it is not (there is no idempotency key [doc]): the caller has to look. Otherwise
        as `put`.
        """
        read = self._bodies.lenient(stream, parse)
        call = _Call("POST", stream, self.base_url + path, read, self._retry_policy, self._statuses)
        return self._carried_out(call, json=body)

    def _carried_out(self, call: _Call[T], **request: Any) -> T:
        # A client for each call: its retry bookkeeping is per request, and a shared one never forgets failed requests.
        call.tells_platform = self._tells_platform
        client = HttpClient(call.stream, _logger, call, session=self._session, backoff_strategy=call)
        call.on_request()
        try:
            _, response = client.send_request(call.method, call.url, {"timeout": self._retry_policy.timeout}, **request)
        except ConnectorError:
            raise
        except AirbyteTracedException as error:
            raise system_error(
                f"{call.stream}: the request failed in an unexpected way.", describe(call.method, call.url, "no answer")
            ) from error
        self._clock.note(response)
        return call.parsed

    def server_time(self, local: datetime) -> datetime:
        """RD Station's time at a local moment, or a little earlier: by the `Date` header of the first answer."""
        return self._clock.at(local)


class _Call(HttpStatusErrorHandler, BackoffStrategy, Generic[T]):
    """The fate of one call: what an answer means, how often to ask again, how long to wait in between."""

    parsed: T
    tells_platform = True
    """See Api."""

    def __init__(
        self,
        method: Method,
        stream: str,
        url: str,
        parse: Callable[[bytes], T],
        retry_policy: RetryPolicy,
        statuses: Statuses,
        hint: str = "",
        on_request: Callable[[], None] = lambda: None,
        on_headers: Callable[[Mapping[str, str]], None] = lambda _: None,
    ) -> None:
        # The CDK counts waits for the rate limit among its tries; ours do not count, so its own bounds are out of
        # reach.
        super().__init__(_logger, statuses, max_retries=1_000_000, max_time=timedelta(days=7))
        self.method = method
        self.stream = stream
        self.url = url
        self.on_request = on_request
        self._parse = parse
        self._retry_policy = retry_policy
        self._statuses = statuses
        self._hint = hint
        self._on_headers = on_headers
        self._failed = 0
        self._started = time.monotonic()

    def interpret_response(self, response_or_exception: requests.Response | Exception | None = None) -> ErrorResolution:
        """Success (then `parsed` is set), wait or retry; raises once it is final."""
        if isinstance(response_or_exception, requests.Response):
            return self._interpret(response_or_exception)
        sentence, passes = unreachable(response_or_exception)
        call = describe(self.method, self.url, type(response_or_exception).__name__)
        if not passes:
            raise config_error(f"{self.stream}: {sentence}", call)
        if not never_sent(response_or_exception):
            self._guard_creation(call)
        return self._again(sentence, self._retry_policy.tries, call)

    def backoff_time(
        self, response_or_exception: requests.Response | requests.RequestException | None, attempt_count: int
    ) -> float | None:
        """Seconds to wait: as a 429 says, otherwise doubling with jitter (the CDK adds one second of its own)."""
        response = response_or_exception
        if isinstance(response, requests.Response) and response.status_code == requests.codes.too_many_requests:
            # 0 would mean "no opinion" to the CDK.
            return max(0.001, retry_after(response, self._retry_policy.rate_limit_wait))
        longest = min(_LONGEST_WAIT_SECONDS, 0.5 * 2.0**self._failed)
        return float(random.uniform(longest / 4, longest))  # noqa: S311 - jitter, no secret

    def _interpret(self, response: requests.Response) -> ErrorResolution:
        status = response.status_code
        call = describe(self.method, self.url, status)
        if response.is_redirect or requests.codes.multiple_choices <= status < requests.codes.bad_request:
            raise config_error(
                f"{self.stream}: the API base URL answers with a redirect ({status}); none is followed. Check it.",
                call,
            )
        if response.ok:
            return self._interpret_body(response, call)
        if status == requests.codes.unprocessable_entity and _PLAN_REFUSAL in response.content:
            status = requests.codes.forbidden
        resolution = self._statuses.get(status)
        if resolution is None and status >= requests.codes.server_error:
            resolution = self._statuses[requests.codes.bad_gateway]  # 520 to 529 and the like: a gateway's
        if resolution is None:
            raise system_error(f"{self.stream}: RD Station answers with the unexpected status {status}.", call)
        hint = self._hint if status in _MAY_BE_OUR_QUERY else ""
        sentence = f"{self.stream}: {resolution.error_message}{hint}"
        if resolution.response_action == ResponseAction.FAIL:
            error = _KINDS.get(status, ConnectorError)(
                call, sentence, resolution.failure_type or FailureType.system_error
            )
            error.status = response.status_code
            error.said = "" if self.method == "GET" else message_of(response.content)
            raise error
        if resolution.response_action == ResponseAction.RETRY:
            self._guard_creation(call)
            sentence = f"{resolution.error_message}{hint}"
            if status == requests.codes.server_error:
                return self._again(sentence, self._retry_policy.tries_on_500, call, ServerFailedError)
            return self._again(sentence, self._retry_policy.tries, call)
        if not self._retry_policy.allows(self._started, retry_after(response, self._retry_policy.rate_limit_wait)):
            raise transient_error(f"{sentence} It asks for a longer wait than a sync can take.", call)
        self.on_request()
        return resolution if self.tells_platform else self._untold(resolution, call)

    @staticmethod
    def _untold(resolution: ErrorResolution, call: str) -> ErrorResolution:
        _logger.info("%s: waiting for the rate limit.", call)
        return ErrorResolution(ResponseAction.RETRY, resolution.failure_type, resolution.error_message)

    def _interpret_body(self, response: requests.Response, call: str) -> ErrorResolution:
        self._on_headers(response.headers)
        try:
            self.parsed = self._parse(response.content)
        except BadAnswerError as problem:
            self._guard_creation(call)
            sentence = unreadable(problem)
            return self._again(sentence, self._retry_policy.tries_on_500, call, UnreadableAnswerError)
        return ErrorResolution(ResponseAction.SUCCESS)

    def _guard_creation(self, call: str) -> None:
        """A failure after which a creation must not simply be tried again."""
        if self.method == "POST":
            raise AnswerLostError(
                call, f"{self.stream}: the answer to a creation was lost ({call}).", FailureType.transient_error
            )

    def _again(
        self, sentence: str, tries: int, call: str, kind: type[ConnectorError] = ConnectorError
    ) -> ErrorResolution:
        self._failed += 1
        if self._failed >= tries or not self._retry_policy.allows(self._started, 0):
            system = kind is UnreadableAnswerError
            failure_type = FailureType.system_error if system else FailureType.transient_error
            raise kind(call, f"{self.stream}: {sentence} Tried {self._failed} times ({call}).", failure_type)
        _logger.info("%s: try %s of %s failed, trying again.", call, self._failed, tries)
        self.on_request()
        return ErrorResolution(ResponseAction.RETRY, FailureType.transient_error, sentence)
