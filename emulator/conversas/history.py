"""Message history of a contact: defaults that hide data, newest first, the whole page encrypted.

Facts: conversas.md#message-history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..clock import Clock, instant_text
from ..conversas_data.account import ConversasAccount
from ..conversas_data.talks import Message
from ..data.row import Row
from ..data.times import DAY
from ..exchange import TEXT, Answer, Refusal, json_answer
from ..rng import rng
from ..settings import Settings
from .errors import no_customer, wrong
from .parameters import Parameters, Place
from .plaintext import cut, plaintext
from .sealing import ENCRYPTIONS, Keys

__all__ = ["History", "records_key"]

DEFAULT_LIMIT, LARGEST_LIMIT = 15, 100
DEFAULT_DAYS = 30
EMPTY: dict[str, object] = {"blank": "", "null": None, "list": []}
SHARE, OLD_KEY, SPOILED = 5, 3, 2  # every fifth contact, told by the rest of its number


class History:
    """Answers history requests of one account."""

    def __init__(self, account: ConversasAccount, keys: Keys, clock: Clock, settings: Settings) -> None:
        self._account = account
        self._keys = keys
        self._clock = clock
        self._settings = settings
        self._dice = rng(account.seed, "new messages")
        self._asked = 0
        self._sealed = 0

    def answer(self, asked: Parameters) -> Answer:
        """One page; raises Refusal."""
        customer = self._customer(asked.text("customer_id"))
        start, end = self._window(asked)
        place = asked.place(DEFAULT_LIMIT)
        if place.limit > LARGEST_LIMIT:
            raise wrong(limit=f"must not be greater than {LARGEST_LIMIT}")
        if "messages_history" in self._settings.conversas_ignore_page:
            place = Place(1, place.limit)
        self._somebody_writes(customer)
        channels = asked.all("channel", ["whatsapp"])
        senders = asked.all("sent_by", ["customer", "operator"])
        kinds = asked.all("type", ["text"])
        chosen = [
            message
            for message in self._account.talks.of(customer)
            if start <= message.created <= end
            and message.channel in channels
            and message.sent_by in senders
            and message.type in kinds
        ]
        chosen = self._ordered(customer, chosen)[place.span]
        answer = self._enveloped(customer, [self.served(message) for message in chosen])
        answer.rows = len(chosen)
        return answer

    def _ordered(self, customer: Row, messages: list[Message]) -> list[Message]:
        """The messages, newest first in the account's data, in the order in which pages show them."""
        order = self._settings.conversas_history_order
        if order == "oldest":
            return messages[::-1]
        if order == "shuffled":
            rng(self._account.seed, customer.id).shuffle(messages)
        return messages

    def served(self, message: Message) -> dict[str, Any]:
        """A message's own fields; it has neither id nor type (conversas.md#message-fields)."""
        shown = {
            "sent_by": message.sent_by,
            "content": message.content,
            "created_at": instant_text(message.created),
            "status": message.status,
            "is_reply": message.is_reply,
            "is_template_message": message.is_template,
        }
        return {**shown, "channel": message.channel} if self._settings.conversas_message_channel else shown

    def truth(self, customer: Row) -> list[dict[str, Any]]:
        """The contact's messages before anything happened to them; `cut` is the content as the low-byte cut leaves it.

        NUL is still in it.
        """
        return [
            {
                **self.served(message),
                "customer_id": customer.id,
                "type": message.type,
                "channel": message.channel,
                "cut": cut(message.content).decode("latin-1"),
            }
            for message in self._account.talks.of(customer)
        ]

    def gone(self) -> set[str]:
        """Contacts that are listed, but have no history any more (conversas.md#unknowns row 18)."""
        return set(self._account.lists["customers"].initial_ids[: self._settings.conversas_gone])

    def for_old_key(self, customer: Row) -> bool:
        """Whether the contact's pages are encrypted for the key that was replaced (conversas.md#unknowns row 11)."""
        kid = self._settings.conversas_kid
        return kid == "old" or (kid == "share" and customer.index % SHARE == OLD_KEY)

    def spoiled(self, customer: Row) -> bool:
        """Whether the contact's pages are hit by `truncated` or `no_json`."""
        return self._settings.conversas_malformed in ("truncated", "no_json") and customer.index % SHARE == SPOILED

    def _customer(self, id_: str) -> Row:
        if not id_:
            raise wrong(customer_id="is required")
        customer = self._account.lists["customers"].rows.get(id_)
        if customer is None or id_ in self.gone():
            raise Refusal(no_customer())
        return customer

    def _window(self, asked: Parameters) -> tuple[int, int]:
        given, now = asked.window(self._settings.conversas_day_tz), self._clock.now()
        end = given.get("end_date", now)
        start = given.get("start_date", end - DEFAULT_DAYS * DAY)
        days = self._settings.conversas_history_range
        if days and end - start >= days * DAY:
            raise wrong(start_date=f"the range must not exceed {days} days")
        return start, end

    def _somebody_writes(self, customer: Row) -> None:
        """A new message pushes the others to later pages."""
        self._asked += 1
        every = self._settings.conversas_new_message_every
        if every and self._asked % every == 0:
            talks = self._account.talks
            talks.add(customer, talks.invent(customer, self._clock.now(), self._dice))

    def _enveloped(self, customer: Row, messages: Sequence[dict[str, Any]]) -> Answer:
        settings = self._settings
        form, key = settings.conversas_history_envelope, settings.conversas_history_envelope
        whole = form in ("body_text", "body_string")
        if not messages and settings.conversas_empty_page == "absent":
            return json_answer(200, {})
        content: object
        if not messages and settings.conversas_empty_page != "jwe":
            content = EMPTY[settings.conversas_empty_page]
        elif form == "plain":
            content = messages
        else:
            content = self._seal(customer, messages)
            if form == "body_text":
                return Answer(200, str(content).encode(), content_type=TEXT)
        return json_answer(200, content if whole else {"messages" if form == "plain" else key: content})

    def _seal(self, customer: Row, messages: Sequence[dict[str, Any]]) -> str:
        settings = self._settings
        self._sealed += 1
        enc = (
            ENCRYPTIONS[self._sealed % len(ENCRYPTIONS)]
            if settings.conversas_enc == "mixed"
            else settings.conversas_enc
        )
        raw = plaintext(messages, settings, spoil=self.spoiled(customer))
        return self._keys.sealed(raw, enc, settings.conversas_alg, old=self.for_old_key(customer))


def records_key(settings: Settings) -> str | None:
    """The key of a history answer that holds its page; None when the body is just this."""
    form = settings.conversas_history_envelope
    return None if form.startswith("body") else "messages" if form == "plain" else form
