"""The API of Conversas as one function, call -> answer: bucket, route, token, plan, then what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from ..clock import Clock
from ..conversas_data.account import ConversasAccount
from ..conversas_data.size import ConversasSize
from ..exchange import Answer, Call, Refusal, json_answer
from ..rng import rng
from ..settings import Settings
from . import errors
from .analytics import Analytics
from .bucket import Bucket
from .campaigns import ROUTE as CAMPAIGN
from .campaigns import Campaigns
from .forms import PATHS, key_of_records
from .history import History, records_key
from .lists import Lists
from .parameters import Parameters
from .reports import Reports
from .sealing import Keys
from .token import static_token

__all__ = ["BEGINNINGS", "Conversas"]

BEGINNINGS = ("/v1/", "/v2/", "/v4/")


class Conversas:
    """The API of one account, made on first use."""

    def __init__(self, size: ConversasSize, seed: int, until: int, clock: Clock, settings: Settings) -> None:
        self.token = static_token(seed)
        self.keys = Keys()
        self._size = size
        self._seed = seed
        self._until = until
        self._clock = clock
        self._settings = settings
        self._bucket = Bucket()
        self._calls = 0

    @cached_property
    def account(self) -> ConversasAccount:
        """What there is to read."""
        return ConversasAccount(self._size, self._seed, self._until)

    @cached_property
    def lists(self) -> Lists:
        """Everything but reports and history."""
        return Lists(self.account, self._settings, rng(self._seed, "account lists"))

    @cached_property
    def reports(self) -> Reports:
        """The attendances."""
        return Reports(self.account, self._clock, self._settings, rng(self._seed, "closing"))

    @cached_property
    def campaigns(self) -> Campaigns:
        """The mass sendings."""
        return Campaigns(self.account, self._settings)

    @cached_property
    def analytics(self) -> Analytics:
        """The account's figures."""
        return Analytics(self.account, self._settings)

    @cached_property
    def history(self) -> History:
        """The messages."""
        return History(self.account, self.keys, self._clock, self._settings)

    def answer(self, call: Call) -> Answer:
        """The answer to any call below one of `BEGINNINGS`."""
        try:
            self._spend()  # before routing, even for unknown paths [seen]
            name = _name_of(call)
            if not name or call.method != "GET":
                return errors.no_route()
            self._admit(call, name)
            return self._answers(call, name)(Parameters(call))
        except Refusal as refused:
            return refused.answer

    def failure(self, status: int, text: str) -> Answer:
        """The shapes of conversas.md#basics."""
        return errors.failure(status, text, self._settings)

    def records_key(self, call: Call) -> str | None:
        """By the switches for envelopes."""
        name = _name_of(call)
        return records_key(self._settings) if name == "messages_history" else key_of_records(name, self._settings)

    def _spend(self) -> None:
        settings = self._settings
        wait = self._bucket.wait_ms(
            self._clock.now(),
            settings.conversas_bucket_burst,
            settings.conversas_bucket_per_minute,
            settings.conversas_other_traffic,
        )
        if wait:
            answer = errors.too_many(settings)
            if settings.conversas_retry_after == "seconds":
                answer.headers["Retry-After"] = str(int(-(-wait // 1000)))
            raise Refusal(answer)

    def _admit(self, call: Call, name: str) -> None:
        settings = self._settings
        sent = call.headers.get("authorization", "")
        if sent != f"Bearer {self.token}" or settings.conversas_token == "revoked":
            raise Refusal(errors.denied(settings))
        self._calls += 1
        if settings.conversas_flaky and self._calls % settings.conversas_flaky == 0:
            raise Refusal(json_answer(500, {"message": "Internal server error"}))
        if settings.conversas_plan != "full" and name in settings.conversas_plan_lists:
            status = int(settings.conversas_plan)
            if status == 404:
                raise Refusal(errors.no_route())
            refusal = json_answer(status, {"message": "Recurso não disponível no seu plano"})
            raise Refusal(errors.denied(settings) if status == 401 else refusal)

    def _answers(self, call: Call, name: str) -> Callable[[Parameters], Answer]:
        several = {
            "customers": self.lists.customers,
            "reports": self.reports.answer,
            "messages_history": self.history.answer,
            "campaigns": self.campaigns.answer,
            "campaign": lambda _: self.campaigns.detail(call.path.rpartition("/")[2]),
            "analytics_summary": self.analytics.summary,
            "analytics_retention": self.analytics.retention,
            "analytics_reviews": self.analytics.reviews,
            "analytics_origin": self.analytics.origin,
        }
        return several.get(name, lambda _: self.lists.whole(name))


def _name_of(call: Call) -> str:
    """What a path stands for; "" for no route."""
    return PATHS.get(call.path) or ("campaign" if CAMPAIGN.fullmatch(call.path) else "")
