"""The set-up: everything wrong with catalog, mapping and keys is a config error that names the culprit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteStream, FailureType
from planned import ID, fields_of, plans, prepare, stream

from airbyte_rdstation.client.errors import ConnectorError
from destination_rdstation_crm.mapping.custom_fields import CustomFields

Lines = Mapping[str, str] | Sequence[tuple[str, str]]


@pytest.mark.parametrize(
    ("mapped", "culprits"),
    [
        pytest.param({"who": "nam"}, ["`who`", "`nam`", "`name`"], id="unknown-field"),
        pytest.param({"who": "Job-Title"}, ["`Job-Title`", "`job_title`"], id="field-in-another-spelling"),
        pytest.param({"who": "id"}, ["`id`", "`_id`"], id="id-without-underscore"),
        pytest.param({"who": "website"}, ["`website`", "contact"], id="field-of-another-object"),
        pytest.param({"who": "name", "mail": "@cliente_desde"}, ["`@cliente_desde`", "`@cliente-desde`"], id="slug"),
        pytest.param({"who": "name", "mail": "@"}, ["`@`"], id="empty-slug"),
        pytest.param([("who", "name"), ("mail", "name")], ["`who`", "`mail`", "`name`"], id="field-twice"),
        pytest.param([("who", "name"), ("who", "name")], ["`who`", "`name`"], id="line-twice"),
        pytest.param({"who": "name", "email": "email"}, ["`email`", "`people`", "`mail`"], id="no-such-column"),
        pytest.param({"mail": "email"}, ["`people`", "`name`"], id="no-name-to-create-with"),
    ],
)
def test_given_a_wrong_mapping_when_planned_then_the_config_error_names_the_culprit(
    mapped: Lines, culprits: list[str]
) -> None:
    with pytest.raises(ConnectorError) as error:
        plans(stream("who", "mail"), mapped=mapped)

    assert error.value.failure_type is FailureType.config_error
    assert [culprit for culprit in culprits if culprit not in str(error.value)] == []


@pytest.mark.parametrize("sync", ["append_dedup", "update"])
@pytest.mark.parametrize(
    ("key", "mapped", "culprits"),
    [
        pytest.param(None, {"who": "name"}, ["no primary key"], id="none"),
        pytest.param([], {"who": "name"}, ["no primary key"], id="empty"),
        pytest.param([["who"], ["mail"]], {"who": "name"}, ["several columns", "`who`", "`mail`"], id="several"),
        pytest.param([["who", "first"]], {"who": "name"}, ["several columns", "`who.first`"], id="nested"),
        pytest.param([["mail"]], {"who": "name"}, ["`mail`", "fills no field"], id="not-mapped"),
        pytest.param([["mail"]], {"mail": "job_title"}, ["`mail`", "`job_title`", "`email`"], id="no-key"),
        pytest.param([["mail"]], {"mail": "@interesses"}, ["`mail`", "`@interesses`"], id="several-values"),
        pytest.param([["who"]], [("who", "name"), ("who", "@cpf")], ["`who`", "`name`", "`@cpf`"], id="two-keys"),
    ],
)
def test_given_a_wrong_primary_key_when_planned_then_the_config_error_names_the_culprit(
    sync: str, key: list[list[str]] | None, mapped: Lines, culprits: list[str]
) -> None:
    with pytest.raises(ConnectorError) as error:
        plans(stream("who", "mail", mode=sync, key=key), mapped=mapped)

    assert error.value.failure_type is FailureType.config_error
    assert [culprit for culprit in ["`people`", sync, *culprits] if culprit not in f"{error.value} {sync}"] == []


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ([], "`people`"),
        ([stream("name", namespace="public")], "`sales.people`"),
        ([stream("name")], "`sales.people`"),
        ([stream("name", name="more", namespace="public")], "`people`"),
        ([stream("name", namespace="sales")], "`people`"),
    ],
)
def test_given_streams_of_one_name_when_planned_then_the_config_error_tells_which(
    others: Sequence[ConfiguredAirbyteStream], told: str
) -> None:
    with pytest.raises(ConnectorError, match=f"Stream {told} has no primary key"):
        plans(*others, stream("name", mode="update", namespace="sales"))


def test_given_rows_that_are_appended_when_planned_then_the_column_of_their_ids_is_told_for_the_results() -> None:
    (plan,) = plans(stream("k", "who"), mapped={"k": "_id", "who": "name"}).values()

    assert (plan.key_field, plan.identifying_column) == (None, "k")


def test_given_a_deal_keyed_by_email_when_planned_then_it_is_no_field_of_a_deal() -> None:
    with pytest.raises(ConnectorError, match="`email`, which is no field of a deal"):
        plans(stream("mail", mode="update", key=[["mail"]]), mode="deals", mapped={"mail": "email"})


@pytest.mark.parametrize(
    ("field", "mapped"),
    [
        ("_id", {"k": "_id"}),
        ("email", {"k": "email"}),
        ("name", {"k": "name"}),
        ("@cpf", {"k": "@cpf"}),
        ("email", [("k", "email"), ("k", "job_title")]),
    ],
)
@pytest.mark.parametrize("sync", ["append_dedup", "update"])
def test_given_a_primary_key_when_planned_then_its_field_is_the_matching_key(
    sync: str, field: str, mapped: Lines
) -> None:
    (plan,) = plans(stream("k", mode=sync, key=[["k"]]), mapped=mapped).values()

    assert (plan.key_field, plan.sync_mode.value) == (field, sync)


def test_given_a_primary_key_when_only_appended_then_it_does_not_matter() -> None:
    (plan,) = plans(stream("who", key=[["a"], ["b"]]), mapped={"who": "name"}).values()

    assert plan.key_field is None


def test_given_another_sync_mode_when_planned_then_the_config_error_lists_ours() -> None:
    with pytest.raises(ConnectorError, match=r"`people`.*`soft_delete`.*append, append_dedup, update"):
        plans(stream("name", mode="soft_delete"))


def test_given_a_stream_to_overwrite_when_planned_then_it_is_one_to_clear_whatever_else_is_wrong_with_it() -> None:
    assert plans(stream("no-such-field", mode="overwrite"), mode="deals") == {}


def test_given_ids_to_update_when_appended_then_no_name_is_needed() -> None:
    (plan,) = plans(stream("k", "job"), mapped={"k": "_id", "job": "job_title"}).values()

    assert prepare(plan, {"k": ID, "job": "Compras"}).body == {"job_title": "Compras"}


def test_given_two_streams_when_the_mapping_fits_one_only_then_the_config_error_names_the_other() -> None:
    with pytest.raises(ConnectorError, match=r"`mail`.*stream `orders` has no such column.*every stream"):
        plans(stream("who", "mail"), stream("who", name="orders"), mapped={"who": "name", "mail": "email"})


def test_given_two_streams_when_the_mapping_fits_both_then_each_has_its_plan() -> None:
    made = plans(stream("who"), stream("who", "more", name="orders"), mapped={"who": "name"})

    assert list(made) == [("people", None), ("orders", None)]


def test_given_an_empty_namespace_when_planned_then_the_stream_has_none() -> None:
    configured = stream("name")
    configured.stream.namespace = ""

    assert list(plans(configured)) == [("people", None)]


def test_given_an_object_named_by_the_platform_when_planned_then_mode_and_mapping_do_not_count() -> None:
    (plan,) = plans(stream("name", "rating", goes_to="deal"), mode="contacts", mapped={"who": "email"}).values()

    assert plan.record_type.crm_object.name == "deal"
    assert prepare(plan, {"name": "Plano", "rating": 3}).body == {"name": "Plano", "rating": 3}


def test_given_an_unknown_object_when_planned_then_the_config_error_names_what_was_meant() -> None:
    with pytest.raises(ConnectorError, match=r"`contacts`.*Did you mean `contact`\?"):
        plans(stream("name", goes_to="contacts"))


def test_given_no_mapping_when_planned_then_columns_without_a_field_are_named_in_one_warning() -> None:
    warnings: list[str] = []

    (plan,) = plans(stream("name", "_id", "@cpf", "full_name", "_synced_at"), warn=warnings.append).values()

    assert len(warnings) == 1
    assert "`people`: columns `full_name`, `_synced_at` are not sent" in warnings[0]
    assert [column.field.name for column in plan.columns] == ["name", "_id", "@cpf"]


def test_given_no_mapping_when_every_column_is_a_field_then_nobody_is_warned() -> None:
    warnings: list[str] = []

    plans(stream("name", "email"), warn=warnings.append)

    assert warnings == []


def test_given_no_mapping_when_a_slug_is_unknown_then_it_is_a_config_error() -> None:
    with pytest.raises(ConnectorError, match="`@cnpj`"):
        plans(stream("name", "@cnpj"))


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"properties": None}])
def test_given_a_schema_without_columns_when_planned_then_rows_say_which_there_are(schema: dict[str, Any]) -> None:
    (mapped,) = plans(stream(schema=schema), mapped={"who": "name"}).values()
    (unmapped,) = plans(stream(schema=schema)).values()

    assert prepare(mapped, {"who": "Ana"}).body == {"name": "Ana"}
    assert prepare(unmapped, {"name": "Ana", "@cpf": "1", "x": 1}).body == {
        "name": "Ana",
        "custom_fields": {"cpf": "1"},
    }


def test_given_a_table_without_columns_when_mapped_then_it_is_a_config_error() -> None:
    with pytest.raises(ConnectorError, match="`who`"):
        plans(stream(schema={"properties": {}}), mapped={"who": "name"})


def test_given_two_streams_with_slugs_when_planned_then_custom_fields_are_asked_for_once_and_only_if_needed() -> None:
    asked: list[str] = []

    def custom_fields_of(entity: str) -> CustomFields:
        asked.append(entity)
        return fields_of(entity)

    plans(
        stream("name", "@cpf"),
        stream("name", "@porte", name="more"),
        stream("name", name="deals", goes_to="deal"),
        stream("_id", "name", name="firms", goes_to="organization", mode="update", key=[["_id"]]),
        custom_fields_of=custom_fields_of,
    )

    assert asked == ["contact", "deal"]
