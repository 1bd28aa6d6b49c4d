"""What becomes of rows, without HTTP: targets, look-ups in portions, verdicts on lost creations, a result's sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote

import pytest
from fake_crm import BEGAN, FakeCrm, contact, lookup, plan, prepared, row

from airbyte_rdstation.airbyte.process import Stop
from airbyte_rdstation.client.errors import NotFoundError, RequestRefusedError
from airbyte_rdstation.client.responses import Page
from airbyte_rdstation.pagination.listing import PaginationError
from destination_rdstation_crm.config import read_settings
from destination_rdstation_crm.mapping.plan import Prepared
from destination_rdstation_crm.mapping.record_type import Key
from destination_rdstation_crm.rejects.keeper import Keeper
from destination_rdstation_crm.row import BatchResult, LeftOut, Reject, Skipped, StreamKey, Written
from destination_rdstation_crm.writing.batch_writer import FIRST_ROWS, SameReason
from destination_rdstation_crm.writing.crm_api import Crm, WorkerPool
from destination_rdstation_crm.writing.lookup import NoAnswer
from destination_rdstation_crm.writing.matching import LostCreations, targets_of
from destination_rdstation_crm.writing.record_writer import PLANNED_ID, Lost, Target, refusal_of


def test_given_rows_of_one_record_when_grouped_then_they_are_one_target_in_their_order() -> None:
    held = contact("x1", "ana@people.test")
    rows = [prepared(1, email="a@b.test"), prepared(2, id_="x1"), prepared(3, email="A@b.test"),
            prepared(4, email="ana@people.test"), prepared(5), prepared(6)]  # fmt: skip
    matches = [None, None, None, held, None, None]

    targets = targets_of(zip(rows, matches, strict=True))

    assert [[each.row.number for each in target.rows] for target in targets] == [[1, 3], [2, 4], [5], [6]]
    assert [(target.id, target.existing) for target in targets] == [
        (None, None),
        ("x1", held),
        (None, None),
        (None, None),
    ]


def test_given_records_that_a_dry_run_has_planned_when_their_rows_are_grouped_then_they_stay_apart() -> None:
    rows = [prepared(1, email="a@b.test"), prepared(2, email="c@d.test"), prepared(3, email="a@b.test")]

    targets = targets_of((each, {"id": PLANNED_ID}) for each in rows)

    assert [[each.row.number for each in target.rows] for target in targets] == [[1, 3], [2]]
    assert [target.id for target in targets] == [PLANNED_ID, PLANNED_ID]


def test_given_bodies_of_one_record_when_combined_then_later_values_win_and_lists_join() -> None:
    first = {"name": "Ana", "job_title": "Compras", "emails": [{"email": "a@b.test"}]}
    second = {"name": "Ana Nova", "emails": [{"email": "c@d.test"}]}

    whole = plan().record_type.combined([first, second])

    assert (whole["name"], whole["job_title"]) == ("Ana Nova", "Compras")
    assert {each["email"] for each in whole["emails"]} == {"a@b.test", "c@d.test"}


def test_given_many_keys_when_looked_up_then_the_requests_are_few_and_their_addresses_bounded() -> None:
    keys = [prepared(number, email=f"pessoa.de.nome.comprido{number}@people.test").key for number in range(1_000)]
    held = [contact(str(number), key.texts[0]) for number, key in enumerate(keys)]
    crm = FakeCrm(held)

    found = lookup(crm, plan()).find([*keys, *keys[:10]])

    assert not any(isinstance(hits, NoAnswer) for hits in found)
    assert [[each["id"] for each in hits] for hits in found if isinstance(hits, list)] == [
        [str(n)] for n in [*range(1_000), *range(10)]
    ]
    assert len(crm.filters) <= 12
    assert max(len(quote(filter_)) for filter_ in crm.filters) < 7_000


def test_given_a_key_that_too_many_records_contain_when_looked_up_then_it_is_left_open_and_the_others_are_not() -> None:
    crm = FakeCrm(records=[contact("x1", name="Bia Exemplo")], in_too_many="Ana")
    of = plan(key="name")

    found = lookup(crm, of).find([Key(("Ana",)), Key(("Bia Exemplo",)), Key(("Caio Exemplo",))])

    assert isinstance(found[0], NoAnswer)
    assert found[1:] == [[contact("x1", name="Bia Exemplo")], []]


def test_given_keys_that_are_not_found_when_looked_up_then_they_are_sought_in_any_spelling() -> None:
    crm = FakeCrm([contact("x1", "ana@people.test")])

    found = lookup(crm, plan()).find([prepared(1, email="ana@people.test").key, prepared(2, email="b@c.test").key])

    assert [isinstance(hits, list) and len(hits) for hits in found] == [1, 0]
    assert ["~" in filter_ for filter_ in crm.filters] == [False, True]
    assert "ana@people.test" not in crm.filters[1]


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        pytest.param([], "not_created", id="nothing-there"),
        pytest.param([contact("x1", created_at="2026-05-01T12:00:01Z")], "created", id="there-and-equal"),
        pytest.param([contact("x1", created_at="2026-05-01T11:59:56Z")], "created", id="clocks-a-little-apart"),
        pytest.param([contact("x1", created_at="2026-04-30T12:00:00Z")], "not_created", id="older"),
        pytest.param([contact("mine", created_at="2026-05-01T12:00:01Z")], "not_created", id="of-another-row"),
        pytest.param([contact("x1", created_at="2026-05-01T12:00:01Z", job_title="Vendas")], "uncertain", id="differs"),
        pytest.param([contact("x1", created_at=None)], "created", id="no-time-but-equal"),
    ],
)
def test_given_a_lost_creation_when_looked_for_then_the_verdict_is(held: list[dict[str, Any]], verdict: str) -> None:
    body = {"name": "Ana", "job_title": "Compras"} if verdict == "uncertain" else {"name": "Ana"}
    lost = Lost(Target([Prepared(row(1), None, Key(), body)]), body, BEGAN)
    waited: list[float] = []
    creations = LostCreations(cast(Crm, FakeCrm(held)), plan("append", None), WorkerPool(1, Stop()), waited.append)

    verdicts = creations.resolve([lost], {"mine"})

    assert [name for name in ("created", "matched", "uncertain", "not_created") if getattr(verdicts, name)] == [verdict]
    assert sum(waited) == (7.0 if verdict == "not_created" else 0.0), "a new record may not be findable at once"


def test_given_a_lost_creation_whose_name_fits_no_request_when_looked_for_then_it_is_not_created_again() -> None:
    lost = Lost(Target([prepared(1, name="Ana" * 3_000)]), {"name": "Ana" * 3_000}, BEGAN)
    crm = FakeCrm()
    creations = LostCreations(cast(Crm, crm), plan("append", None), WorkerPool(1, Stop()), lambda _: None)

    verdicts = creations.resolve([lost], set())

    assert verdicts.uncertain == [(lost.target, [])]
    assert crm.filters == []


def test_given_two_equal_lost_creations_and_one_record_when_looked_for_then_one_is_written_again() -> None:
    held = [contact("x1", created_at="2026-05-01T12:00:01Z")]
    lost = [Lost(Target([prepared(number)]), prepared(number).body, BEGAN) for number in (1, 2)]
    creations = LostCreations(cast(Crm, FakeCrm(held)), plan("append", None), WorkerPool(1, Stop()), lambda _: None)

    verdicts = creations.resolve(lost, set())

    assert [(target.rows[0].row.number, id_) for target, id_ in verdicts.created] == [(1, "x1")]
    assert [target.rows[0].row.number for target in verdicts.not_created] == [2]


def test_given_two_lost_creations_when_one_says_all_that_the_other_does_then_each_is_found_in_its_own_record() -> None:
    held = [contact("x1", created_at="2026-05-01T12:00:01Z", job_title="Compras"),
            contact("x2", created_at="2026-05-01T12:00:01Z")]  # fmt: skip
    bodies = [{"name": "Ana"}, {"name": "Ana", "job_title": "Compras"}]
    lost = [
        Lost(Target([Prepared(row(number), None, Key(), body)]), body, BEGAN) for number, body in enumerate(bodies, 1)
    ]
    creations = LostCreations(cast(Crm, FakeCrm(held)), plan("append", None), WorkerPool(1, Stop()), lambda _: None)

    verdicts = creations.resolve(lost, set())

    assert {target.rows[0].row.number: id_ for target, id_ in verdicts.created} == {1: "x2", 2: "x1"}


def test_given_an_id_that_rd_station_refuses_to_look_up_when_looked_up_then_it_is_its_row_that_is_left_open() -> None:
    class Refusing(FakeCrm):
        def read(self, *_of: object) -> None:
            raise RequestRefusedError("", "", None)

    hits = lookup(Refusing(), plan()).record("x1")

    assert isinstance(hits, NoAnswer)


def test_given_a_list_of_ids_whose_pages_do_not_end_when_looked_up_then_each_is_left_to_be_read_by_itself() -> None:
    class Endless(FakeCrm):
        def find(self, *_of: object) -> Iterator[Page]:
            raise PaginationError("The list serves the same rows again and again.")

    assert lookup(Endless(), plan()).by_id(["x1"]) == {}


def test_given_a_lost_creation_with_a_matching_key_when_it_is_there_then_it_is_brought_up_to_date() -> None:
    old = (BEGAN - timedelta(days=9)).isoformat()
    one = prepared(1, email="ana@people.test")
    crm = FakeCrm([contact("x1", "ana@people.test", created_at=old)])
    creations = LostCreations(cast(Crm, crm), plan(), WorkerPool(1, Stop()), lambda _: None)

    (target,) = creations.resolve([Lost(Target([one]), one.body, BEGAN)], set()).matched

    assert (target.id, target.recovered) == ("x1", True)


def test_given_a_batch_under_way_when_asked_then_its_rows_count_and_only_once() -> None:
    settings = read_settings({"credentials": {"client_id": "i", "client_secret": "s", "refresh_token": "r"},
                              "mode": "contacts"})  # fmt: skip
    keeper = Keeper(settings, {("people", None): plan()})
    first, second, third = rows = [row(1), row(2), row(3)]
    result = BatchResult(rows)
    result.put(Written(first, "created", "x"))
    result.put(Reject(second, "the matching key is empty"))
    received: dict[StreamKey, int] = {("people", None): 7}

    line = "people: 2 of 7 rows received are done; 1 created, 0 updated, 0 unchanged, 1 rejected."
    assert keeper.so_far(result, received) == [line]
    result.put(Written(third, "updated", "y"))
    keeper.keep(result)
    line = "people: 3 of 7 rows received are done; 1 created, 1 updated, 0 unchanged, 1 rejected."
    assert keeper.so_far(result, received) == [line]
    assert keeper.so_far(BatchResult([]), received) == [line]


def test_given_rows_written_in_part_when_asked_then_they_are_counted_beside_the_rows() -> None:
    settings = read_settings({"credentials": {"client_id": "i", "client_secret": "s", "refresh_token": "r"},
                              "mode": "contacts", "on_invalid_value": "leave_field_out"})  # fmt: skip
    keeper = Keeper(settings, {("people", None): plan()})
    whole, part = rows = [row(1), row(2)]
    result = BatchResult(rows)
    result.put(Written(whole, "created", "x"))
    result.put(Written(part, "updated", "y", (LeftOut("this is no date", "desde", "birthday"),)))
    received: dict[StreamKey, int] = {("people", None): 2}

    counts = "1 created, 1 updated, 0 unchanged, 0 rejected; 1 of them written in part."
    line = f"people: 2 of 2 rows received are done; {counts}"
    assert keeper.so_far(result, received) == [line]
    keeper.keep(result)
    assert keeper.so_far(result, received) == [line]


def test_given_rows_of_one_name_when_names_are_unique_then_those_that_create_are_one_target() -> None:
    rows = [prepared(1, "Aurora", "a@b.test"), prepared(2, "AURORA ", "c@d.test"), prepared(3, "Outra", "c@d.test"),
            prepared(4, "Aurora", id_="x1"), prepared(5, "Aurora"), prepared(6, "aurora")]  # fmt: skip
    unmatched = [(each, None) for each in rows]

    grouped, apart = targets_of(unmatched, unique_names=True), targets_of(unmatched)

    assert [[each.row.number for each in target.rows] for target in grouped] == [[1, 2, 3], [4], [5, 6]]
    assert [[each.row.number for each in target.rows] for target in apart] == [[1], [2, 3], [4], [5], [6]]


def test_given_outcomes_when_put_down_then_rows_behind_a_fatal_one_are_not_due() -> None:
    rows = [row(number) for number in range(1, 5)]
    result = BatchResult(rows, go_on=False)

    result.put(Written(rows[0], "created", "x"))
    result.put(Reject(rows[2], "no"))

    assert [result.is_due(each) for each in rows] == [True, True, False, False]
    assert len(result.covered) == 1
    assert result.fatal == Reject(rows[2], "no")


def test_given_rejects_that_are_allowed_when_put_down_then_all_rows_are_due() -> None:
    rows = [row(number) for number in range(1, 4)]
    result = BatchResult(rows, go_on=True)

    for each in rows:
        result.put(Reject(each, "no"))

    assert (len(result.covered), result.fatal) == (3, None)
    assert all(result.is_due(each) for each in rows)


def test_given_rows_deleted_at_the_source_among_rejects_when_seen_then_they_say_nothing_of_the_reason() -> None:
    watch = SameReason("people")
    outcomes = [each for number in range(FIRST_ROWS) for each in (Skipped(row(number)), Reject(row(number), "no"))]

    verdicts = [watch.verdict(outcome) for outcome in outcomes]

    assert verdicts[:-1] == [None] * (2 * FIRST_ROWS - 1)
    assert verdicts[-1] is not None


def test_given_a_hundred_rejects_for_one_reason_when_seen_then_the_hundredth_ends_the_sync() -> None:
    watch = SameReason("people")

    verdicts = [watch.verdict(Reject(row(number), "no such thing")) for number in range(FIRST_ROWS)]

    assert verdicts[:-1] == [None] * (FIRST_ROWS - 1)
    assert "no such thing" in str(verdicts[-1])


def test_given_refusals_whose_words_are_not_fit_for_each_log_line_when_seen_then_they_are_one_reason() -> None:
    watch = SameReason("people")
    rejects = [
        Reject(row(number), f"refused (422){': email não é válido' if number % 2 else ''}", said="email não é válido.")
        for number in range(FIRST_ROWS)
    ]

    verdicts = [watch.verdict(each) for each in rejects]

    assert verdicts[:-1] == [None] * (FIRST_ROWS - 1)
    assert "refused (422): email não é válido. Nothing" in str(verdicts[-1])


@pytest.mark.parametrize("other", [Reject(row(50), "another reason"), Written(row(50), "created", "x")])
def test_given_one_row_that_fares_otherwise_when_seen_then_the_sync_goes_on(other: Reject | Written) -> None:
    watch = SameReason("people")
    outcomes: list[Reject | Written] = [Reject(row(number), "no") for number in range(3 * FIRST_ROWS)]
    outcomes[50] = other

    assert [watch.verdict(outcome) for outcome in outcomes] == [None] * len(outcomes)


@pytest.mark.parametrize(
    ("said", "named", "words"),
    [
        ("owner_id not found", "owner_id", ": owner_id not found"),
        ("custom field cpf-do-titular is taken", "@cpf-do-titular", ": custom field cpf-do-titular is taken"),
        ("cpf can't be blank.", "@cpf", ": cpf can't be blank"),
        ("Nome Empresa de Valor já existente", None, ": Nome Empresa de Valor já existente"),
        ("surname is missing", None, ": surname is missing"),
        ("ANA já cadastrada", None, ""),
        ("a Conceição tem este valor", None, ""),
        ("Azul é válido, e Verde não", None, ""),
        ("cpf 987.654 já existente", "@cpf", ""),
        ("ache em nome@exemplo", None, ""),
        ("<h1>não</h1>", None, ""),
        ("não " * 60, None, ""),
        ("Concei&ccedil;&atilde;o já cadastrada", None, ""),
        ("Concei\\u00e7ao já cadastrada", None, ""),
        ("Bia Souza já cadastrada", None, ""),
        ("", None, ""),
    ],
)
def test_given_what_rd_station_says_when_refused_then_the_field_is_told_and_the_words_that_hold_no_value(
    said: str, named: str | None, words: str
) -> None:
    body = {"name": "Ana da Conceicao", "owner_id": "x", "emails": [{"email": "verde@people.test"}],
            "custom_fields": {"cpf": "1", "cpf-do-titular": "2"}}  # fmt: skip
    error = RequestRefusedError("", "", None)
    error.said, error.status = said, 422

    reject = refusal_of(error, body, {"custom_fields": {"cpf": "1", "cor": ["azul"]}}, contact("x1", name="Bia Souza"))

    assert (reject.field_name, reject.said) == (named, said)
    assert reject.reason == f"RD Station refuses the values (422){words}"
    assert refusal_of(NotFoundError("", "", None), body).field_name == "_id"
