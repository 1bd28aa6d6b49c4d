"""What docs/api leaves open and no other test plays: each switch thrown, and nothing is lost or told wrongly."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from destination import Destination, mapping, record, rejects_in, state, statistics, table
from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Run, Source, account, status_of
from truth import differences
from truth_conversas import held, told

SIZE = AccountSize(contacts=210, deals=12, organizations=24, tasks=10)
SALES = table("sales", ["title", "owner", "stage", "price"])


def sales(crm: Emulator, **more: Any) -> Destination:
    columns = {"title": "name", "owner": "owner_id", "stage": "stage_id", "price": "one_time_price"}
    return Destination(crm, mode="deals", column_mapping=mapping(**columns), **more)


def sale(crm: Emulator, **more: Any) -> dict[str, Any]:
    stages = crm.truth("stages")
    last = list(stages)[-1]
    owner = {"owner": crm.truth("users")[0]["id"]}
    return record("sales", **{"title": "Venda", "stage": stages[last][0]["id"], "price": 10.0, **owner, **more})


@pytest.mark.parametrize(
    "settings",
    [
        {"bad_filter": "ignore", "error_shape": "html", "has_form": "bare"},
        {"bad_filter": "400", "has_form": "value", "null_updated_at": 5, "null_closed_at": 2},
    ],
    ids=["ignored", "refused-and-nulls"],
)
def test_given_a_switch_of_v2_when_read_twice_then_every_record_equals_the_truth(settings: dict[str, Any]) -> None:
    with account(SIZE, **settings) as crm:
        source = Source(crm)
        first = source.read()
        again = source.read(state=first.states)

        assert first.exit_code == again.exit_code == 0, again.log
        assert [wrong for stream in V2.streams for wrong in differences(first, crm, stream)] == []


def test_given_notes_that_do_not_move_their_deal_when_read_again_then_a_full_refresh_alone_brings_them() -> None:
    with account(SIZE, child_touches_deal=False) as crm:
        source = Source(crm)
        first = source.read("deal_notes")
        before = crm.ids("deal_notes")
        for deal in sorted(crm.ids("deals"))[:3]:
            crm.create("deal_notes", parent=deal, at="2026-08-30T10:20:30Z")

        again = source.read("deal_notes", state=first.states)
        whole = source.read("deal_notes", sync_mode="full_refresh")

        assert again.exit_code == whole.exit_code == 0, whole.log
        assert again.ids("deal_notes") <= before
        assert whole.ids("deal_notes") == crm.ids("deal_notes") > before


@pytest.mark.parametrize("moves", [True, False])
def test_given_a_custom_field_that_is_edited_when_read_again_then_it_comes_if_it_moved_its_contact(moves: bool) -> None:
    with account(SIZE, cf_touches_contact=moves) as crm:
        source = Source(crm)
        first = source.read("contacts")
        (edited,) = [row["id"] for row in crm.truth("contacts")][:1]
        destination = Destination(crm, column_mapping=mapping(id="_id", cpf="@cpf"))
        destination.write(table("people", ["id", "cpf"]), [record("people", id=edited, cpf="000.000.000-77")])
        source.config = {**source.config, **{"credentials": destination.config["credentials"] | {"api_version": "v2"}}}

        again = source.read("contacts", state=first.states)
        whole = source.read("contacts", sync_mode="full_refresh")

        assert ("000.000.000-77" in {row["custom_fields"].get("cpf") for row in again.records("contacts")}) == moves
        assert differences(whole, crm, "contacts") == []


@pytest.mark.parametrize("vanished", ["404", "410"])
def test_given_a_record_that_is_gone_when_written_then_its_row_alone_is_rejected(vanished: str) -> None:
    with account(SIZE, vanished=vanished) as crm:
        ids = sorted(crm.ids("contacts"))[:3]
        crm.delete("contacts", ids[0])
        destination = Destination(
            crm, column_mapping=mapping(id="_id", name="name"), partial_success=True, skip_unchanged=True
        )
        rows = [record("people", id=id_, name="Novo") for id_ in ids]

        run = destination.write(table("people", ["id", "name"], "append_dedup", "id"), [*rows, state("people", 1)])

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(2.0, 1.0)]
        assert [row["name"] for row in crm.truth("contacts") if row["id"] in ids] == ["Novo", "Novo"]


@pytest.mark.parametrize(
    ("settings", "row", "words"),
    [
        pytest.param({"deal_requires": "owner"}, {"owner": None}, "owner", id="no-owner"),
        pytest.param({"invalid_status": "400"}, {"stage": "f" * 24}, "tage", id="invalid-400"),
        pytest.param({"error_shape": "top_detail"}, {"stage": "f" * 24}, "tage", id="another-shape"),
        pytest.param({"error_shape": "message"}, {"owner": None}, "owner", id="message"),
        pytest.param({"error_shape": "html"}, {"owner": None}, "owner", id="html"),
    ],
)
def test_given_a_row_that_is_refused_when_written_then_it_alone_is_rejected_and_its_reason_names_the_field(
    tmp_path: Any, settings: dict[str, Any], row: dict[str, Any], words: str
) -> None:
    with account(SIZE, **settings) as crm:
        storage = {"storage_type": "Local", "folder": str(tmp_path)}
        destination = sales(crm, object_storage_config=storage, partial_success=True)

        run = destination.write(SALES, [sale(crm), sale(crm, **row), sale(crm), state("sales", 1)])

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(2.0, 1.0)]
        (rejected,) = rejects_in(tmp_path)
        assert words in f"{rejected['rejected_reason']} {rejected['api_message']}"


@pytest.mark.parametrize(
    "settings",
    [
        {"pipeline_in_body": "obey", "int_for_float": "accept"},
        {"pipeline_in_body": "422", "int_for_float": "422", "deal_requires": "none"},
        {"pipeline_in_body": "ignore"},
    ],
    ids=["obeyed", "refused", "ignored"],
)
def test_given_a_switch_of_writes_when_deals_are_created_then_they_are_in_the_stage_that_the_row_names(
    settings: dict[str, Any],
) -> None:
    with account(SIZE, **settings) as crm:
        before = crm.ids("deals")
        row = sale(crm, price=10, funnel=next(iter(crm.truth("stages"))))
        columns = {"title": "name", "owner": "owner_id", "stage": "stage_id", "price": "one_time_price"}
        destination = Destination(crm, mode="deals", column_mapping=mapping(**columns, funnel="pipeline_id"))

        run = destination.write(table("sales", [*columns, "funnel"]), [row, row, state("sales", 1)])

        assert run.exit_code == 0, run.log
        made = [deal for deal in crm.truth("deals") if deal["id"] not in before]
        assert {(deal["stage_id"], deal["one_time_price"]) for deal in made} == {(row["record"]["data"]["stage"], 10.0)}
        assert statistics(run) == [(2.0, 0.0)]


def test_given_a_slug_that_the_crm_would_ignore_when_checked_then_it_is_named() -> None:
    with account(SIZE, unknown_slug="ignore") as crm:
        destination = Destination(crm, column_mapping=mapping(name="name", x="@nao-existe"))

        run = destination.check()

        status, message = status_of(run)
        assert status == "FAILED"
        assert "nao-existe" in message


def assert_complete(run: Run, crm: Emulator, *streams: str) -> None:
    assert run.exit_code == 0, run.log
    assert [wrong for stream in streams for wrong in differences(run, crm, stream, V1)] == []


@pytest.mark.parametrize(
    "settings",
    [
        {"v1_empty_every": 3},
        {"v1_date_z": "accepted", "v1_date_error": "error", "v1_updated_at_period": "400"},
    ],
    ids=["empty-bodies", "dates"],
)
def test_given_a_switch_of_v1_when_read_then_every_record_equals_the_truth(settings: dict[str, Any]) -> None:
    with account(SIZE, **settings) as crm:
        run = Source(crm, V1).read()

        assert_complete(run, crm, *V1.streams)


def test_given_a_429_of_v1_that_says_when_to_return_when_read_then_it_is_heeded() -> None:
    limit: dict[str, Any] = {"rate_limit_requests": 2, "rate_limit_window_s": 1.0, "v1_retry_after": "seconds"}
    with account(SIZE, **limit) as crm:
        run = Source(crm, V1).read("contacts", "companies", "deals", "users")

        assert_complete(run, crm, "contacts", "companies", "deals", "users")
        arrived = [request["arrived_monotonic"] for request in crm.requests()]
        assert any(request["status"] == 429 for request in crm.requests())
        assert (
            max(later - earlier for earlier, later in pairwise(arrived)) < 59
        )  # as long a 429 costs that says nothing


def test_given_contacts_whose_pages_are_all_the_first_when_read_then_the_sync_ends() -> None:
    with account(
        conversas=ConversasSize(contacts=120, messages_per_contact=2), conversas_ignore_page=["customers"]
    ) as crm:
        run = Source(crm, CONVERSAS).read("contacts")

        assert run.exit_code == 0, run.log
        (line,) = run.log_lines("WARN")
        assert "counts 120 records and showed 100" in line
        assert len(run.ids("contacts")) == 100
        assert len(crm.requests()) < 10


def test_given_others_who_use_up_the_bucket_when_read_then_nothing_is_lost() -> None:
    shared: dict[str, Any] = {
        "conversas_bucket_burst": 10,
        "conversas_bucket_per_minute": 1_200,
        "conversas_other_traffic": 600.0,
    }
    with account(
        conversas=ConversasSize(contacts=12, messages_per_contact=5), **shared, conversas_retry_after="seconds"
    ) as crm:
        run = Source(crm, CONVERSAS).read("messages")

        assert run.exit_code == 0, run.log
        assert told(run) == held(crm)
