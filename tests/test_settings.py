"""Every mistake in a configuration is a sentence of ours, which names the property and no value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from airbyte_rdstation.client.errors import ConnectorError
from destination_rdstation_crm.config import read_settings as read_destination
from source_rdstation_conversas.config import read_settings as read_conversas
from source_rdstation_crm.config import read_settings as read_crm

OAUTH = {"client_id": "a", "client_secret": "b", "refresh_token": "c"}
ODD = "um-valor"
Read = Callable[[Mapping[str, Any]], object]


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
        ((read_crm, {**crm()[1], "num_workers": 10**30}), "`num_workers` is too large"),
        (conversas(api_base_url="https://api exemplo.test"), "`api_base_url` is no valid address"),
        (conversas(api_base_url="https://api..exemplo.test"), "`api_base_url` is no valid address"),
        (conversas(api_base_url=f"https://{'a' * 70}.test"), "`api_base_url` is no valid address"),
        (destination(mode=ODD), "`mode` must be 'contacts', 'deals' or 'organizations'"),
        (destination(partial_success=ODD), "`partial_success` must be true or false"),
        (destination(column_mapping=[ODD]), "`column_mapping` must be an object"),
        (destination(object_storage_config=[ODD]), "`object_storage_config` must be an object"),
        (destination(object_storage_config={"storage_type": ODD}), "`object_storage_config` is of an unknown type"),
        (conversas(channels=ODD), "`channels` must be a list"),
        (conversas(channels=[{ODD: 1}]), "`channels` must be a text"),
    ],
)
def test_given_a_mistake_when_read_then_our_own_sentence_names_the_property(
    connector: tuple[Read, dict[str, Any]], says: str
) -> None:
    read, config = connector

    with pytest.raises(ConnectorError) as refusal:
        read(config)

    assert says in str(refusal.value)
    for foreign in (ODD, "Input should", "literal[", "dictionary", "valid boolean"):
        assert foreign not in str(refusal.value)
