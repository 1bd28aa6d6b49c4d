"""Writes the pages that explain every field of every stream, in English and in Portuguese, from the JSON schemas.

English stands in the schemas, as `description`; what it is in Portuguese stands in docs/pt-BR/fields.json, text by
text: a field of the same meaning in another stream needs no second translation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["LANGUAGES", "PORTUGUESE", "Field", "Language", "SchemaFolder", "fields_of"]

ROOT = Path(__file__).resolve().parents[1]
PORTUGUESE: Mapping[str, str] = json.loads((ROOT / "docs" / "pt-BR" / "fields.json").read_text(encoding="utf-8"))
"""Each description of a schema, and what it says in Portuguese."""


@dataclass(frozen=True)
class Field:
    """One field of a stream's records."""

    path: str
    """Its place in the record: `phones[].type`."""
    schema: Mapping[str, Any]
    """Its own JSON schema: `{"type": ["string", "null"], "description": "Job title."}`."""


def fields_of(schema: Mapping[str, Any], below: str = "") -> Iterator[Field]:
    """Yield every field of a JSON schema, each before those inside of it."""
    for name, found in schema.get("properties", {}).items():
        items = found.get("items", {})
        yield Field(below + name, found)
        yield from fields_of(found, f"{below}{name}.")
        yield from fields_of(items, f"{below}{name}[].")


@dataclass(frozen=True)
class Language:
    """How the pages are written in one language."""

    folder: str
    """Where its pages are, below docs."""
    title: str
    intro: str
    head: str
    forms: Mapping[str, str]
    """Each type and format of JSON schema in words."""
    alternative: str
    texts: Mapping[str, str] | None = None
    """Descriptions in this language; None where the schemas are written in it."""

    def line(self, field: Field) -> str:
        """Return the field's row of a table."""
        text = field.schema["description"]
        if self.texts is not None and text not in self.texts:
            raise SystemExit(f"docs/pt-BR/fields.json has no Portuguese for {text!r}: add it, in alphabetical order.")
        kinds = [field.schema.get("format") or each for each in _list(field.schema["type"]) if each != "null"]
        form = self.alternative.join(self.forms[each] for each in dict.fromkeys(kinds))
        return f"| `{field.path}` | {form} | {self.texts[text] if self.texts is not None else text} |\n"


LANGUAGES = (
    Language(
        "fields",
        "Fields of {api}",
        "What the records of each stream hold. Every field may be null, and what RD Station adds comes as it is.\n"
        "`a.b` is the field `b` of the object `a`, and `a[].b` that of each object in the list `a`.\n"
        "[Em português]({other})",
        "| field | form | what it is |\n| --- | --- | --- |\n",
        {
            "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
            "array": "list", "object": "object", "date": "day", "date-time": "instant",
        },
        " or ",
    ),
    Language(
        "pt-BR/fields",
        "Campos: {api}",
        "O que contêm os registros de cada fluxo. Qualquer campo pode ser nulo, e o que a RD Station acrescentar vem\n"
        "como é. `a.b` é o campo `b` do objeto `a`, e `a[].b` o de cada objeto da lista `a`.\n"
        "[In English]({other})",
        "| campo | forma | o que é |\n| --- | --- | --- |\n",
        {
            "string": "texto", "integer": "número inteiro", "number": "número", "boolean": "verdadeiro ou falso",
            "array": "lista", "object": "objeto", "date": "data", "date-time": "data e hora",
        },
        " ou ",
        PORTUGUESE,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class SchemaFolder:
    """The schemas of one API."""

    folder: str
    """Where they are, from the root."""
    page: str
    """The name of its pages in each language."""
    title: str

    def schema(self, stream: str) -> Mapping[str, Any]:
        """Return the JSON schema of a stream."""
        schema: dict[str, Any] = json.loads((ROOT / self.folder / f"{stream}.json").read_text(encoding="utf-8"))
        return schema

    def pages(self, streams: Sequence[str]) -> Mapping[Path, str]:
        """Return the page of each language, with a table for each stream."""
        paths = [ROOT / "docs" / language.folder / self.page for language in LANGUAGES]
        others = ("../pt-BR/fields/", "../../fields/")
        return {
            path: f"# {language.title.format(api=self.title)}\n\n{language.intro.format(other=other + self.page)}\n"
            + "".join(f"\n## {stream}\n\n{language.head}{self._lines(language, stream)}" for stream in streams)
            for path, other, language in zip(paths, others, LANGUAGES, strict=True)
        }

    def _lines(self, language: Language, stream: str) -> str:
        return "".join(map(language.line, fields_of(self.schema(stream))))


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
