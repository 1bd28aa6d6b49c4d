"""An update: only what differs is sent, and what else the record holds survives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned import ID, OTHER_ID, body, fields_of, plan_for

from destination_rdstation_crm.mapping.plan import StreamPlan

HELD: dict[str, Any] = {
    "id": ID,
    "name": "Ana Exemplo",
    "job_title": "",
    "emails": [{"email": "ana@exemplo.test"}, {"email": "velha@exemplo.test"}],
    "phones": [{"phone": "+55 (11) 90000-0001", "type": None}, {"phone": "1133330000", "type": "work"}],
    "birthday": "1990-09-11T00:00:00.000Z",
    "social_profiles": [{"type": "linkedin", "username": "ana"}, {"type": "skype", "username": "ana.s"}],
    "organization_id": None,
    "custom_fields": {"cpf": 1, "porte": "médio", "interesses": ["Prazo", "Preço"], "cliente-desde": "2026-09-03"},
}
DEAL: dict[str, Any] = {
    "id": ID,
    "name": "Plano",
    "status": "Ongoing",
    "contact_ids": [ID, OTHER_ID],
    "pipeline_id": ID,
    "stage_id": ID,
    "lost_reason_id": "",
    "rating": 3.0,
    "one_time_price": 100,
    "recurrence_price": 0,
    "expected_close_date": "2026-09-30T00:00:00Z",
    "custom_fields": None,
}
ORGANIZATION: dict[str, Any] = {
    "id": ID,
    "name": "Aurora",
    "url": None,
    "address": {"line": "Rua A", "latitude": -8.05, "longitude": None},
    "segment_ids": None,
}
RECORDS = {"contacts": HELD, "deals": DEAL, "organizations": ORGANIZATION}


def difference(mode: str, cells: dict[str, Any], held: dict[str, Any] | None = None) -> dict[str, Any]:
    stated = body(mode, cells, send_nulls=True)
    return plan_for(mode, *cells).record_type.difference(RECORDS[mode] if held is None else held, stated)


@pytest.mark.parametrize(
    ("mode", "cells"),
    [
        pytest.param("contacts", {"name": " Ana Exemplo"}, id="spaces-around"),
        pytest.param("contacts", {"job_title": None}, id="blank-for-null"),
        pytest.param("contacts", {"email": "VELHA@exemplo.test"}, id="another-of-its-emails"),
        pytest.param("contacts", {"phone": "5511900000001"}, id="phone-by-its-digits"),
        pytest.param("contacts", {"birthday": "11/09/1990"}, id="date-for-date-time"),
        pytest.param("contacts", {"linkedin": "ana"}, id="one-of-its-profiles"),
        pytest.param("contacts", {"facebook": None}, id="a-profile-it-has-not"),
        pytest.param("contacts", {"organization_id": None}, id="null"),
        pytest.param("contacts", {"@cpf": "1"}, id="number-for-text"),
        pytest.param("contacts", {"@porte": "MÉDIO"}, id="case-of-an-option"),
        pytest.param("contacts", {"@interesses": "Preço,Prazo"}, id="order-of-options"),
        pytest.param("contacts", {"@cliente-desde": "03/09/2026"}, id="iso-for-brazilian"),
        pytest.param("contacts", {"@erp_id": None}, id="a-custom-value-it-has-not"),
        pytest.param("deals", {"status": "ongoing"}, id="capitals-of-a-status"),
        pytest.param("deals", {"contact_id": [OTHER_ID, ID]}, id="order-of-ids"),
        pytest.param("deals", {"rating": 3, "one_time_price": "100.00"}, id="float-for-integer"),
        pytest.param("deals", {"recurrence_price": None}, id="no-price-is-0"),
        pytest.param("deals", {"expected_close_date": "2026-09-30"}, id="day"),
        pytest.param("organizations", {"address": "Rua A"}, id="part-of-an-address"),
        pytest.param("organizations", {"address": {"latitude": "-8.05"}}, id="number-for-a-coordinate"),
        pytest.param("organizations", {"segment_ids": None}, id="null-for-an-empty-list"),
        pytest.param("organizations", {"phone": "1133330000"}, id="a-phone-that-records-do-not-show"),
    ],
)
def test_given_a_row_that_the_record_equals_when_compared_then_nothing_is_sent(
    mode: str, cells: dict[str, Any]
) -> None:
    assert difference(mode, cells) == {}
    assert not plan_for(mode, *cells).record_type.difference(RECORDS[mode], body(mode, cells, send_nulls=True))


@pytest.mark.parametrize(
    ("mode", "cells", "expected"),
    [
        pytest.param("contacts", {"name": "ana exemplo"}, {"name": "ana exemplo"}, id="case-of-a-name"),
        pytest.param(
            "contacts",
            {"name": "Ana Exemplo", "email": "nova@exemplo.test"},
            {
                "emails": [
                    {"email": "nova@exemplo.test"},
                    {"email": "ana@exemplo.test"},
                    {"email": "velha@exemplo.test"},
                ]
            },
            id="a-new-email-comes-first",
        ),
        pytest.param("contacts", {"email": None}, {"emails": []}, id="emails-emptied"),
        pytest.param(
            "contacts",
            {"phone": "2100000000"},
            {
                "phones": [
                    {"phone": "2100000000", "type": "mobile"},
                    {"phone": "+55 (11) 90000-0001", "type": "mobile"},
                    {"phone": "1133330000", "type": "work"},
                ]
            },
            id="a-new-phone-and-a-type-for-the-one-without",
        ),
        pytest.param(
            "contacts",
            {"linkedin": "ana.exemplo"},
            {
                "social_profiles": [
                    {"type": "skype", "username": "ana.s"},
                    {"type": "linkedin", "username": "ana.exemplo"},
                ]
            },
            id="a-profile-replaces-its-like",
        ),
        pytest.param(
            "contacts",
            {"linkedin": None},
            {"social_profiles": [{"type": "skype", "username": "ana.s"}]},
            id="a-profile-taken-away",
        ),
        pytest.param(
            "contacts",
            {"@cpf": "2", "@porte": "Médio", "@erp_id": "E1"},
            {
                "custom_fields": {
                    "cpf": "2",
                    "porte": "Médio",
                    "interesses": ["Prazo", "Preço"],
                    "cliente-desde": "03/09/2026",
                    "erp_id": "E1",
                }
            },
            id="other-custom-fields-survive",
        ),
        pytest.param("deals", {"contact_id": ID}, {"contact_ids": [ID]}, id="ids-are-the-whole-list"),
        pytest.param("deals", {"rating": None}, {"rating": None}, id="emptied"),
        pytest.param(
            "deals",
            {"name": "Plano", "status": "lost", "lost_reason_id": None},
            {"status": "lost", "lost_reason_id": None},
            id="a-loss-with-its-reason",
        ),
        pytest.param("deals", {"stage_id": OTHER_ID}, {"stage_id": OTHER_ID}, id="a-stage-without-its-pipeline"),
        pytest.param(
            "organizations",
            {"address": "Rua B"},
            {"address": {"line": "Rua B", "latitude": -8.05, "longitude": None}},
            id="the-rest-of-an-address-survives",
        ),
        pytest.param("organizations", {"address": None}, {"address": None}, id="an-address-emptied"),
        pytest.param(
            "organizations",
            {"phone": "1133330000", "website": "https://aurora.test"},
            {"phone": "1133330000", "url": "https://aurora.test"},
            id="a-phone-that-records-do-not-show-goes-along",
        ),
    ],
)
def test_given_a_row_that_says_something_new_when_compared_then_that_is_sent(
    mode: str, cells: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert difference(mode, cells) == expected


def test_given_custom_values_keyed_by_id_when_merged_then_they_go_out_by_slug() -> None:
    held = {**HELD, "custom_fields": {"f1": "1", "f3": "Médio", "f99": "of no field"}}

    assert difference("contacts", {"@cpf": "1"}, held) == {}
    assert difference("contacts", {"@cpf": "2"}, held) == {"custom_fields": {"cpf": "2", "porte": "Médio"}}


@pytest.mark.parametrize(
    ("existing", "cell"),
    [("11144477735", "111.444.777-35"), (1234567890, "012.345.678-90"), ("CPF 111.444.777-35", "11144477735")],
)
def test_given_a_document_in_another_spelling_when_compared_then_it_keeps_its_own(existing: Any, cell: str) -> None:
    held = {**HELD, "custom_fields": {"cpf": existing}}

    assert difference("contacts", {"@cpf": cell}, held) == {}
    assert difference("contacts", {"@cpf": cell, "@porte": "Médio"}, held) == {
        "custom_fields": {"cpf": str(existing), "porte": "Médio"}
    }


@pytest.mark.parametrize(
    ("existing", "cell"),
    [
        pytest.param("7,5", "75", id="a-score"),
        pytest.param("1.000,00", "100.000", id="a-limit"),
        pytest.param("aprovado em 01/02/2026", "reprovado em 01/02/2026", id="an-outcome"),
        pytest.param("111.444.777-35 pendente", "111.444.777-35", id="a-remark"),
    ],
)
def test_given_a_field_named_after_a_document_that_says_more_when_compared_then_the_row_is_sent(
    existing: str, cell: str
) -> None:
    assert difference("contacts", {"@cpf": cell}, {**HELD, "custom_fields": {"cpf": existing}}) == {
        "custom_fields": {"cpf": cell}
    }


@pytest.mark.parametrize(("existing", "cell"), [(["tag 1"], '["tag 1"]'), (True, "sim"), ({"a": 1}, '{"a": 1}')])
def test_given_a_text_field_that_holds_no_text_when_another_changes_then_it_goes_back_as_it_is(
    existing: Any, cell: str
) -> None:
    held = {**HELD, "custom_fields": {"erp_id": existing}}

    assert difference("contacts", {"@erp_id": cell}, held) == {}
    assert difference("contacts", {"@erp_id": cell, "@porte": "Médio"}, held) == {
        "custom_fields": {"erp_id": existing, "porte": "Médio"}
    }


def test_given_a_text_that_begins_like_an_endless_list_when_compared_then_it_is_a_text() -> None:
    brackets = "[" * 100_000

    assert difference("contacts", {"@erp_id": brackets}, {"custom_fields": {"erp_id": "1"}}) == {
        "custom_fields": {"erp_id": brackets}
    }


def test_given_options_held_as_one_text_when_compared_then_they_are_read_as_several() -> None:
    assert difference("contacts", {"@interesses": ["Preço", "Prazo"]}, {"custom_fields": {"f4": "prazo, Preço"}}) == {}


def test_given_a_phone_without_digits_when_merged_then_its_text_tells_it_apart() -> None:
    held = {"phones": [{"phone": "Recepção", "type": "work"}]}

    assert difference("contacts", {"phone": "recepção"}, held) == {}
    assert difference("contacts", {"phone": "Portaria"}, held) == {
        "phones": [{"phone": "Portaria", "type": "mobile"}, {"phone": "Recepção", "type": "work"}]
    }


def test_given_a_shown_phone_when_it_differs_then_it_is_sent() -> None:
    assert difference("organizations", {"phone": "2"}, {**ORGANIZATION, "phone": "1"}) == {"phone": "2"}


def test_given_a_row_written_in_any_case_when_merged_then_equal_lists_stay_out() -> None:
    cells = {"name": "Ana Exemplo", "email": "ana@exemplo.test", "@cpf": "1", "phone": "2100000000"}

    merged = plan_for("contacts", *cells).record_type.merged({**HELD, "phones": []}, body("contacts", cells))

    assert merged == {"name": "Ana Exemplo", "phones": [{"phone": "2100000000", "type": "mobile"}]}


@pytest.mark.parametrize("key", ["emails", "phones", "social_profiles", "custom_fields"])
@pytest.mark.parametrize("held", ["absent", None, "", [], {}, "text", [None, "x", {}], 5])
def test_given_a_held_value_of_any_form_when_merged_then_the_rows_is_sent(key: str, held: Any) -> None:
    cells = {"name": "Ana", "email": "a@exemplo.test", "phone": "1", "linkedin": "ana", "@cpf": "1"}
    record = {key: held} if held != "absent" else {}

    assert difference("contacts", cells, record)[key] == body("contacts", cells)[key]


# --- Properties: a contact that holds anything, and a row that says anything.

NAMES = st.sampled_from(["Ana", "ana", " Bia ", ""])
EMAILS = st.sampled_from(["a@x.test", "A@x.test", "b@x.test", "c@x.test"])
PHONES = st.sampled_from(["1", "(1)", "22", "ramal"])
USERS = st.sampled_from(["ana", "bia", "ANA"])
TYPES = st.sampled_from(["mobile", "work", None])
CUSTOM = {
    "cpf": st.sampled_from(["1", 1, "2", None, ""]),
    "porte": st.sampled_from(["Médio", "MÉDIO", "3", None]),
    "interesses": st.lists(st.sampled_from(["Preço", "Prazo", "Prazo, longo"]), unique=True) | st.none(),
    "cliente-desde": st.sampled_from(["03/09/2026", "2026-09-03", "", None]),
}
RECORD = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "job_title": NAMES | st.none(),
        "emails": st.lists(st.fixed_dictionaries({"email": EMAILS}), max_size=3) | st.none(),
        "phones": st.lists(st.fixed_dictionaries({"phone": PHONES, "type": TYPES}), max_size=3),
        "social_profiles": st.lists(
            st.fixed_dictionaries({"type": st.sampled_from(["linkedin", "facebook", "skype"]), "username": USERS}),
            max_size=3,
        ),
        "custom_fields": st.fixed_dictionaries({}, optional=CUSTOM) | st.none(),
    },
)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "job_title": NAMES | st.none(),
        "email": EMAILS,
        "phone": PHONES,
        "linkedin": USERS,
        "facebook": USERS | st.none(),
        **{f"@{slug}": cells for slug, cells in CUSTOM.items()},
    },
)


def put(held: dict[str, Any], sent: dict[str, Any], *, merges: bool) -> dict[str, Any]:
    """The record after a PUT, by either guess about custom fields."""
    after = {**held, **sent}
    if merges and "custom_fields" in sent:
        after["custom_fields"] = {**(held.get("custom_fields") or {}), **sent["custom_fields"]}
    return after


def plan_of(cells: dict[str, Any]) -> StreamPlan:
    return plan_for("contacts", "name", *(name for name in cells if name != "name"), send_nulls=True)


@given(held=RECORD, cells=CELLS, merges=st.booleans(), always=st.booleans())
def test_given_any_record_when_a_row_is_put_then_the_record_equals_the_row(
    held: dict[str, Any], cells: dict[str, Any], merges: bool, always: bool
) -> None:
    plan = plan_of(cells)
    stated = body("contacts", {"name": None, **cells}, send_nulls=True)
    sent = plan.record_type.merged(held, stated) if always else plan.record_type.difference(held, stated)

    assert not plan.record_type.difference(put(held, sent, merges=merges), stated)


@given(held=RECORD, cells=CELLS, merges=st.booleans())
def test_given_any_record_when_a_row_is_put_then_nothing_else_of_it_is_lost(
    held: dict[str, Any], cells: dict[str, Any], merges: bool
) -> None:
    plan = plan_of(cells)
    after = put(
        held,
        plan.record_type.difference(held, body("contacts", {"name": None, **cells}, send_nulls=True)),
        merges=merges,
    )

    for entry in held.get("emails") or ():
        assert entry in after["emails"]
    for entry in held.get("phones") or ():
        assert entry["phone"] in [kept["phone"] for kept in after["phones"]]
    for entry in held.get("social_profiles") or ():
        assert entry in after["social_profiles"] or entry["type"] in cells
    for slug, value in (held.get("custom_fields") or {}).items():
        if f"@{slug}" not in cells and value not in (None, "", []):
            field = fields_of("contact").field(slug)
            assert field.same(after["custom_fields"][slug], field.resent(value))
