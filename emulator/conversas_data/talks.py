"""The messages of each contact, newest first: invented when asked for, kept only where something was added."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from ..data.row import Row
from ..data.times import DAY
from ..rng import Rng, rng
from .lookup import CREATED_LATER, Lookup
from .people import CHANNELS
from .texts import EVENTS, media, said

__all__ = ["TYPES", "Message", "Talks"]

TYPES = (  # text first; the eighteen values that a live client sends (conversas.md#message-history)
    "text", "audio", "document", "image", "video", "contact", "interactive", "location", "doc", "list", "list_reply",
    "button_reply", "quick_reply", "buttons_image", "buttons_video", "buttons_document", "call-to-action", "email",
)  # fmt: skip
WEIGHTS = (60, 8, 5, 7, 3, *[1] * 13)
SENDERS, SENDER_WEIGHTS = ("customer", "operator", "bot"), (50, 40, 10)
STATUSES = ("success", "wait", "read", "checked")
PAGE_SIZES = (100, 15)  # a talk of exactly one page is the hard case of an end without a total
LONGEST_TALK = 200 * DAY
KEPT_TALKS = 256  # a contact's pages are asked for one after another, several contacts at a time


class Message(NamedTuple):
    """One message; neither type nor id is served (conversas.md#message-fields)."""

    created: int
    sent_by: str
    content: str
    type: str
    channel: str
    status: str
    is_reply: bool
    is_template: bool


class Talks:
    """All messages of a account."""

    def __init__(self, account: Lookup, most: int, until: int) -> None:
        self._account = account
        self._most = most
        self._until = until
        self._invented: OrderedDict[str, list[Message]] = OrderedDict()
        self._added: dict[str, list[Message]] = {}

    def of(self, customer: Row) -> list[Message]:
        """The contact's messages, newest first."""
        added = self._added.get(customer.id)
        if added is None:
            return self._begun(customer)
        return sorted([*added, *self._begun(customer)], key=lambda message: -message.created)

    def add(self, customer: Row, message: Message) -> None:
        """One more message; it need not be the newest."""
        self._added.setdefault(customer.id, []).insert(0, message)

    def invent(self, customer: Row, created: int, dice: Rng) -> Message:
        """A message of that instant."""
        kind = dice.choices(TYPES, WEIGHTS)[0]
        sender = dice.choices(SENDERS, SENDER_WEIGHTS)[0]
        usual: str = customer.fields["_channel"]
        luck = dice.random()
        content = media(kind, int(luck * 10_000))
        if content is None:
            content = dice.choice(EVENTS) if luck < 0.05 else said(dice)
            if sender == "operator" and luck >= 0.05:
                agent = self._account.some_row("employees", dice)
                content = f"*{agent.fields['name'] if agent else 'Equipe'}:*\n{content}"
        return Message(
            created,
            sender,
            content,
            kind,
            usual if dice.random() < 0.9 else dice.choice(CHANNELS),
            dice.choice(STATUSES),
            is_reply=luck > 0.9,
            is_template=sender != "customer" and luck > 0.8,
        )

    def _begun(self, customer: Row) -> list[Message]:
        """As the account began; of a contact created later nothing."""
        if customer.index >= CREATED_LATER:
            return []
        kept = self._invented.get(customer.id)
        if kept is None:
            kept = self._invented[customer.id] = self._invent_talk(customer)
            if len(self._invented) > KEPT_TALKS:
                self._invented.popitem(last=False)
        return kept

    def _invent_talk(self, customer: Row) -> list[Message]:
        dice = rng(self._account.seed, "talk", customer.index)
        begin = customer.created or 0
        length = min(self._until - begin, LONGEST_TALK)
        moments = sorted((begin + int(dice.random() * length) for _ in range(self._count(dice))), reverse=True)
        made: list[Message] = []
        for at in moments:
            twin = bool(made) and dice.random() < 0.04  # two equal ones, which must stay two
            made.append(made[-1] if twin else self.invent(customer, at, dice))
        return made

    def _count(self, dice: Rng) -> int:
        roll = dice.random()
        if roll < 0.1:
            return 0
        if roll < 0.2:
            return self._most
        if roll < 0.3:
            return next((size for size in PAGE_SIZES if size <= self._most), self._most)
        return 1 + int(dice.random() * self._most) if self._most else 0
