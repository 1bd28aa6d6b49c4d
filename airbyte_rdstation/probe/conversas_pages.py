"""What RD Station Conversas leaves open of the message history: encryption, ends, plans."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from airbyte_rdstation.probe.caller import CannotTellError
from airbyte_rdstation.probe.conversas_account import ConversasStreamFactory, today
from airbyte_rdstation.probe.findings import Question

__all__ = ["PAGE_QUESTIONS"]

Account = ConversasStreamFactory

_NOBODY: Final = "0" * 24
_REFUSED: Final = (401, 402, 403)
_TRIES: Final = 6
_BEHIND_THE_LAST: Final = 9_999


def _enc(account: Account) -> str:
    return ", ".join(sorted({str(page.header.get("enc")) for page in account.sealed}))


def _alg(account: Account) -> str:
    return ", ".join(sorted({str(page.header.get("alg")) for page in account.sealed}))


def _place(account: Account) -> str:
    return ", ".join(sorted({page.place for page in account.sealed}))


def _encoding(account: Account) -> str:
    for text in account.plaintexts():
        if any(byte > 0x7F for byte in text):
            try:
                text.decode("utf-8")
            except UnicodeDecodeError:
                return "low_byte"
            return "utf-8"
    raise CannotTellError("the pages hold plain ASCII alone")


def _nested(account: Account) -> str:
    return "on" if any(text.lstrip()[:1] == b'"' for text in account.plaintexts()) else "off"


def _empty_page(account: Account) -> str:
    answer = account.history(account.first_contacts[0], page=_BEHIND_THE_LAST)
    if not answer.ok:
        return str(answer.status)
    if not isinstance(answer.body, dict):
        return answer.form
    if "messages" not in answer.body:
        return "absent"
    value = answer.body["messages"]
    return {"": "blank", None: "null"}.get(value, "jwe") if isinstance(value, (str, type(None))) else "list"


def _kid(account: Account) -> str:
    if account.key is None:
        raise CannotTellError("the configuration has no private key as a JWK")
    own = account.key.key_id
    found = {page.header.get("kid") == own for page in account.sealed}
    return "current" if found == {True} else "old" if found == {False} else "share"


def _plan(account: Account) -> str:
    answer = account.history(account.first_contacts[0])
    return "full" if answer.status not in _REFUSED else str(answer.status)


def _comma(account: Account) -> str:
    for contact in account.first_contacts[:_TRIES]:
        whole, empty = (len(account.history(contact, page).content) for page in (1, _BEHIND_THE_LAST))
        if whole > 2 * empty:
            joined = account.history(contact, type="text,audio")
            if not joined.ok:
                return str(joined.status)
            return "empty" if len(joined.content) <= 2 * empty else "obeyed"
    raise CannotTellError(f"{_TRIES} contacts have few messages")


def _history_range(account: Account) -> str:
    contact = account.first_contacts[0]
    answer = account.history(contact, start_date=str(today() - timedelta(days=365)))
    if answer.status in _REFUSED:
        raise CannotTellError(f"the plan has no history ({answer.status})")
    return "none" if answer.ok else str(answer.status)


def _gone(account: Account) -> str:
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
