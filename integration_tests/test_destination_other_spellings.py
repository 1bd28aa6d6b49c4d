"""Rows find the record that spells their document or phone in another way, whatever RD Station makes of filters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, Final

import pytest

from destination import Destination, record, state, statistics, table, writes
from harness import AccountSize, Emulator, Run, account

COLUMNS: Final = {"full_name": "name", "tel": "phone", "doc": "@cpf", "titulo": "job_title"}
TABLES: Final = {key: table("people", COLUMNS, "append_dedup", key) for key in ("tel", "doc")}
EMPTY: Final = AccountSize(contacts=1, deals=1, organizations=1, tasks=0)


def mapping(**matches: str) -> list[dict[str, str]]:
    entries = [{"column": column, "field": field} for column, field in COLUMNS.items()]
    return [{**entry, "match": matches[entry["column"]]} if entry["column"] in matches else entry for entry in entries]


def phones(number: int) -> list[str]:
    """Spellings of one number, each of which somebody uses."""
    ddd, first, last = 11 + number % 9, f"{7000 + number % 2999}", f"{(number * 7919 + 1357) % 10_000:04}"
    return [
        f"+55 ({ddd}) 9{first}-{last}",
        f"{ddd}9{first}{last}",
        f"55{ddd}9{first}{last}",
        f"{ddd}{first}{last}",
        f"0{ddd} 9{first}-{last}",
        f"({ddd}) 9 {first}.{last}",
    ]


def cpfs(number: int) -> list[str]:
    digits = f"{98_765_432_100 - number * 7:011}"
    return [
        f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}",
        digits,
        f"CPF {digits}",
        f"{digits[:9]}-{digits[9:]}",
    ]


SPELLINGS: Final = {"tel": phones, "doc": cpfs}


def long_ago(number: int) -> str:
    return (datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=number)).isoformat()


def held(crm: Emulator, key: str, count: int) -> None:
    """Put so many contacts into the CRM, each spelled in its own way."""
    for number in range(count):
        spelled = SPELLINGS[key](number)[number % len(SPELLINGS[key](number))]
        fields: dict[str, Any] = {
            "phones": [{"phone": spelled, "type": "mobile"}] if key == "tel" else [],
            "custom_fields": {"cpf": spelled} if key == "doc" else {},
            "created_at": long_ago(number),
        }
        crm.create("contacts", {"name": f"Pessoa {number}", "emails": [], "job_title": "Compras", **fields})


def rows(key: str, count: int, *, turn: int = 1, title: str = "Compras") -> list[Any]:
    """The same people, each spelled in another way."""
    return [
        record(
            "people",
            full_name=f"Pessoa {number}",
            titulo=title,
            **{key: SPELLINGS[key](number)[(number + turn) % len(SPELLINGS[key](number))]},
        )
        for number in range(count)
    ]


def assert_nobody_came_twice(crm: Emulator, runs: Sequence[Run], count: int) -> None:
    for run in runs:
        assert run.exit_code == 0, run.log
        assert statistics(run) == [(float(count), 0.0)]
    names = Counter(row["name"] for row in crm.truth("contacts") if str(row["name"]).startswith("Pessoa "))
    assert names == {f"Pessoa {number}": 1 for number in range(count)}


@pytest.mark.parametrize("key", ["tel", "doc"])
def test_given_people_in_the_crm_when_upserted_in_other_spellings_twice_then_nobody_comes_twice_or_is_written(
    key: str,
) -> None:
    with account(EMPTY) as crm:
        held(crm, key, 60)
        destination = Destination(crm, column_mapping=mapping())

        runs = [destination.write(TABLES[key], [*rows(key, 60, turn=turn), state("people", turn)]) for turn in (1, 2)]

        assert_nobody_came_twice(crm, runs, 60)
        assert writes(crm) == []


@pytest.mark.parametrize("key", ["tel", "doc"])
def test_given_people_spelled_otherwise_when_something_else_differs_then_only_that_is_written(key: str) -> None:
    with account(EMPTY) as crm:
        held(crm, key, 12)
        before = {row["name"]: (row["phones"], row["custom_fields"]) for row in crm.truth("contacts")}

        run = Destination(crm, column_mapping=mapping()).write(
            TABLES[key], [*rows(key, 12, title="Diretoria"), state("people", 1)]
        )

        assert_nobody_came_twice(crm, [run], 12)
        after = {row["name"]: row for row in crm.truth("contacts")}
        assert {after[f"Pessoa {number}"]["job_title"] for number in range(12)} == {"Diretoria"}
        assert {name: (row["phones"], row["custom_fields"]) for name, row in after.items()} == before


FORMS: Final = ("phone:~", "phone:", "phone:(", "@:~", "@:(", "@:")
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    **{
        f"{form}-{outcome}": {"filter_forms": [f"{form}={outcome}"]}
        for form in FORMS
        for outcome in ("400", "500", "ignore")
    },
    "@:(-first": {"filter_forms": ["@:(=first"]},
    "all-500": {"filter_forms": [f"{form}=500" for form in FORMS]},
    "all-ignored": {"filter_forms": [f"{form}=ignore" for form in FORMS]},
    **{f"text_match-{match}": {"text_match": match} for match in ("fold", "contains", "digits")},
}
CASES: Final = [
    pytest.param(settings, key, id=f"{name}-{key}")
    for name, settings in ANSWERS.items()
    for key, other in (("tel", "@"), ("doc", "phone"))
    if not name.startswith(other)
]


@pytest.mark.parametrize(("settings", "key"), CASES)
def test_given_any_answer_to_a_filter_when_upserted_in_other_spellings_then_nobody_comes_twice(
    settings: dict[str, Any], key: str
) -> None:
    with account(EMPTY) as crm:
        held(crm, key, 30)
        crm.settings(**settings)
        destination = Destination(crm, column_mapping=mapping())
        people = [*rows(key, 40), state("people", 1)]  # ten of them are new

        runs = [destination.write(TABLES[key], people) for _ in range(2)]

        assert_nobody_came_twice(crm, runs, 40)
        assert len(writes(crm)) == 10


@pytest.mark.parametrize(
    ("settings", "most_requests"),
    [
        pytest.param({}, 20, id="obeyed"),
        pytest.param({"last_links": "capped"}, 240, id="obeyed-and-no-page-tells-how-many-there-are"),
        pytest.param({"filter_forms": ["phone:~=500"]}, 240, id="refused"),
        pytest.param({"filter_forms": ["phone:~=ignore"]}, 240, id="ignored"),
        pytest.param({"filter_forms": ["phone:~=nothing"]}, 240, id="finds-no-parts"),
    ],
)
def test_given_more_records_than_are_read_for_a_few_rows_when_upserted_by_phone_then_a_part_serves_or_all_are_read(
    settings: dict[str, Any], most_requests: int
) -> None:
    with account(AccountSize(contacts=20_100, deals=1, organizations=1, tasks=0)) as crm:
        held(crm, "tel", 12)
        crm.settings(**settings)
        destination = Destination(crm, column_mapping=mapping())
        people = [*rows("tel", 15), state("people", 1)]

        runs = [destination.write(TABLES["tel"], people) for _ in range(2)]

        assert_nobody_came_twice(crm, runs, 15)
        assert len(crm.requests()) < most_requests


@pytest.mark.parametrize(
    ("forms", "spellings"),
    [
        pytest.param([], 3, id="obeyed"),
        pytest.param(["@:~=500", "@:(=first"], 2, id="no-parts-and-of-a-list-the-first-text-alone"),
    ],
)
def test_given_more_records_than_are_read_for_a_few_rows_when_upserted_by_document_then_both_forms_are_found(
    forms: list[str], spellings: int
) -> None:
    with account(AccountSize(contacts=20_100, deals=1, organizations=1, tasks=0)) as crm:
        crm.settings(filter_forms=forms)
        for number in range(12):
            spelled = {"cpf": cpfs(number)[number % spellings]}
            crm.create("contacts", {"name": f"Pessoa {number}", "custom_fields": spelled})
        destination = Destination(crm, column_mapping=mapping())
        people = [*rows("doc", 12), record("people", full_name="Pessoa 12", doc=cpfs(12)[0]), state("people", 1)]

        runs = [destination.write(TABLES["doc"], people) for _ in range(2)]

        assert_nobody_came_twice(crm, runs, 13)
        assert [line for line in runs[0].log_lines("INFO") if "holds more than 20,000 records" in line]


def firms(count: int, turn: int) -> list[Any]:
    return [
        record("firms", company=f"Firma {number}", doc=cnpjs(number)[(number + turn) % 4]) for number in range(count)
    ]


def cnpjs(number: int) -> list[str]:
    digits = f"{11_222_333 + number * 11:08}{number % 97 + 1:04}{number % 89 + 10}"
    return [
        digits,
        f"{digits[:2]}.{digits[2:5]}.{digits[5:8]}/{digits[8:12]}-{digits[12:]}",
        f"{digits[:8]}/{digits[8:12]}-{digits[12:]}",
        f"CNPJ {digits}",
    ]


FIRMS: Final = {"company": "name", "doc": "@cnpj"}


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("key", ["tel", "doc", "firms"])
def test_given_many_records_in_mixed_spellings_when_upserted_in_others_twice_then_look_ups_are_few(
    key: str, count: int
) -> None:
    with account(EMPTY) as crm:
        if key == "firms":
            for number in range(count):
                spelled = {"cnpj": cnpjs(number)[number % 4]}
                firm = {"name": f"Firma {number}", "custom_fields": spelled, "created_at": long_ago(number)}
                crm.create("organizations", firm)
            entries = [{"column": column, "field": field} for column, field in FIRMS.items()]
            destination = Destination(crm, mode="organizations", column_mapping=entries)
            stream, turns = table("firms", FIRMS, "append_dedup", "doc"), [firms(count, turn) for turn in (1, 2)]
        else:
            held(crm, key, count)
            destination = Destination(crm, column_mapping=mapping())
            stream, turns = TABLES[key], [rows(key, count, turn=turn) for turn in (1, 2)]
        before = len(crm.ids("organizations" if key == "firms" else "contacts"))
        for turn in turns:
            crm.clear_requests()
            run = destination.write(stream, [*turn, state(stream["stream"]["name"], 1)])

            assert run.exit_code == 0, run.log
            assert statistics(run) == [(float(count), 0.0)]
            assert writes(crm) == []
            assert len(crm.requests()) < min(300, count)
        assert len(crm.ids("organizations" if key == "firms" else "contacts")) == before


def test_given_several_records_with_a_phone_when_upserted_then_the_row_is_rejected_with_their_ids() -> None:
    with account(EMPTY) as crm:
        twins = [
            crm.create("contacts", {"name": "Gêmeos", "phones": [{"phone": phone, "type": "home"}]})[0]["id"]
            for phone in ("+55 (11) 98765-4321", "1187654321")
        ]
        destination = Destination(crm, column_mapping=mapping(), partial_success=True)

        run = destination.write(
            TABLES["tel"], [record("people", full_name="Ana", tel="11987654321"), state("people", 1)]
        )

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(0.0, 1.0)]
        (line,) = run.log_lines("WARN")
        assert f"2 records have this matching key: {', '.join(sorted(twins))}" in line
        assert "98765" not in line


@pytest.mark.parametrize(
    ("held_by_another", "phone"),
    [
        pytest.param("(51) 98765-4321", "+51 987 654 321", id="of-another-country"),
        pytest.param("(11) 3456-7890 ramal 12", "(11) 3456-7890 ramal 15", id="of-a-colleague"),
        pytest.param("+1 (212) 555-0100", "(21) 2555-0100", id="that-ends-alike"),
    ],
)
def test_given_another_person_with_a_like_phone_when_a_row_comes_then_it_is_not_written_over_that_person(
    held_by_another: str, phone: str
) -> None:
    with account(EMPTY) as crm:
        crm.create("contacts", {"name": "Outra", "phones": [{"phone": held_by_another, "type": "work"}]})
        people = [record("people", full_name="Ana", tel=phone), state("people", 1)]

        runs = [Destination(crm, column_mapping=mapping()).write(TABLES["tel"], people) for _ in range(2)]

        assert [statistics(run) for run in runs] == [[(1.0, 0.0)]] * 2
        phones_of = {row["name"]: [each["phone"] for each in row["phones"]] for row in crm.truth("contacts")}
        assert phones_of["Outra"] == [held_by_another]
        assert phones_of["Ana"] == [phone]


def test_given_rows_of_one_person_in_a_batch_when_upserted_then_they_are_one_record() -> None:
    with account(EMPTY) as crm:
        people = [record("people", full_name="Pessoa 0", tel=phone) for phone in phones(0)]

        run = Destination(crm, column_mapping=mapping()).write(TABLES["tel"], [*people, state("people", 1)])

        assert run.exit_code == 0, run.log
        (contact,) = [row for row in crm.truth("contacts") if row["name"] == "Pessoa 0"]
        assert [each["phone"] for each in contact["phones"]] == [phones(0)[0]], "written as the first row spells it"


def test_given_a_record_that_the_sync_itself_has_changed_when_it_comes_again_then_it_is_compared_as_it_is_now() -> None:
    with account(EMPTY) as crm:
        held(crm, "tel", 100)
        batches = [
            [*rows("tel", 100, turn=turn, title=title), state("people", turn)]
            for turn, title in enumerate(("Diretoria", "Compras"))
        ]

        run = Destination(crm, column_mapping=mapping()).write(TABLES["tel"], [*batches[0], *batches[1]])

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(100.0, 0.0), (100.0, 0.0)]
        assert {row["job_title"] for row in crm.truth("contacts") if row["name"].startswith("Pessoa ")} == {"Compras"}


def test_given_answers_to_creations_that_are_lost_when_many_follow_in_their_batch_then_none_is_repeated() -> None:
    with account(EMPTY) as crm:
        crm.settings(commit_then_timeout_every=250)
        people = [*rows("tel", 700), state("people", 1)]
        destination = Destination(crm, column_mapping=mapping())

        runs = [destination.write(TABLES["tel"], people) for _ in range(2)]

        assert_nobody_came_twice(crm, runs, 700)


def test_given_a_custom_field_that_is_matched_as_a_phone_when_upserted_then_its_spelling_does_not_matter() -> None:
    with account(EMPTY) as crm:
        crm.create("contacts", {"name": "Pessoa 0", "custom_fields": {"cpf": phones(0)[0]}})
        destination = Destination(crm, column_mapping=mapping(doc="phone"))

        run = destination.write(
            TABLES["doc"], [record("people", full_name="Pessoa 0", doc=phones(0)[3]), state("people", 1)]
        )

        assert_nobody_came_twice(crm, [run], 1)
        assert writes(crm) == []


@pytest.mark.parametrize("organizations", [3, 0])
def test_given_organizations_that_show_no_phone_when_matched_by_it_then_it_is_a_config_error(
    organizations: int,
) -> None:
    with account(AccountSize(contacts=1, deals=1, organizations=organizations, tasks=0)) as crm:
        columns = {"company_name": "name", "tel": "phone"}
        entries = [{"column": column, "field": field} for column, field in columns.items()]
        rows = [record("firms", company_name=f"Firma {number}", tel=f"119876543{number}") for number in range(10, 60)]

        run = Destination(crm, mode="organizations", column_mapping=entries).write(
            table("firms", columns, "append_dedup", "tel"), [*rows, state("firms", 1)]
        )

        assert run.exit_code == 1
        assert [error["failure_type"] for error in run.errors] == ["config_error"]
        assert "shows no `phone` of its organizations" in run.errors[0]["message"]
        assert len(writes(crm)) <= (0 if organizations else 8), "no more than are under way at once"
