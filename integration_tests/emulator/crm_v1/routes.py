"""CRM API v1 as one function, call -> answer: route, token, rate, permission, then the list or the record."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..chance import chance
from ..clock import Clock
from ..data.changes import Changes
from ..data.collection import Collection
from ..data.row import Row
from ..exchange import Answer, Call, Refusal, json_answer
from ..meanwhile import Meanwhile
from ..rate_limit import RateLimit
from ..settings import Settings
from . import errors
from .activities import Activities
from .listing import Lister
from .relations import Relations
from .render import Renderer
from .resources import BY_NAME, Resource
from .visibility import Visibility

__all__ = ["PATH", "CrmV1"]

PATH = "/api/v1/"
_ROUTE = re.compile(PATH + r"(?P<name>[a-z_]+)(?:/(?P<id>[^/]+))?")


class CrmV1:
    """The API of one account, for one user's token."""

    def __init__(self, changes: Changes, clock: Clock, settings: Settings) -> None:
        self.account = changes.account
        self.token = f"{chance(self.account.seed, 'v1 token').getrandbits(96):024x}"
        self.relations = Relations(self.account)
        self.renderer = Renderer(changes, self.relations, settings)
        self.visibility = Visibility(self.account)
        self.activities = Activities(changes)
        self._clock = clock
        self._settings = settings
        self._rate = RateLimit()
        dice = chance(self.account.seed, "v1 lister")
        self._lister = Lister(self.account, self.renderer, self.visibility, settings, dice)
        self._meanwhile = Meanwhile(changes, settings)

    def answer(self, call: Call) -> Answer:
        """The answer to any call below `/api/v1/`."""
        found = _ROUTE.fullmatch(call.path)
        if found is None or call.method != "GET":  # writes are not emulated (crm-v1.md#writes)
            return errors.not_found("Route")
        try:
            query = call.query()
            self._admit(query)
            return self._routed(found["name"], found["id"], query)
        except errors.WrongParameterError:
            return errors.outage()
        except Refusal as refused:
            return refused.answer

    def failure(self, status: int, text: str) -> Answer:
        """The shape of crm-v1.md#rate-limit-and-errors."""
        return errors.failure(status, text)

    def records_key(self, call: Call) -> str | None:
        """The list's own name; bare arrays and single records have no envelope."""
        found = _ROUTE.fullmatch(call.path)
        resource = BY_NAME.get(found["name"]) if found and found["id"] is None else None
        return resource.name if resource and not resource.bare else None

    def _admit(self, query: Mapping[str, str]) -> None:
        if query.get("token") != self.token or self._settings.v1_token == "disabled":
            raise Refusal(errors.denied())
        wait = self._rate.wait_ms(
            self._clock.now(), self._settings.rate_limit_requests, self._settings.rate_limit_window_s
        )
        if wait:
            answer = errors.too_many()
            if self._settings.v1_retry_after == "seconds":
                answer.headers["Retry-After"] = str(-(-wait // 1000))
            raise Refusal(answer)

    def _routed(self, name: str, id_: str | None, query: Mapping[str, str]) -> Answer:
        if (name, id_) == ("token", "check"):
            return self._token_check()
        resource = BY_NAME.get(name)
        if resource is None or (id_ is not None and not resource.one):
            return errors.not_found("Route")
        if self._settings.plan_without_api or name in self._settings.v1_forbidden:
            raise errors.forbidden(name, self._settings.v1_refusal)
        if id_ is not None:
            return self._one(resource, id_)
        rows = self.listed(resource, query.get("deal_pipeline_id"))
        rows.publish(self._clock.now())
        self._meanwhile.list_asked(resource.rows, rows)
        rows = self.listed(resource, query.get("deal_pipeline_id"))  # a changed note makes another list
        return self._lister.answer(resource, rows, query)

    def listed(self, resource: Resource, pipeline_id: str | None) -> Collection:
        """The rows of a list. Stages of no or an unknown pipeline are those of the default one [doc]
        (crm-v1.md#stages).
        """
        if resource.name == "activities":
            return self.activities.list()
        if resource.name != "deal_stages":
            return self.account.lists[resource.rows]
        pipeline = self.relations.row("pipelines", pipeline_id) or self.relations.default_pipeline()
        return self.relations.stages(pipeline.id if pipeline else None)

    def _one(self, resource: Resource, id_: str) -> Answer:
        row = self._row(resource, id_)
        hidden = self._settings.v1_visibility == "own" and row and not self.visibility.sees(resource.rows, row)
        if row is None or hidden:
            return errors.not_found(resource.one)
        return Answer(200, self.renderer.single(resource, row))

    def _row(self, resource: Resource, id_: str) -> Row | None:
        if resource.name != "deal_stages":
            return self.relations.row(resource.rows, id_)
        pipelines = self.account.lists["pipelines"].rows
        return next((row for pipeline in pipelines if (row := self.relations.stages(pipeline).rows.get(id_))), None)

    def _token_check(self) -> Answer:
        user = self.relations.row("users", self.visibility.user)
        shown = {name: user.fields.get(name) if user else None for name in ("email", "name")}
        return json_answer(200, {**shown, "organization": "Empresa Exemplo"})
