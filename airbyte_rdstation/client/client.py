"""Calls one RD Station API: sends each request until its answer is final, and parses that answer.

`_Call.classify` decides what an answer means; it reads no clock and sends nothing. `retry` has the loop around it,
`session` the pace and the token. No error quotes a body or a query: they hold personal data.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

import requests
from airbyte_cdk.models import FailureType

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
from airbyte_rdstation.client.json_text import mended
from airbyte_rdstation.client.rate_limit import retry_after
from airbyte_rdstation.client.redaction import RedactingFilter, describe
from airbyte_rdstation.client.responses import BadAnswerError, NoJsonError, message_of, server_ahead
from airbyte_rdstation.client.retry import (
    SYNC_POLICY,
    Answer,
    Fail,
    Parsed,
    Retry,
    RetryPolicy,
    Verdict,
    send_until_final,
)
from airbyte_rdstation.client.session import Session

__all__ = ["Api"]

T = TypeVar("T")
Method: TypeAlias = Literal["GET", "POST", "PUT"]

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
_NUL: Final = b"\\u0000"
_MAY_BE_OUR_QUERY: Final = frozenset({400, 422, 500})
_MOST_LOCAL_AHEAD: Final = timedelta(minutes=10)  # how far a local clock may run ahead of RD Station's

_logger = logging.getLogger("airbyte.rdstation")
_logger.addFilter(RedactingFilter())
logging.getLogger("airbyte").addFilter(RedactingFilter())


@dataclass(eq=False)
class Api:
    """Calls one RD Station API below `base_url`; safe to share among threads."""

    base_url: str
    session: Session
    retry_policy: RetryPolicy = SYNC_POLICY
    statuses: Statuses = field(default_factory=lambda: STATUSES)
    """What each status means to the users of this API."""
    _: KW_ONLY
    on_rate_limit_wait: Callable[[str, float], None] | None = None
    """Gets the `stream` of a call that waits for the rate limit, and the seconds; without it the wait is logged."""
    _dated: tuple[str, datetime] = field(default_factory=lambda: ("", datetime.now(timezone.utc)), init=False)
    """The newest answer's `Date` header, and when it came."""
    _ahead: timedelta | None = field(default=None, init=False)
    """How far RD Station's clock is ahead of ours."""
    _mended_streams: set[str] = field(default_factory=set, init=False)

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
        """Return the parsed answer to `GET path`; a parameter with several values is repeated.

        `stream` names the stream in errors; `hint` is added to errors that the request itself (its filter) may have
        caused; `tries_on_500` lowers the number of tries after a 500, where the same is likely.
        `on_request` is called before each try, `on_headers` with the headers of the answer that was parsed.
        Raises NotFoundError, ForbiddenError, RequestRefusedError or another ConnectorError once no try can help.
        """
        policy = self.retry_policy
        if tries_on_500:
            policy = replace(policy, tries_on_500=min(tries_on_500, policy.tries_on_500))
        read = partial(self._read, stream, parse)
        call = _Call("GET", self.base_url + path, stream, read, self.statuses, policy, hint)
        parsed = self._send(call, on_request, params=dict(params))
        on_headers(parsed.headers)
        return parsed.value

    def put(self, path: str, body: Mapping[str, Any], parse: Callable[[bytes], T], *, stream: str) -> T:
        """Return the parsed answer to `PUT path`, tried as often as a GET: writing the same twice does no harm.

        Raises RequestRefusedError or NotFoundError, with what RD Station `said`, where the record is at fault.
        """
        read = partial(self._read, stream, parse)
        call = _Call("PUT", self.base_url + path, stream, read, self.statuses, self.retry_policy)
        return self._send(call, json=body).value

    def post(self, path: str, body: Mapping[str, Any], parse: Callable[[bytes], T], *, stream: str) -> T:
        """Return the parsed answer to `POST path`, tried again only where nothing can have been created.

        Raises AnswerLostError where something may have been: there is no idempotency key [doc], so the caller has to
        look it up. Otherwise as `put`.
        """
        read = partial(self._read, stream, parse)
        call = _Call("POST", self.base_url + path, stream, read, self.statuses, self.retry_policy)
        return self._send(call, json=body).value

    def server_time(self, local: datetime) -> datetime:
        """Return RD Station's time at a local moment, by an answer's `Date` header; minutes early until one came."""
        if self._ahead is None:
            self._ahead = server_ahead(*self._dated)
        return local + (-_MOST_LOCAL_AHEAD if self._ahead is None else self._ahead)

    def _send(self, call: _Call[T], on_request: Callable[[], None] = lambda: None, **content: Any) -> Parsed[T]:
        def send() -> requests.Response:
            on_request()
            _logger.debug("Making outbound API request: %s %s", call.method, call.url)
            prepared = self.session.prepare_request(requests.Request(call.method, call.url, **content))
            settings = self.session.merge_environment_settings(prepared.url, {}, None, None, None)
            timeout = call.retry_policy.timeout
            response = self.session.send(prepared, asked_by=call.stream, timeout=timeout, **settings)
            _logger.debug("Receiving response: %s", response.status_code)
            return response

        parsed = send_until_final(send, call.classify, call.retry_policy, partial(self._on_wait, call.stream))
        self._dated = parsed.headers.get("Date", ""), datetime.now(timezone.utc)
        return parsed

    def _on_wait(self, stream: str, retry: Retry) -> None:
        if retry.counts or retry.after is None or self.on_rate_limit_wait is None:
            _logger.info("%s", retry.notice)
        else:
            self.on_rate_limit_wait(stream, retry.after)

    def _read(self, stream: str, parse: Callable[[bytes], T], content: bytes) -> T:
        """Parse a body with `parse`, which takes strict JSON; mend it first where one odd text would cost the page.

        Raises what `parse` raises. Warns once per stream where something had to be mended.
        """
        if _NUL in content:
            content = mended(content) or content
        try:
            return parse(content)
        except NoJsonError:
            readable = mended(content)
            if readable is None:
                raise
        parsed = parse(readable)
        if stream not in self._mended_streams:
            self._mended_streams.add(stream)
            _logger.warning(
                "%s: RD Station's answer holds what strict JSON does not (half of a character, say). Such characters "
                "become U+FFFD, and numbers that are none become text.",
                stream,
            )
        return parsed


@dataclass(frozen=True)
class _Call(Generic[T]):
    """One call, and what each answer to it means."""

    method: Method
    url: str
    stream: str
    parse: Callable[[bytes], T]
    statuses: Statuses
    retry_policy: RetryPolicy
    hint: str = ""

    def classify(self, answer: Answer, tried: int) -> Verdict[T]:
        """Decide what an answer, or the failure to get one, means at try number `tried`."""
        if isinstance(answer, requests.RequestException):
            return self._classify_failure(answer, tried)
        if not requests.codes.ok <= answer.status_code < requests.codes.multiple_choices:
            return self._classify_status(answer, tried)
        try:
            return Parsed(self.parse(answer.content), answer.headers)
        except BadAnswerError as problem:
            call = describe(self.method, self.url, answer.status_code)
            advice = " Check the API base URL, if you have set one." if str(problem).endswith("HTML page") else ""
            sentence = f"RD Station's answer cannot be read: {problem}.{advice}"
            return self._again(sentence, self.retry_policy.tries_on_500, call, tried, UnreadableAnswerError)

    def _classify_failure(self, failure: requests.RequestException, tried: int) -> Retry | Fail:
        sentence, passes = unreachable(failure)
        call = describe(self.method, self.url, type(failure).__name__)
        if not passes:
            return Fail(config_error(f"{self.stream}: {sentence}", call))
        return self._again(sentence, self.retry_policy.tries, call, tried, harmless=never_sent(failure))

    def _classify_status(self, answer: requests.Response, tried: int) -> Retry | Fail:
        status, policy = answer.status_code, self.retry_policy
        call = describe(self.method, self.url, status)
        if requests.codes.multiple_choices <= status < requests.codes.bad_request:
            sentence = f"the API base URL answers with a redirect ({status}); none is followed. Check it."
            return Fail(config_error(f"{self.stream}: {sentence}", call))
        meaning = self.statuses.get(status)
        if meaning and meaning.forbids_by and meaning.forbids_by in answer.content:
            status = requests.codes.forbidden
            meaning = self.statuses[status]
        if meaning is None and status >= requests.codes.server_error:
            meaning = self.statuses[requests.codes.bad_gateway]  # 520 to 529 and the like: a gateway's
        if meaning is None:
            return Fail(system_error(f"{self.stream}: RD Station answers with the unexpected status {status}.", call))
        sentence = meaning.sentence + (self.hint if status in _MAY_BE_OUR_QUERY else "")
        if status == requests.codes.too_many_requests:
            error = transient_error(f"{self.stream}: {sentence} It asks for a longer wait than a sync can take.", call)
            wait = retry_after(answer, policy.rate_limit_wait)
            return Retry(error, f"{call}: waiting for the rate limit.", wait, counts=False)
        if status == requests.codes.server_error:
            return self._again(sentence, policy.tries_on_500, call, tried, ServerFailedError)
        if meaning.passes:
            return self._again(sentence, policy.tries, call, tried)
        error = _KINDS.get(status, ConnectorError)(call, f"{self.stream}: {sentence}", meaning.failure_type)
        error.status = answer.status_code
        error.said = "" if self.method == "GET" else message_of(answer.content)
        return Fail(error)

    def _again(
        self,
        sentence: str,
        tries: int,
        call: str,
        tried: int,
        kind: type[ConnectorError] = ConnectorError,
        *,
        harmless: bool = False,
    ) -> Retry | Fail:
        """Try again unless no try is left; a creation only where it is `harmless`: nothing can have been created."""
        if self.method == "POST" and not harmless:
            lost = f"{self.stream}: the answer to a creation was lost ({call})."
            return Fail(AnswerLostError(call, lost, FailureType.transient_error))
        failure_type = FailureType.system_error if kind is UnreadableAnswerError else FailureType.transient_error
        error = kind(call, f"{self.stream}: {sentence} Tried {tried} times ({call}).", failure_type)
        return Fail(error) if tried >= tries else Retry(error, f"{call}: try {tried} of {tries} failed, trying again.")
