"""CRM API v1 as one function, call -> answer: route, token, rate, permission, then the list or the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..clock import Clock
from ..concurrent_edits import ConcurrentEdits
from ..data.changes import Changes
from ..data.collection import Collection
from ..data.row import Row
from ..exchange import Answer, Call, Refusal, json_answer
from ..rate_limit import RateLimit
from ..rng import rng
from ..settings import Settings
from . import errors
from .activities import Activities
from .listing import Lister
from .relations import Relations
from .render import Renderer
from .resources import BY_NAME, DEAL_CONTACTS, Resource
from .visibility import Visibility

__all__ = ["PATH", "CrmV1"]

PATH = "/api/v1/"
_ROUTE = re.compile(PATH + r"(?P<name>[a-z_]+)(?:/(?P<id>[^/]+)(?:/(?P<below>[a-z_]+))?)?")


class CrmV1:
    """The API of one account, for one user's token."""

    def __init__(self, changes: Changes, clock: Clock, settings: Settings) -> None:
        self.account = changes.account
        self.token = f"{rng(self.account.seed, 'v1 token').getrandbits(96):024x}"
        self.relations = Relations(self.account)
        self.renderer = Renderer(changes, self.relations, settings)
        self.visibility = Visibility(self.account)
        self.activities = Activities(changes)
        self._clock = clock
        self._settings = settings
        self._rate = RateLimit()
        dice = rng(self.account.seed, "v1 lister")
        self._lister = Lister(self.account, self.renderer, self.visibility, settings, dice)
        self._concurrent_edits = ConcurrentEdits(changes, settings)
        self._lists_asked = 0

    def answer(self, call: Call) -> Answer:
        """The answer to any call below `/api/v1/`."""
        found = _ROUTE.fullmatch(call.path)
        if found is None or call.method != "GET":  # writes are not emulated (crm-v1.md#writes)
            return errors.not_found("Route")
        try:
            query = call.query()
            self._admit(query)
            if found["below"]:
                return self._below(found["name"], found["id"], found["below"], query)
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
        if found and found["below"]:
            return DEAL_CONTACTS.envelope
        resource = BY_NAME.get(found["name"]) if found and found["id"] is None else None
        return resource.envelope if resource and not resource.bare else None

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
        return self._list(resource, lambda: self.listed(resource, query.get("deal_pipeline_id")), query)

    def _below(self, name: str, id_: str, below: str, query: Mapping[str, str]) -> Answer:
        """Contacts of a deal: the only list below a record."""
        if (name, below) != ("deals", "contacts"):
            return errors.not_found("Route")
        if self._settings.plan_without_api or not self._settings.v1_forbidden.isdisjoint((name, below)):
            raise errors.forbidden(below, self._settings.v1_refusal)
        deal = self._row(BY_NAME["deals"], id_)
        if deal is None or self._hidden("deals", deal):
            return errors.not_found(BY_NAME["deals"].one)
        return self._list(DEAL_CONTACTS, lambda: self.contacts_of(deal), query)

    def contacts_of(self, deal: Row) -> Collection:
        """A deal's contacts that are there still."""
        return Collection(self.relations.rows("contacts", deal.fields.get("contact_ids")))

    def _list(self, resource: Resource, rows: Callable[[], Collection], query: Mapping[str, str]) -> Answer:
        self._lists_asked += 1
        every = self._settings.v1_empty_every
        if every and self._lists_asked % every == 0:  # a client guards its parser for that (crm-v1.md#unknowns row 19)
            return Answer(200)
        asked = rows()
        asked.publish(self._clock.now())
        self._concurrent_edits.list_asked(resource.rows, asked)
        return self._lister.answer(resource, rows(), query)  # not `asked`: a changed note makes another list

    def listed(self, resource: Resource, pipeline_id: str | None) -> Collection:
        """The rows of a list. Stages of no or an unknown pipeline are those of the default one [doc].

        Facts: crm-v1.md#stages.
        """
        if resource.name == "activities":
            return self.activities.list()
        if resource.name != "deal_stages":
            return self.account.lists[resource.rows]
        pipeline = self.relations.row("pipelines", pipeline_id) or self.relations.default_pipeline()
        return self.relations.stages(pipeline.id if pipeline else None)

    def _one(self, resource: Resource, id_: str) -> Answer:
        row = self._row(resource, id_)
        if row is None or self._hidden(resource.rows, row):
            return errors.not_found(resource.one)
        return Answer(200, self.renderer.single(resource, row))

    def _hidden(self, name: str, row: Row) -> bool:
        return self._settings.v1_visibility == "own" and not self.visibility.sees(name, row)

    def _row(self, resource: Resource, id_: str) -> Row | None:
        if resource.name != "deal_stages":
            return self.relations.row(resource.rows, id_)
        pipelines = self.account.lists["pipelines"].rows
        return next((row for pipeline in pipelines if (row := self.relations.stages(pipeline).rows.get(id_))), None)

    def _token_check(self) -> Answer:
        user = self.relations.row("users", self.visibility.user)
        shown = {name: user.fields.get(name) if user else None for name in ("email", "name")}
        return json_answer(200, {**shown, "organization": "Empresa Exemplo"})
