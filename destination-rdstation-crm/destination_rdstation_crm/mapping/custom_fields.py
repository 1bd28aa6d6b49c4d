"""The account's custom fields of one entity: what an `@slug` takes, which one may be meant, what values a record holds.

Facts: docs/api/crm-v2.md#small-lists and #writes. A record's values are keyed by slug [doc][seen], or by the field's id
[guess].
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeVar

from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.invisible import plain_name, shown
from destination_rdstation_crm.objects.crm_object import (
    CUSTOM_FIELDS,
    CUSTOM_PREFIX,
    DATE,
    TEXT,
    Field,
    Schema,
)
from destination_rdstation_crm.objects.existing_values import Same, same_day, same_fold, same_set, same_untyped
from destination_rdstation_crm.objects.figures import brazilian_day
from destination_rdstation_crm.objects.key_forms import FORMS, TEXT_KEY, Match, document_form
from destination_rdstation_crm.objects.values import (
    begins_nested,
    blank,
    fold,
    look,
    truth,
    truth_or_text,
    unfolded,
)
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["CustomField", "CustomFields", "Options", "suggestion"]

Kind = Literal["text", "date", "option", "multiple_choice"]
_SAME: Final[Mapping[Kind, Same]] = {
    "text": same_untyped,
    "date": same_day,
    "option": same_fold,
    "multiple_choice": same_set,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomField(Field):
    """One custom field; its name is `@slug`."""

    id: str
    slug: str
    kind: Kind
    required: bool
    """Whether every record must have it; a field that only some stages demand is not."""
    unique: bool
    """Whether no two records may have one value of it."""
    resent: Callable[[Any], Any]
    """An existing value -> the form that a write takes; as it is, where it has none."""


class CustomFields:
    """All custom fields of one entity, by slug."""

    def __init__(
        self, entity: str, fields: Iterable[CustomField] = (), *, unread: ConnectorError | None = None
    ) -> None:
        """`unread`: why their list cannot be had, so that it is not known which there are, nor what they take."""
        self.entity = entity
        self.unread = unread
        self._by_slug: dict[str, CustomField] = {}
        for each in fields:
            self._by_slug.setdefault(each.slug, each)
        self._slug_of_id = {each.id: slug for slug, each in self._by_slug.items() if each.id}

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], entity: str) -> CustomFields:
        """Read the rows of `GET /custom_fields`, whatever else they are for. A row without a slug cannot be named."""
        mine = (row for row in rows if str(row.get("entity") or entity).casefold() == entity)
        return cls(entity, (_custom_field(row) for row in mine if not blank(row.get("slug"))))

    def __iter__(self) -> Iterator[CustomField]:
        return iter(self._by_slug.values())

    @property
    def required(self) -> list[CustomField]:
        """Those that every new record must have."""
        return [each for each in self if each.required]

    def matched(self, matches: Mapping[str, Match]) -> CustomFields:
        """Give the same fields, of which those of these slugs are compared as the mapping says."""
        if not matches:
            return self
        forms = {slug: FORMS[match] for slug, match in matches.items()}
        fields = (replace(each, form=forms.get(each.slug, each.form)) for each in self)
        return CustomFields(self.entity, fields, unread=self.unread)

    def field(self, slug: str) -> CustomField:
        """Find the field of that slug; a config error names near misses. Where the list is unread, raises that."""
        if self.unread:
            raise ConnectorError(
                self.unread.internal_message,
                f"{self.unread.message} Without the list of custom fields it is not known what `@{shown(slug)}` takes, "
                "and nothing is written. To write the other columns meanwhile, map none to a custom field.",
                self.unread.failure_type,
            )
        if slug not in self._by_slug:
            raise config_error(
                f"The account has no custom field `@{shown(slug)}` for {self.entity}s. "
                f"{suggestion('@' + slug, ('@' + known for known in self._by_slug))} "
                "Use the slug as RD Station has it, or create the field there."
            )
        return self._by_slug[slug]

    def existing(self, values: Any) -> dict[str, Any]:
        """Read a record's values by slug, without empty ones and those of fields that the account no longer has."""
        if not isinstance(values, Mapping):
            return {}
        by_slug = {self._slug_of_id.get(key, key): value for key, value in values.items()}
        return {slug: value for slug, value in by_slug.items() if slug in self._by_slug and not blank(value)}


def _custom_field(row: Mapping[str, Any]) -> CustomField:
    kind: Kind = next((known for known in _SAME if known == str(row.get("type") or "").casefold()), "text")
    listed, rules = row.get("options"), row.get("required_rules")
    texts = [str(option) for option in listed if not blank(option)] if isinstance(listed, list) else []
    options = Options(texts, open_ended=row.get("allow_new_option") is True)
    encoders: Mapping[Kind, Callable[[Any], Any]] = {
        "text": truth_or_text,
        "date": brazilian_day,
        "option": options.one,
        "multiple_choice": options.several,
    }
    several = kind == "multiple_choice"

    def resent(existing: Any) -> Any:
        if isinstance(existing, bool):  # some custom texts hold true or false [seen]
            return existing
        try:
            return encoders[kind](existing)
        except RowRejectedError:
            return existing

    title = str(row.get("name") or row["slug"])
    return CustomField(
        name=f"{CUSTOM_PREFIX}{row['slug']}",
        title=title,
        key=CUSTOM_FIELDS,
        encode=encoders[kind],
        schema=_schema(kind, options),
        same=lambda existing, sent: _SAME[kind](resent(existing), sent),
        clear=list if several else lambda: None,
        read=options.read if several else None,
        form=document_form(str(row["slug"]), title) if kind == "text" else TEXT_KEY,
        id=str(row.get("id") or ""),
        slug=str(row["slug"]),
        kind=kind,
        required=isinstance(rules, list) and any(isinstance(rule, Mapping) and rule.get("always") for rule in rules),
        unique=row.get("unique") is True,
        resent=resent,
    )


def _schema(kind: Kind, options: Options) -> Schema:
    choice: Schema = TEXT if options.open_ended else {**TEXT, "enum": options.texts}
    if kind == "multiple_choice":
        return {"type": ["array", "string"], "items": choice}
    return choice if kind == "option" else DATE if kind == "date" else TEXT


class Options:
    """The texts that an `option` or `multiple_choice` field takes; with no options known, any text."""

    def __init__(self, texts: Sequence[str], *, open_ended: bool) -> None:
        self.texts = list(texts)
        self.open_ended = open_ended or not texts
        """Whether the field takes any other text too."""
        self._exact = frozenset(texts)
        # What a cell may have in common with one option alone, the surest first: case, then accents and spaces.
        self._alike = [(common, _by(common, self._exact)) for common in (fold, look)]
        self._by_truth = _by(truth, self._exact) if {*map(truth, self._exact)} == {True, False} else {}

    def one(self, cell: Any) -> str:
        """Find the option that the cell names."""
        wanted = truth_or_text(cell).strip()
        found = self._find(wanted) or _only(self._by_truth.get(truth(wanted)))
        if found is not None:
            return found
        if begins_nested(wanted):
            raise RowRejectedError("one option is needed, and this is a JSON list or object as text")
        if self.open_ended:
            return wanted
        if any(common(wanted) in options for common, options in self._alike):
            raise RowRejectedError("this could be several of the field's options, which differ in case or accents only")
        raise RowRejectedError(
            "this is none of the field's options, and the field allows no new ones",
            aside=f": {_enumerated(self.texts)}",
        )

    def read(self, cell: Any) -> Any:
        """Read the list that a cell holds as text, where that text is no option itself."""
        return cell if isinstance(cell, str) and self._find(cell) is not None else unfolded(cell)

    def several(self, cell: Any) -> list[str]:
        """Find the options of a list, or of a text with separators between them, each once."""
        named = [self.one(item) for item in cell if not blank(item)] if isinstance(cell, list) else self._split(cell)
        if not named:
            raise RowRejectedError("an option is needed, and there are only commas")
        return list(dict.fromkeys(named))

    def _split(self, cell: Any) -> list[str]:
        """Cut the text at its separators, into the longest options that are known: an option may contain some."""
        pieces = _SEPARATOR.split(truth_or_text(cell))  # texts, and between each two of them the separator
        named: list[str] = []
        at = 0
        while at < len(pieces):
            ends = range(len(pieces), at, -2)
            end = next((end for end in ends if self._find("".join(pieces[at:end])) is not None), at + 1)
            wanted = "".join(pieces[at:end])
            if not blank(wanted):
                named.append(self.one(wanted))
            at = end + 1
        return named

    def _find(self, wanted: str) -> str | None:
        trimmed = wanted.strip()
        if trimmed in self._exact:
            return trimmed
        return next((only for common, options in self._alike if (only := _only(options.get(common(trimmed))))), None)


_SEPARATOR: Final = re.compile(r"([,;\n])")
T = TypeVar("T")


def _by(common: Callable[[str], T], options: Iterable[str]) -> dict[T, set[str]]:
    found: dict[T, set[str]] = {}
    for option in options:
        found.setdefault(common(option), set()).add(option)
    return found


def _only(options: set[str] | None) -> str | None:
    """The option, where there is one alone."""
    return next(iter(options)) if options and len(options) == 1 else None


_SHOWN: Final = 10
_CLOSE: Final = 0.7  # below it, difflib likens names that share little more than their length


def suggestion(name: str, known: Iterable[str]) -> str:
    """Make a sentence: near misses if there are any, else what there is to choose from."""
    names = sorted(known)
    alike = [other for other in names if _spelled(other) == _spelled(name)]
    near = alike or get_close_matches(name, names, cutoff=_CLOSE)
    if near:
        return f"Did you mean {_listed(near, 'or')}?"
    if not names:
        return "There is none."
    return f"There are {_enumerated(names)}."


def _enumerated(names: list[str]) -> str:
    """Name the first ten, and how many more there are."""
    more = len(names) - _SHOWN
    return _listed(names[:_SHOWN], "and") + (f", and {more} more" if more > 0 else "")


def _spelled(name: str) -> str:
    """The name without what is easily mistaken: case, and a hyphen for an underscore or a space."""
    return plain_name(name).casefold().replace("-", "_").replace(" ", "_")


def _listed(names: list[str], word: str) -> str:
    quoted = [f"`{shown(name)}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"
