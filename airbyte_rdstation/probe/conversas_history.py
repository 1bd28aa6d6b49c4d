"""Shows an account of Conversas to questions, and asks what is open of its history: encryption, ends, plans."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import Any, Final

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.probe.questions import Answer, Caller, CannotTellError, Question, require

__all__ = ["PAGE_QUESTIONS", "QUARTER", "QUARTERS", "AccountConversas", "Sealed", "listed", "today", "window"]


_VISITS: Final = 8
_PARTS: Final = 5
_HISTORY_DAYS: Final = 400
QUARTER: Final = 89
QUARTERS: Final = 5
_EVERYTHING: Final[dict[str, str]] = {"channel": "whatsapp", "limit": "100"}
_ENCS: Final = ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"]
_ENVELOPES: Final = ("messages", "data", "payload", "encrypted", "result")


class Sealed:
    """Holds a page of history: the place of its JWE, its header, and what is inside if the key opens it."""

    def __init__(self, answer: Answer, key: JWK | None) -> None:
        self.place, text = _jwe_in(answer)
        self.token = JWE(algs=["RSA-OAEP-256", "RSA-OAEP", *_ENCS])
        self.header: dict[str, Any] = {}
        self.plaintext: bytes | None = None
        if text is None:
            return
        self.token.deserialize(text)
        self.header = json.loads(self.token.objects["protected"])
        if key is not None:
            try:
                self.token.decrypt(key)
                self.plaintext = self.token.payload
            except JWException:
                self.plaintext = None


class AccountConversas:
    """Reads one account."""

    def __init__(self, caller: Caller, private_key: str, start_date: str) -> None:
        self.caller = caller
        self._private_key = private_key
        self._start_date = start_date or str(today() - timedelta(days=_HISTORY_DAYS))

    def get(self, path: str, **params: str) -> Answer:
        """Return the answer, as it comes."""
        return self.caller.get(path, params)

    def contacts(self, page: int = 1, limit: int = 100) -> Answer:
        """Return a page of contacts."""
        return self.get("/v2/customers", page=str(page), limit=str(limit))

    @cached_property
    def reports(self) -> list[Row]:
        """Return some attendances of the last year, the latest first. Raises CannotTellError where there is none."""
        for quarter in range(QUARTERS):
            answer = self.get("/v4/reports", page="1", limit="49", **window(QUARTER, until=quarter * QUARTER))
            if rows := listed(answer, "docs", "reports"):
                return rows
        raise CannotTellError("no attendance was opened in a year")

    @cached_property
    def first_contacts(self) -> list[Row]:
        """Return the first page. Raises CannotTellError where there is none."""
        answer = self.contacts()
        rows = listed(answer, "customers")
        require(rows, "the account has no contact")
        return rows

    def history(self, contact: Row, page: int = 1, **more: str) -> Answer:
        """Return a page of a contact's messages since the configuration's `start_date`, or of 400 days."""
        asked = {**_EVERYTHING, "customer_id": str(contact.get("_id") or contact.get("id")), "page": str(page)}
        return self.get(
            "/v2/messages/history", **{**asked, "start_date": self._start_date, "end_date": str(today()), **more}
        )

    @cached_property
    def sealed(self) -> list[Sealed]:
        """Return first pages of some contacts. Raises CannotTellError where none of them has messages."""
        found = []
        for contact in self.first_contacts[:_VISITS]:
            answer = self.history(contact)
            if answer.status in (401, 402, 403):
                raise CannotTellError(f"the plan has no history ({answer.status})")
            if answer.ok:
                found.append(Sealed(answer, self.key))
        require(any(page.header for page in found), f"the history of {len(found)} contacts holds nothing encrypted")
        return [page for page in found if page.header]

    @cached_property
    def key(self) -> JWK | None:
        """Return the private key of the configuration, where it is a JWK."""
        try:
            return JWK.from_json(self._private_key.strip())
        except (JWException, ValueError):
            return None

    def plaintexts(self) -> list[bytes]:
        """Return what the key opens. Raises CannotTellError where it opens nothing."""
        found = [page.plaintext for page in self.sealed if page.plaintext and page.plaintext != b"[]"]
        require(found, "the key opens no page, or the configuration has none")
        return found


def today() -> date:
    """Return the day in UTC."""
    return datetime.now(timezone.utc).date()


def listed(answer: Answer, *names: str) -> list[Row]:
    """Return the list under one of these names, or under one that any list may have."""
    return answer.rows(*names, "data", "docs", "items", "results")


def window(days: int, until: int = 0) -> dict[str, str]:
    """Return `{"start_date": …, "end_date": …}`: so many days, the last of them today, or so many days before."""
    last = today() - timedelta(days=until)
    return {"start_date": str(last - timedelta(days=days - 1)), "end_date": str(last)}


def _jwe_in(answer: Answer) -> tuple[str, str | None]:
    """Tell where the encrypted text stands, as the emulator's `conversas_history_envelope` names it, and the text."""
    body = answer.body
    text = answer.content.decode("utf-8", "replace").strip()
    if body is None and text.count(".") == _PARTS - 1:
        return "body_text", text
    if isinstance(body, str):
        return ("body_string", body) if body.count(".") == _PARTS - 1 else ("plain", None)
    if isinstance(body, dict):
        for name in _ENVELOPES:
            value = body.get(name)
            if isinstance(value, str) and value.count(".") == _PARTS - 1:
                return name, value
            if isinstance(value, list):
                return "plain", None
    return "empty", None


_NOBODY: Final = "0" * 24
_REFUSED: Final = (401, 402, 403)
_TRIES: Final = 6
_BEHIND_THE_LAST: Final = 9_999


def _enc(account: AccountConversas) -> str:
    return ", ".join(sorted({str(page.header.get("enc")) for page in account.sealed}))


def _alg(account: AccountConversas) -> str:
    return ", ".join(sorted({str(page.header.get("alg")) for page in account.sealed}))


def _place(account: AccountConversas) -> str:
    return ", ".join(sorted({page.place for page in account.sealed}))


def _encoding(account: AccountConversas) -> str:
    for text in account.plaintexts():
        if any(byte > 0x7F for byte in text):
            try:
                text.decode("utf-8")
            except UnicodeDecodeError:
                return "low_byte"
            return "utf-8"
    raise CannotTellError("the pages hold plain ASCII alone")


def _nested(account: AccountConversas) -> str:
    return "on" if any(text.lstrip()[:1] == b'"' for text in account.plaintexts()) else "off"


def _empty_page(account: AccountConversas) -> str:
    answer = account.history(account.first_contacts[0], page=_BEHIND_THE_LAST).success()
    if not isinstance(answer.body, dict):
        return answer.form
    if "messages" not in answer.body:
        return "absent"
    value = answer.body["messages"]
    return {"": "blank", None: "null"}.get(value, "jwe") if isinstance(value, (str, type(None))) else "list"


def _kid(account: AccountConversas) -> str:
    if account.key is None:
        raise CannotTellError("the configuration has no private key as a JWK")
    own = account.key.key_id
    found = {page.header.get("kid") == own for page in account.sealed}
    return "current" if found == {True} else "old" if found == {False} else "share"


def _plan(account: AccountConversas) -> str:
    answer = account.history(account.first_contacts[0])
    return "full" if answer.status not in _REFUSED else str(answer.status)


def _comma(account: AccountConversas) -> str:
    for contact in account.first_contacts[:_TRIES]:
        whole, empty = (len(account.history(contact, page).content) for page in (1, _BEHIND_THE_LAST))
        if whole > 2 * empty:
            joined = account.history(contact, type="text,audio").success()
            return "empty" if len(joined.content) <= 2 * empty else "obeyed"
    raise CannotTellError(f"{_TRIES} contacts have few messages")


def _history_range(account: AccountConversas) -> str:
    contact = account.first_contacts[0]
    answer = account.history(contact, start_date=str(today() - timedelta(days=365)))
    if answer.status in _REFUSED:
        raise CannotTellError(f"the plan has no history ({answer.status})")
    return answer.or_status("none")


def _gone(account: AccountConversas) -> str:
    answer = account.history({"_id": _NOBODY})
    if answer.status in _REFUSED:
        raise CannotTellError(f"the plan has no history ({answer.status})")
    return str(answer.status)


PAGE_QUESTIONS: Final = (
    Question("7", "how pages are encrypted", "A128CBC-HS256", "reads all six", _enc),
    Question("7 alg", "how their keys are", "RSA-OAEP-256", "reads RSA-OAEP, too", _alg),
    Question("8", "letters of decrypted pages", "low_byte", "UTF-8, then one byte a letter", _encoding),
    Question("9", "pages in quotes", "off", "unwraps them", _nested),
    Question("10", "a page behind the last", "jwe", "takes each of these forms for the end", _empty_page),
    Question("10 place", "where the encrypted text stands", "messages", "looks in each known place", _place),
    Question("11", "the key of the pages", "current", "keeps what it cannot open, warns once a key", _kid),
    Question("12", "the plan's message history", "full", "says that the plan lacks it; the others are read", _plan),
    Question("13", "values joined by commas", "empty", "never joins them", _comma),
    Question("17", "a year of history in one call", "none", "splits the time where it is refused", _history_range),
    Question("18", "the history of a contact that is gone", "404", "skips and counts it", _gone),
)  # fmt: skip
