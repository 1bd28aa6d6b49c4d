"""The probe tells how RD Station finds numbers of documents and phones: by their text, or by their digits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness import V2, AccountSize, account
from test_probe import probe

SIZE = AccountSize(contacts=20, deals=5, organizations=5, tasks=0)
FIRST = {"custom_fields": {"cpf": "111.444.777-35"}, "created_at": "2019-01-01T00:00:00Z"}
PHONE, SLUG, ENDS = "28 phone: digits", "28 @slug: digits", "28 phone:~"


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        pytest.param({}, {PHONE: "finds nothing", SLUG: "finds nothing", ENDS: "obeyed"}, id="as-documented"),
        pytest.param({"text_match": "digits"}, {PHONE: "finds it", SLUG: "finds it"}, id="by-digits"),
        pytest.param(
            {"filter_forms": ["phone:=ignore", "@:=ignore", "phone:~=ignore"]},
            {PHONE: "ignored", SLUG: "ignored", ENDS: "ignored"},
            id="ignored",
        ),
        pytest.param({"filter_forms": ["phone:=500", "phone:~=400"]}, {PHONE: "500", ENDS: "400"}, id="refused"),
    ],
)
def test_given_a_way_to_compare_numbers_when_probed_then_it_is_told(
    tmp_path: Path, settings: dict[str, Any], seen: Mapping[str, str]
) -> None:
    with account(SIZE, **settings) as crm:
        crm.create("contacts", FIRST)

        assert probe(crm, V2, tmp_path).seen(*seen) == seen
