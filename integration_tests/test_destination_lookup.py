"""Look-ups where RD Station refuses or ignores a form of filter: the next one serves, and no record comes twice."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pytest

from destination import Destination, mapping, record, state, statistics, table, writes
from destination_rdstation_crm.config import read_settings
from destination_rdstation_crm.connection import Connection
from destination_rdstation_crm.objects.tables import OBJECTS
from harness import AccountSize, Emulator, Message, Run, account

OUTCOMES: Final = ("400", "422", "500", "ignore")
FORMS: Final = ("email:~", "email:(", "name:~", "name:(", "@:~", "@:(", "id:(")
PEOPLE: Final = {"full_name": "name", "contact_email": "email"}
FIRMS: Final = {"company_name": "name", "company_website": "website", "cnpj": "@cnpj"}
DEALS: Final = {"deal_id": "_id", "title": "name"}
BY_EMAIL: Final = table("people", PEOPLE, "append_dedup", "contact_email")


def cnpj(number: int) -> str:
    return f"{number + 11_000_000}000199"


def person(number: int) -> Message:
    return record("people", full_name=f"Pessoa {number}", contact_email=f"Pessoa.{number}@people.test")


def firm(number: int) -> Message:
    return record("firms", company_name=f"Firma {number}", company_website=f"https://{number}.test", cnpj=cnpj(number))


def people(crm: Emulator, **overrides: Any) -> Destination:
    return Destination(crm, column_mapping=mapping(**PEOPLE), **overrides)


def firms(crm: Emulator) -> Destination:
    return Destination(crm, mode="organizations", column_mapping=mapping(**FIRMS))


def write_twice(key: str, crm: Emulator, rows: int) -> tuple[list[Run], list[str]]:
    """Both runs, and every key that the CRM then holds."""
    if key == "email":
        runs = [people(crm).write(BY_EMAIL, [*map(person, range(rows)), state("people", rows)]) for _ in range(2)]
        return runs, [each["email"].lower() for row in crm.truth("contacts") for each in row["emails"]]
    column = "company_name" if key == "name" else "cnpj"
    streams = table("firms", FIRMS, "append_dedup", column)
    runs = [firms(crm).write(streams, [*map(firm, range(rows)), state("firms", rows)]) for _ in range(2)]
    held = crm.truth("organizations")
    return runs, [row["name"] if key == "name" else row["custom_fields"].get("cnpj", "") for row in held]


def assert_written_once(runs: list[Run], keys: list[str], wanted: set[str]) -> None:
    for run in runs:
        assert run.exit_code == 0, run.log
        assert statistics(run) == [(float(len(wanted)), 0.0)]
    counts = Counter(key for key in keys if key in wanted)
    assert counts == dict.fromkeys(wanted, 1)


WANTED: Final = {
    "email": lambda rows: {f"pessoa.{number}@people.test" for number in range(rows)},
    "name": lambda rows: {f"Firma {number}" for number in range(rows)},
    "@cnpj": lambda rows: {cnpj(number) for number in range(rows)},
}
BROKEN: Final[dict[str, frozenset[str]]] = {
    **{f"{form}-{outcome}": frozenset({f"{form}={outcome}"}) for form in FORMS for outcome in OUTCOMES},
    **{f"{name}:(-first": frozenset({f"{name}:(=first", f"{name}:~=400"}) for name in ("email", "name", "@")},
    "email:(-first-and-no-single": frozenset({"email:(=first", "email:~=400", "email:=400"}),
    **{f"all-{outcome}": frozenset(f"{form}={outcome}" for form in FORMS) for outcome in OUTCOMES},
    **{
        f"even-one-key-{outcome}": frozenset(f"{form}={outcome}" for form in (*FORMS, "email:", "name:", "@:"))
        for outcome in OUTCOMES
    },
}
# Each form once, all of them in each way; the others, and full numbers, are tried in `make test-long`.
QUICK: Final = {
    *((f"{form}-{outcome}", key) for form, outcome in zip(FORMS, OUTCOMES * 2, strict=False) for key in WANTED),
    ("email:(-first", "email"),
    ("email:(-first-and-no-single", "email"),
    *((f"all-{outcome}", key) for outcome, key in zip(OUTCOMES, [*WANTED] * 2, strict=False)),
    *((f"even-one-key-{outcome}", key) for outcome, key in zip(OUTCOMES, [*reversed(WANTED)] * 2, strict=False)),
}

QUICK_ROWS: Final = {"email:(-first-and-no-single": 250}  # what one batch learns must serve the next


def keys_of(name: str) -> tuple[str, ...]:
    """The matching keys that a broken form concerns."""
    return {"email": ("email",), "name": ("name",), "@": ("@cnpj",)}.get(name.split(":")[0], tuple(WANTED))


CASES: Final = [
    pytest.param(name, key, rows, id=f"{name}-{key}-{rows}", marks=[] if short else [pytest.mark.long])
    for name in BROKEN
    if not name.startswith("id:")
    for key in keys_of(name)
    for rows, short in ((QUICK_ROWS.get(name, 40), (name, key) in QUICK), (600, False))
]


@pytest.mark.parametrize(("name", "key", "rows"), CASES)
def test_given_forms_of_filter_that_fail_when_upserted_twice_then_each_record_is_there_once(
    name: str, key: str, rows: int
) -> None:
    size = max(250, rows)
    with account(AccountSize(contacts=size, organizations=size, deals=1, tasks=0)) as crm:
        crm.settings(filter_forms=sorted(BROKEN[name]))

        runs, keys = write_twice(key, crm, rows)

        assert_written_once(runs, keys, WANTED[key](rows))
        left = [line for line in runs[1].log_lines("INFO") if "Look-up of" in line]
        assert len(left) == len(set(left))


def test_given_a_form_that_fails_when_upserted_then_it_is_said_once_and_costs_what_the_next_one_costs() -> None:
    with account(AccountSize(contacts=500, deals=1, organizations=1, tasks=0)) as crm:
        rows = [
            record("people", full_name=row["name"], contact_email=row["emails"][0]["email"].lower())
            for row in crm.truth("contacts")
            if row["emails"]
        ]
        rows = list({row["record"]["data"]["contact_email"]: row for row in rows}.values())
        crm.settings(filter_forms=["email:(=422", "email:~=400"])

        run = people(crm, partial_success=True).write(BY_EMAIL, [*rows, state("people", 1)])

        assert run.exit_code == 0, run.log
        (line,) = [line for line in run.log_lines("INFO") if "several values of email" in line]
        assert "refuses (422)" in line
        assert len(rows) <= len(crm.requests()) <= len(rows) * 1.1 + 30


@pytest.mark.parametrize("outcome", ["400", "ignore"])
def test_given_parts_of_keys_that_are_not_found_when_new_rows_are_upserted_then_lists_of_keys_still_serve(
    outcome: str,
) -> None:
    with account(AccountSize(contacts=300, deals=1, organizations=1, tasks=0)) as crm:
        crm.settings(filter_forms=[f"email:~={outcome}"])

        runs, keys = write_twice("email", crm, 100)

        assert_written_once(runs, keys, WANTED["email"](100))
        assert len(crm.requests()) - len(writes(crm)) < 40


def test_given_no_filter_that_serves_when_upserted_then_the_list_is_read_once_and_that_is_said() -> None:
    with account(AccountSize(contacts=1_000, deals=1, organizations=1, tasks=0)) as crm:
        crm.settings(filter_forms=["email:=500", "email:(=500", "email:~=500"])

        run = people(crm).write(BY_EMAIL, [*map(person, range(300)), state("people", 300)])

        assert run.exit_code == 0, run.log
        assert [line for line in run.log_lines("INFO") if "all 1,000 records were read" in line]
        assert len(crm.requests()) - len(writes(crm)) < 60


@pytest.mark.parametrize("order", ["low", "high", "first", "last"])
def test_given_no_filter_that_serves_when_records_have_no_date_of_creation_then_rows_find_them(order: str) -> None:
    size = AccountSize(contacts=450, deals=1, organizations=1, tasks=0)
    with account(size, null_created_at=2, nulls_sort=order) as crm:
        crm.settings(filter_forms=["email:=400", "email:(=400", "email:~=400"])
        emails = {each["email"].lower() for row in crm.truth("contacts") for each in row["emails"]}
        rows = [record("people", full_name="Nova", contact_email=email) for email in emails]

        run = people(crm, partial_success=True).write(table("people", PEOPLE, "update", "contact_email"), rows)

        assert run.exit_code == 0, run.log
        assert [line for line in run.log_lines("WARN") if "no record has" in line or "cannot be" in line] == []


def test_given_no_filter_that_serves_when_answers_to_creations_are_lost_then_none_is_repeated() -> None:
    with account(AccountSize(contacts=50, deals=1, organizations=1, tasks=0)) as crm:
        crm.settings(filter_forms=["email:=400", "email:(=400", "email:~=400"], commit_then_timeout=3)

        runs, keys = write_twice("email", crm, 20)

        assert_written_once(runs, keys, WANTED["email"](20))


@pytest.mark.parametrize("form", ["list", "single"])
def test_given_a_key_that_is_refused_when_upserted_then_its_row_alone_is_rejected(form: str) -> None:
    with account(AccountSize(contacts=10, deals=1, organizations=1, tasks=0)) as crm:
        crm.settings(refused_texts=["pessoa.7@people.test"], filter_forms=["email:(=400"] if form == "single" else [])
        destination = people(crm, partial_success=True)

        run = destination.write(BY_EMAIL, [*map(person, range(20)), state("people", 20)])

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(19.0, 1.0)]
        (line,) = run.log_lines("WARN")
        assert "row 8" in line
        assert "refuses to look its matching key up" in line


@pytest.mark.parametrize("outcome", [*OUTCOMES])
def test_given_lists_of_ids_that_fail_when_deals_are_updated_by_id_then_each_is_written(outcome: str) -> None:
    with account(AccountSize(deals=250, contacts=1, organizations=1, tasks=0)) as crm:
        crm.settings(filter_forms=[f"id:(={outcome}"])
        rows = [record("deals", deal_id=row["id"], title=f"Novo {row['id']}") for row in crm.truth("deals")[:60]]
        destination = Destination(crm, mode="deals", column_mapping=mapping(**DEALS), skip_unchanged=True)

        run = destination.write(table("deals", DEALS, "append_dedup", "deal_id"), [*rows, state("deals", 1)])

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(60.0, 0.0)]
        assert sum(row["name"].startswith("Novo ") for row in crm.truth("deals")) == 60


@pytest.mark.parametrize("settings", [{}, {"last_page": "no_links"}, {"links_absent": True}], ids=str)
def test_given_short_pages_when_rows_are_upserted_then_every_record_and_every_custom_field_is_found(
    settings: dict[str, Any],
) -> None:
    columns = {**PEOPLE, "last": "@campo-149"}
    with account(AccountSize(contacts=60, deals=1, organizations=1, tasks=0), cap_size=20, **settings) as crm:
        for number in range(150):
            crm.create("custom_fields", {"name": "Campo", "type": "text", "entity": "contact",
                                         "slug": f"campo-{number}"})  # fmt: skip
        emails = sorted({each["email"] for row in crm.truth("contacts") for each in row["emails"]})
        rows = [record("people", contact_email=email, last=email[:3]) for email in emails]
        destination = Destination(crm, column_mapping=mapping(**columns))
        people_ = table("people", columns, "update", "contact_email")

        run = destination.write(people_, [*rows, state("people", 1)])

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(float(len(emails)), 0.0)]
        written = [row for row in crm.truth("contacts") if row["custom_fields"].get("campo-149")]
        assert len(written) == sum(bool(row["emails"]) for row in crm.truth("contacts"))


@pytest.mark.parametrize(("most", "may"), [(20, False), (60, True)])
def test_given_short_pages_when_asked_how_many_records_there_may_be_then_rows_count_and_not_pages(
    most: int, may: bool
) -> None:
    with account(AccountSize(contacts=50, deals=1, organizations=1, tasks=0), cap_size=10) as crm:
        config = people(crm).config

        assert Connection(config, read_settings(config)).crm.may_hold(OBJECTS["contact"], most) is may
