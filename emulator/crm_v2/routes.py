"""CRM API v2 as one function, call -> answer: route, token, rate, permission, then the list, record or write."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ..clock import Clock, http_date
from ..concurrent_edits import ConcurrentEdits
from ..data.changes import Changes
from ..data.collection import Collection
from ..data.row import Row
from ..exchange import Answer, Call, Refusal, json_answer
from ..rate_limit import RateLimit
from ..rng import rng
from ..settings import Settings
from .consent import ConsentPage
from .errors import gateway_404, gateway_error, problem, refusal
from .listing import Lister
from .oauth import TokenService
from .render import wire
from .resources import Resource, find
from .writes import Writer

__all__ = ["CrmV2"]

ROOT = "/crm/v2"
TOKEN_PATH = "/oauth2/token"
CONSENT_PATH = "/oauth/authorize"


class CrmV2:
    """The API of one account; `tokens` is its OAuth side."""

    def __init__(self, changes: Changes, clock: Clock, settings: Settings) -> None:
        self.tokens = TokenService(clock, settings)
        self._consent = ConsentPage(self.tokens, settings)
        self._account = changes.account
        self._clock = clock
        self._settings = settings
        self._rate = RateLimit()
        self._lister = Lister(changes.account, settings, rng(changes.account.seed, "lister"))
        self._writer = Writer(changes, clock, settings)
        self._concurrent_edits = ConcurrentEdits(changes, settings)
        self._created = 0

    def answer(self, call: Call) -> Answer:
        """The answer to any call that is not for the control plane."""
        if call.path == TOKEN_PATH:
            return self.tokens.answer(call)  # not counted by the rate limit
        if call.path == CONSENT_PATH and call.method == "GET":
            return self._consent.answer(call)
        found = find(call.path[len(ROOT) :]) if call.path.startswith(ROOT + "/") else None
        if found is None:
            return gateway_404()  # also /api/v2/…, the prefix of `links` [seen]
        try:
            self._admit(call)
            return self._routed(call, *found)
        except Refusal as refused:
            return refused.answer

    def failure(self, status: int, text: str) -> Answer:
        """The gateway's shape."""
        return gateway_error(status, text)

    def records_key(self, call: Call) -> str | None:
        """Lists and single records alike."""
        return "data"

    def _admit(self, call: Call) -> None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(
                json_answer(401, {"error": "invalid_request", "error_description": "The access token is missing"})
            )
        if not self.tokens.accepts(token):
            raise Refusal(gateway_error(401, "The access token is invalid or has expired"))
        now = self._clock.now()
        wait = self._rate.wait_ms(now, self._settings.rate_limit_requests, self._settings.rate_limit_window_s)
        if wait:
            raise Refusal(too_many(wait, now, self._settings))
        if self._settings.plan_without_api:
            raise refusal(self._settings, 403, "The account's plan does not include the API")

    def _routed(self, call: Call, resource: Resource, parent_id: str, record_id: str | None) -> Answer:
        if resource.name in self._settings.forbidden:
            raise refusal(self._settings, 403, f"no permission for {resource.name}")
        if call.method != "GET" and resource.name in self._settings.read_only:
            raise refusal(self._settings, 403, f"no permission to write {resource.name}")
        try:
            rows = self._account.collection(resource.name, parent_id)
        except KeyError:
            raise refusal(self._settings, 404, "parent not found") from None
        rows.publish(self._clock.now())
        if call.method == "GET" and record_id is None:
            return self._list(call, resource, rows)
        if call.method == "GET" and record_id is not None and resource.read_one:
            return self._one(resource, self._row(rows, record_id, int(self._settings.vanished)), 200)
        if call.method == "POST" and record_id is None and self._writer.can_create(resource):
            answer = self._written(resource, self._writer.create(resource, call, parent_id), 201)
            answer.lost = self._loses_answer()
            return answer
        if call.method == "PUT" and record_id is not None and self._writer.can_update(resource):
            return self._written(resource, self._writer.update(resource, call, self._row(rows, record_id)), 200)
        return gateway_404()

    def _loses_answer(self) -> bool:
        """Whether the answer to this creation, which is committed, never arrives (crm-v2.md#unknowns row 24)."""
        self._created += 1
        every = self._settings.commit_then_timeout_every
        if self._settings.commit_then_timeout:
            self._settings.commit_then_timeout -= 1
            return True
        return bool(every) and self._created % every == 0

    def _list(self, call: Call, resource: Resource, rows: Collection) -> Answer:
        self._concurrent_edits.list_asked(resource.name, rows)
        return self._lister.answer(resource, rows, _base(call.headers), call.path[len(ROOT) :], call.query())

    def _one(self, resource: Resource, row: Row, status: int) -> Answer:
        data = orjson.Fragment(wire(self._account, resource, row, self._settings))
        swapped = resource.name == "custom_fields" and self._settings.custom_fields_swapped
        return json_answer(status, {"data": [data] if swapped else data})

    def _written(self, resource: Resource, row: Row, status: int) -> Answer:
        """What a write answers (crm-v2.md#unknowns row 31)."""
        empty = self._settings.empty_success
        return self._one(resource, row, status) if empty == "off" else Answer(int(empty))

    def _row(self, rows: Collection, record_id: str, vanished: int = 404) -> Row:
        row = rows.rows.get(record_id)
        if row is None:
            status = vanished if record_id in rows.removed_ids else 404
            raise Refusal(problem(self._settings, status, "record not found"))
        return row


def too_many(wait_ms: int, now: int, settings: Settings) -> Answer:
    """429, its Retry-After in seconds [doc], as a date, or absent (crm-v2.md#rate-limit, crm-v2.md#unknowns row 12)."""
    answer = json_answer(429, {"message": "API rate limit exceeded"})
    seconds = -(-wait_ms // 1000)
    if settings.retry_after == "seconds":
        answer.headers["Retry-After"] = str(seconds)
    elif settings.retry_after == "date":
        answer.headers["Retry-After"] = http_date(
            now + seconds * 1000 + 999
        )  # dates have whole seconds: never too early
    return answer


def _base(headers: Mapping[str, str]) -> str:
    # The real links name the API's own host; here that is the address the client used.
    return f"http://{headers.get('host', '127.0.0.1')}"
