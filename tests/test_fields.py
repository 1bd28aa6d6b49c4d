"""Every field of every stream is described, in the schema and in Portuguese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fields import LANGUAGES, PORTUGUESE, Field, fields_of
from papers import APIS, Api, papers

ROOT = Path(__file__).resolve().parents[1]
FIELDS: dict[str, list[Field]] = {
    f"{api.schemas.page.removesuffix('.md')}-{spec.name}": list(fields_of(api.schemas.schema(spec.name)))
    for api in APIS
    for spec in api.table
}
SENTENCE = re.compile(r"(?!.*(?<![:\w]):\w)[^\n|]*\w[^\n|]*\.")
"""A line that a table of Markdown can hold, and SQL: `:name` would be a parameter of the comment that it becomes."""


@pytest.mark.parametrize("stream", FIELDS)
def test_every_field_has_a_description_that_is_a_sentence(stream: str) -> None:
    texts = {field.path: field.schema.get("description", "") for field in FIELDS[stream]}

    assert texts
    assert [path for path, text in texts.items() if not SENTENCE.fullmatch(text)] == []


def test_every_description_has_its_translation_and_no_other_text_has_one() -> None:
    described = {field.schema["description"] for fields in FIELDS.values() for field in fields}

    assert set(PORTUGUESE) == described
    assert [text for text in PORTUGUESE.values() if not SENTENCE.fullmatch(text)] == []
    assert list(PORTUGUESE) == sorted(PORTUGUESE), "in order, so that two branches meet without a conflict"


def test_a_name_in_a_description_is_the_same_in_portuguese() -> None:
    names = {name for fields in FIELDS.values() for field in fields for name in re.findall(r"\w+", field.path)}
    codes = {name for name in names if "_" in name.strip("_")}

    assert {
        text
        for text, portuguese in PORTUGUESE.items()
        if codes & set(re.findall(r"\w+", text)) != codes & set(re.findall(r"\w+", portuguese))
    } == set()


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.schemas.page)
def test_both_languages_have_a_row_for_each_field(api: Api) -> None:
    written = papers()
    english, portuguese = (
        re.findall(r"(?m)^(## \w+|\| `[^`]+`)", written[ROOT / "docs" / language.folder / api.schemas.page])
        for language in LANGUAGES
    )

    assert english == portuguese
    assert len(english) > len(set(english)) > 0
