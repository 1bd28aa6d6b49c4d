"""Every mistake in a configuration is a sentence of ours, which names the property and no value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.config import CommonSettings
from destination_rdstation_crm.config import read_settings as read_destination
from source_rdstation_conversas.config import read_settings as read_conversas
from source_rdstation_crm.config import read_settings as read_crm

OAUTH = {"client_id": "a", "client_secret": "b", "refresh_token": "c"}
ODD = "um-valor"
S3 = {"storage_type": "S3", "s3_bucket_name": "bucket"}
Read = Callable[[Mapping[str, Any]], CommonSettings]


def crm(**credentials: Any) -> tuple[Read, dict[str, Any]]:
    return read_crm, {"credentials": {**OAUTH, **credentials}}


def destination(**settings: Any) -> tuple[Read, dict[str, Any]]:
    return read_destination, {"credentials": OAUTH, "mode": "contacts", **settings}


def conversas(**settings: Any) -> tuple[Read, dict[str, Any]]:
    return read_conversas, {"access_token": "a.b.c", **settings}


@pytest.mark.parametrize(
    ("connector", "says"),
    [
        (crm(token_expiry_date=ODD), "`credentials.token_expiry_date` is no date"),
        (crm(token_expiry_date=[ODD]), "`credentials.token_expiry_date` must be a text"),
        (crm(token_expiry_date="0001-01-01"), "`credentials.token_expiry_date` is no date"),
        (crm(access_token="é" + ODD), "`credentials.access_token` holds characters that no credential has (U+00E9)"),
        ((read_crm, {**crm()[1], "start_date": "0001-01-01"}), "`start_date` lies before 1900"),
        ((read_crm, {**crm()[1], "start_date": "9999-12-31"}), "`start_date` lies in the future"),
        ((read_crm, {**crm()[1], "start_date": "31/02/2024"}), "`start_date` is no date; write it like"),
        ((read_crm, {**crm()[1], "num_workers": 10**30}), "`num_workers` is too large: it must be 20 or less"),
        (conversas(requests_per_minute=0), "`requests_per_minute` is too small: it must be 1 or more"),
        (destination(mode=None), "`mode` must be 'contacts', 'deals' or 'organizations'"),
        (conversas(senders=[ODD]), "`senders` must be 'bot', 'customer' or 'operator'"),
        (conversas(api_base_url="https://api exemplo.test"), "`api_base_url` is no valid address"),
        (conversas(api_base_url="https://api..exemplo.test"), "`api_base_url` is no valid address"),
        (conversas(api_base_url=f"https://{'a' * 70}.test"), "`api_base_url` is no valid address"),
        (destination(mode=ODD), "`mode` must be 'contacts', 'deals' or 'organizations'"),
        (destination(partial_success=ODD), "`partial_success` must be true or false"),
        (destination(column_mapping=[ODD]), "`column_mapping` must be an object"),
        (destination(object_storage_config=[ODD]), "`object_storage_config` must be an object"),
        (destination(object_storage_config={"storage_type": ODD}), "`object_storage_config` is of an unknown type; "
         "'storage_type' must be one of 'None', 'Local', 'S3'"),
        (destination(object_storage_config={**S3, "s3_bucket_region": "São Paulo"}),
         "`object_storage_config.s3_bucket_region` is no region; write it like sa-east-1"),
        (conversas(channels=ODD), "`channels` must be a list"),
        (conversas(channels=[{ODD: 1}]), "`channels` must be a text"),
        (crm(client_id=None), "`credentials.client_id` is missing"),
        (destination(credentials={**OAUTH, "client_id": None}), "`credentials.client_id` is missing"),
        ((read_crm, {"credentials": {"access_token": ODD, "api_version": "", "client_id": None}}),
         'of API v1, add `"api_version": "v1"`'),
        ((read_crm, conversas()[1]), "looks like one of RD Station Conversas"),
        ((read_destination, conversas()[1]), "looks like one of RD Station Conversas"),
        ((read_crm, OAUTH), "Client ID, client secret and tokens belong into one."),
        ((read_conversas, crm()[1]), "has `credentials` instead, as those of RD Station CRM have"),
        ((read_crm, {"credentials": {"cleint_id": ODD, "client_secret": "b", "refresh_token": "c"}}),
         "not valid: `credentials.client_id` is missing. The configuration holds names that are no options and have no "
         "effect: `credentials.cleint_id` (perhaps `credentials.client_id`)."),
    ],
)  # fmt: skip
def test_given_a_mistake_when_read_then_our_own_sentence_names_the_property(
    connector: tuple[Read, dict[str, Any]], says: str
) -> None:
    read, config = connector

    with pytest.raises(ConnectorError) as refusal:
        read(config)

    assert says in str(refusal.value)
    for foreign in (ODD, "Input should", "literal[", "dictionary", "valid boolean"):
        assert foreign not in str(refusal.value)


V1 = {"api_version": "v1", "access_token": "a"}
ENTRY = {"column": "a", "field": "name", "mach": "digits"}
LEFT = {"storage_type": "None", "folder": ODD}


@pytest.mark.parametrize(
    ("connector", "names"),
    [
        ((read_crm, {**crm()[1], "start_data": ODD}), "`start_data` (perhaps `start_date`)"),
        ((read_crm, {**crm()[1], "START-DATE": ODD}), "`…` (perhaps `start_date`)"),
        ((read_crm, {**crm()[1], "refresh_token": ODD}), "`refresh_token` (perhaps `credentials.refresh_token`)"),
        ((read_crm, {**crm()[1], "ana@people.test": 1, "x" * 41: 1, "9" * 24: 1}), "`…`, `…`, `…`"),
        ((read_crm, {**crm()[1], "fa0" * 8: 1, "s3_bucket": 1}), "`…`, `s3_bucket`"),
        ((read_crm, {"credentials": {**V1, "client_id": ODD}}), "`credentials.client_id` (not with this choice)"),
        (crm(auth_type=ODD), "`credentials.auth_type`"),
        (conversas(chanels=[ODD], sender=[ODD]),
         "`chanels` (perhaps `channels`), `sender` (perhaps `senders`)"),
        (destination(start_date=ODD), "`start_date`"),
        (destination(column_mapping=[ENTRY, ENTRY]), "`column_mapping.mach` (perhaps `column_mapping.match`)"),
        (destination(object_storage_config=LEFT), "`object_storage_config.folder` (not with this choice)"),
        (conversas(**{f"opcao_{letter}": 1 for letter in "abcdefghijkl"}), "`opcao_j` and 2 more"),
    ],
)  # fmt: skip
def test_given_names_that_are_no_options_when_read_then_a_remark_names_the_nearest_and_no_value(
    connector: tuple[Read, dict[str, Any]], names: str
) -> None:
    read, config = connector

    (remark,) = read(config).remarks

    assert remark.startswith("The configuration holds names that are no options and have no effect: `")
    assert remark.endswith(f"{names}.")
    assert ODD not in remark


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_given_a_name_without_a_value_or_one_of_airbytes_when_read_then_there_is_no_remark(nothing: object) -> None:
    for read, config in (crm(auth_type=nothing), destination(advanced=nothing), conversas(__injected=ODD, x=nothing)):
        assert read(config).remarks == ()
