"""Shows an account over API v2 to questions, and asks which forms of a filter it obeys.

An answer is believed by its rows: 200 alone proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Final, TypeVar

from airbyte_rdstation.client.rdql import contains, one_of, quote
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.probe.questions import Answer, Caller, CannotTellError, Question, plain_keys, require

__all__ = ["FILTER_QUESTIONS", "LISTS", "AccountV2", "at_least", "error_shape"]


LISTS: Final = ("contacts", "deals", "organizations")
_PAGE: Final = 200
T = TypeVar("T")


class AccountV2:
    """Reads one account; `tokens` reaches its token endpoint without the connection's own token."""

    def __init__(self, caller: Caller, tokens: Caller, credentials: Mapping[str, str]) -> None:
        self.caller = caller
        self.tokens = tokens
        self.credentials = credentials

    def page(
        self,
        path: str,
        *,
        size: int | None = _PAGE,
        number: int = 1,
        sort: str = "",
        order: str = "asc",
        condition: str = "",
    ) -> Answer:
        """Return one page of a list, or of what a filter finds in it."""
        params = {"page[number]": str(number)}
        if size:
            params["page[size]"] = str(size)
        if sort:
            params[f"sort[{sort}]"] = order
        if condition:
            params["filter"] = condition
        return self.caller.get(f"/crm/v2/{path}", params)

    def sample(self, path: str) -> list[Row]:
        """Return the first page of deals, contacts or organizations, the oldest first; asked for once."""
        if path not in self._samples:
            self._samples[path] = self.page(path, sort="created_at").rows()
        return self._samples[path]

    def filtered(self, path: str, condition: str) -> Answer:
        """Return the first page of what a filter finds, the oldest first."""
        return self.page(path, sort="created_at", condition=condition)

    @cached_property
    def custom_fields(self) -> list[Row]:
        """Return the account's custom fields."""
        answer = self.page("custom_fields", size=_PAGE)
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        return [data] if isinstance(data, dict) else answer.rows()

    @cached_property
    def _samples(self) -> dict[str, list[Row]]:
        return {}


def at_least(rows: list[T], count: int, what: str) -> list[T]:
    """Return the rows. Raises CannotTellError where there are fewer."""
    require(len(rows) >= count, f"the account has fewer than {count} {what}")
    return rows


def error_shape(answer: Answer) -> str:
    """Tell where the text of an error stands, in the words of the emulator's `error_shape`."""
    body = answer.body
    if answer.form != "JSON":
        return answer.form.lower()
    if isinstance(body, dict) and isinstance(body.get("errors"), list) and body["errors"]:
        item = body["errors"][0]
        return _first_of(item, "detail", "error_message", "message", "title") if isinstance(item, dict) else "texts"
    if isinstance(body, dict):
        place = _first_of(body, "detail", "message", "error", "errors")
        return "top_detail" if place == "detail" else place
    return "another JSON"


def _first_of(body: Row, *names: str) -> str:
    found = [name for name in names if name in body]
    return found[0] if found else f"keys {plain_keys(body)}"


_VISITS: Final = 10
Values = Callable[[Row], "list[str]"]


def _emails(row: Row) -> list[str]:
    return [str(item["email"]) for item in row.get("emails") or () if isinstance(item, dict) and item.get("email")]


def _phones(row: Row) -> list[str]:
    return [str(item["phone"]) for item in row.get("phones") or () if isinstance(item, dict) and item.get("phone")]


def _text(key: str, row: Row) -> list[str]:
    return [row[key]] if isinstance(row.get(key), str) and row[key].strip() else []


def _custom(slug: str, row: Row) -> list[str]:
    held = row.get("custom_fields")
    value = held.get(slug) if isinstance(held, dict) else None
    return [value] if isinstance(value, str) and value.strip() else []


def _two(rows: list[Row], values: Values) -> list[str]:
    """Return two different values that few records have."""
    found = list(dict.fromkeys(value for row in rows for value in values(row) if '"' not in value))
    require(len(found) >= 2, "the records do not differ in it")
    return found[:2]


def _outcome(answer: Answer, wanted: set[str], values: Values, *, part: bool = False) -> str:
    """Tell what became of a condition that the wanted values fit."""
    answer.success()
    rows = answer.rows()
    if not rows:
        return "finds nothing"
    folded = {value.casefold() for value in wanted}
    held = [{value.casefold() for value in values(row)} for row in rows]
    fitting = [any(_fits(value, folded, part) for value in row) for row in held]
    if sum(fitting) * 2 < len(rows):
        return "ignored"
    found = {value for row in held for value in row} & folded
    return "obeyed" if found == folded else "first value only" if len(folded) > 1 else "finds others"


def _fits(value: str, wanted: set[str], part: bool) -> bool:
    return value in wanted or (part and any(text in value for text in wanted))


def _equal(path: str, name: str, values: Values, account: AccountV2) -> str:
    first, _ = _two(account.sample(path), values)
    return _outcome(account.filtered(path, f"{name}:{quote(first)}"), {first}, values)


def _list(path: str, name: str, values: Values, account: AccountV2) -> str:
    both = _two(account.sample(path), values)
    return _outcome(account.filtered(path, one_of(name, both)), set(both), values)


def _part(path: str, name: str, values: Values, account: AccountV2) -> str:
    first, _ = _two(account.sample(path), values)
    return _outcome(account.filtered(path, contains(name, first)), {first}, values, part=True)


def _by_slug(form: Callable[[str, str, Values, AccountV2], str], account: AccountV2) -> str:
    for path, entity in (("contacts", "contact"), ("organizations", "organization"), ("deals", "deal")):
        for field in account.custom_fields:
            slug = str(field.get("slug"))
            if field.get("entity") != entity or field.get("type") != "text":
                continue
            values = partial(_custom, slug)
            if len({value for row in account.sample(path) for value in values(row)}) > 1:
                return form(path, f"@{slug}", values, account)
    raise CannotTellError("no custom field of texts has two values")


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _by_digits(path: str, name: str, values: Values, account: AccountV2) -> str:
    """Tell whether a number without punctuation finds the record that has it with punctuation."""
    held = [value for row in account.sample(path) for value in values(row)]
    spelled = [value for value in held if len(_digits(value)) in range(8, len(value))]
    digits = _digits(at_least(spelled, 1, "numbers with punctuation in them")[0])
    rows = account.filtered(path, f"{name}:{quote(digits)}").success().rows()
    found = [digits in map(_digits, values(row)) for row in rows]
    return "finds nothing" if not rows else "finds it" if all(found) else "ignored"


def _last_digits(account: AccountV2) -> str:
    """Tell whether `:~` finds phones by their last four digits."""
    last = _two(account.sample("contacts"), _phones)[0][-4:]
    rows = account.filtered("contacts", contains("phone", last)).success().rows()
    found = [any(last in value for value in _phones(row)) for row in rows]
    return "finds nothing" if not rows else _OBEYED if all(found) else "ignored"


def _ids_bare(account: AccountV2) -> str:
    both = _two(account.sample("deals"), partial(_text, "id"))
    return _outcome(account.filtered("deals", f"id:({','.join(both)})"), set(both), partial(_text, "id"))


def _letters(account: AccountV2) -> str:
    """Tell how `:` compares texts, in the words of the emulator's `text_match`."""
    for row in account.sample("contacts"):
        name = str(row.get("name") or "")
        first = name.split(" ")[0]
        if '"' in name or first == name or name == name.upper():
            continue
        part = account.filtered("contacts", f"name:{quote(first)}").success()
        if any(
            found.get("name") != first and first.casefold() in str(found.get("name")).casefold()
            for found in part.rows()
        ):
            return "contains"
        capitals = account.filtered("contacts", f"name:{quote(name.upper())}")
        found_names = [str(found.get("name")) for found in capitals.rows()]
        return "fold" if any(found.casefold() == name.casefold() for found in found_names) else "exact"
    raise CannotTellError("no contact has a name of two words")


def _unlisted(account: AccountV2) -> str:
    at_least(account.sample("contacts"), 1, "contacts")
    answer = account.filtered("contacts", 'unlisted_property:"x"').success()
    return "ignore" if answer.rows() else "finds nothing"


def _instant(literal: str, account: AccountV2) -> str:
    return account.filtered("deals", f"updated_at:>={literal}").or_status("accepted")


def _has(account: AccountV2) -> str:
    """Tell which forms of `has:product` are obeyed, in the words of the emulator's `has_form`."""
    deals = at_least(account.sample("deals"), 2, "deals")
    without = _without_products(account, deals)
    obeyed = [name for name, form in (("bare", "has:product"), ("value", "has:product:true")) if without(form)]
    return "both" if len(obeyed) > 1 else obeyed[0] if obeyed else "none"


def _without_products(account: AccountV2, deals: list[Row]) -> Callable[[str], bool]:
    """Return what tells whether a form is accepted and leaves out a deal that has no product."""
    for deal in deals[:_VISITS]:
        if not account.page(f"deals/{deal['id']}/products").rows():
            break
    else:
        raise CannotTellError(f"each of {_VISITS} deals has products")

    def obeys(form: str) -> bool:
        answer = account.filtered("deals", form)
        return answer.ok and bool(rows := answer.rows()) and deal["id"] not in {row.get("id") for row in rows}

    return obeys


_ID: Final = partial(_text, "id")
_OBEYED: Final = "obeyed"
_MISSED: Final = "finds nothing"
_ENDS: Final = "asks for last four digits, then reads all records"
_LADDER: Final = "looks up by lists, then single keys, then reads all records once"
_PARTS: Final = "compares exactly on its own side"


def _forms() -> tuple[Question[AccountV2], ...]:
    lists = (
        ("contacts", "email", _emails),
        ("contacts", "name", partial(_text, "name")),
        ("organizations", "name", partial(_text, "name")),
        ("deals", "name", partial(_text, "name")),
    )
    found = []
    for path, name, values in lists:
        of = "" if name == "email" else f" of {path}"
        found += [
            Question(f"35 {name}:({of}", f"{name}:(…,…){of}", _OBEYED, _LADDER, partial(_list, path, name, values)),
            Question(f"28 {name}:{of}", f'{name}:"…"{of}', _OBEYED, _LADDER, partial(_equal, path, name, values)),
            Question(f"28 {name}:~{of}", f"{name}:~{of}", _OBEYED, _PARTS, partial(_part, path, name, values)),
        ]
    for row, form in (("35 @slug:(", _list), ("28 @slug:", _equal), ("28 @slug:~", _part)):
        found.append(Question(row, row.partition(" ")[2], _OBEYED, _LADDER, partial(_by_slug, form)))
    return tuple(found)


FILTER_QUESTIONS: Final = (
    Question("6", "a filter by a property that is not listed", "500", "never sends one; checks what comes", _unlisted),
    Question("7 point", "a moment with fractions of a second", "500", "sends whole seconds",
        partial(_instant, '"2000-01-01 00:00:00.000"')),
    Question("7 bare", "a moment without quotes", "500", "sends quotes", partial(_instant, "2000-01-01 00:00:00")),
    Question("22", "forms of has:product", "both", "tries has:product, then has:product:true, then asks every deal",
        _has),
    Question("22 is", "is:active on users", "accepted", "does not filter users",
        lambda account: account.page("users", condition="is:active").or_status("accepted")),
    Question("28", "how `:` compares texts", "exact", "quotes, and compares exactly on its own side", _letters),
    Question("28 phone:", "phone:", _OBEYED, _ENDS, partial(_equal, "contacts", "phone", _phones)),
    Question("28 phone: digits", 'phone:"<digits>" for +55 (…) …', _MISSED, _ENDS,
        partial(_by_digits, "contacts", "phone", _phones)),
    Question("28 phone:~", "phone:~ with the last four digits", _OBEYED, _ENDS, _last_digits),
    Question("28 @slug: digits", '@slug:"<digits>" for 00.000.000/0001-00', _MISSED,
        "asks for both, and reads all records where they are few", partial(_by_slug, _by_digits)),
    Question("35 id:(", 'id:("…","…") on deals', _OBEYED, "bare next, then singly", partial(_list, "deals", "id", _ID)),
    Question("35 id:( bare", "id:(…,…) on deals", _OBEYED, "one by one next", _ids_bare),
    *_forms(),
)  # fmt: skip
