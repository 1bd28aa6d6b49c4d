"""The configuration, checked once: each mistake names its property, and no sentence quotes a value."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from airbyte_cdk.models import FailureType
from botocore.exceptions import EndpointConnectionError

from airbyte_rdstation.client.errors import ConnectorError
from destination_rdstation_crm.config import LocalStorage, NoStorage, S3Storage, read_settings
from destination_rdstation_crm.rejects.s3 import S3Objects

SECRET = "invented-value"
GOOD: dict[str, Any] = {
    "credentials": {"client_id": SECRET, "client_secret": SECRET, "refresh_token": SECRET},
    "mode": "contacts",
}
S3: dict[str, Any] = {"storage_type": "S3", "s3_bucket_name": "bucket", "s3_bucket_region": "sa-east-1"}


def test_given_the_least_configuration_when_read_then_the_rest_has_its_defaults() -> None:
    settings = read_settings(GOOD)

    assert (settings.partial_success, settings.skip_unchanged, settings.send_nulls, settings.dry_run) == (
        False, None, False, False,
    )  # fmt: skip
    assert (settings.requests_per_minute, settings.num_workers) == (120, 8)
    assert settings.column_mapping == ()
    assert settings.object_storage_config == NoStorage()
    assert settings.api_base_url == "https://api.rd.services"


@pytest.mark.parametrize("empty", [None, ""])
def test_given_empty_properties_when_read_then_they_count_as_absent(empty: object) -> None:
    names = (
        "column_mapping",
        "partial_success",
        "on_invalid_value",
        "empty_values",
        "object_storage_config",
        "results_path",
        "api_base_url",
        "num_workers",
    )

    assert read_settings({**GOOD, **dict.fromkeys(names, empty)}) == read_settings(GOOD)


def test_given_no_way_to_compare_when_a_form_sends_an_empty_one_then_it_counts_as_absent() -> None:
    entry = {"column": "tel", "field": "phone"}

    (column,) = read_settings({**GOOD, "column_mapping": [{**entry, "match": ""}]}).column_mapping

    assert (column.column, column.field, column.match) == ("tel", "phone", None)


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        pytest.param({"storage_type": "None"}, NoStorage(), id="none"),
        pytest.param({}, NoStorage(), id="without-a-type"),
        pytest.param({"storage_type": "Local", "folder": "/srv/x"}, LocalStorage(storage_type="Local", folder="/srv/x"),
                     id="local"),
        pytest.param({**S3, "bucket_path": "/a/b/", "access_key_id": ""}, S3Storage(**S3, bucket_path="a/b"), id="s3"),
    ],
)  # fmt: skip
def test_given_a_place_for_rejects_when_read_then_it_is_that_place(storage: Any, expected: object) -> None:
    assert read_settings({**GOOD, "object_storage_config": storage}).object_storage_config == expected


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"mode": None}, "`mode` must be 'contacts', 'deals' or 'organizations'"),
        ({"mode": ""}, "`mode` must be 'contacts', 'deals' or 'organizations'"),
        ({"mode": "contact"}, "`mode` must be 'contacts', 'deals' or 'organizations'"),
        ({"mode": SECRET}, "`mode`"),
        ({"column_mapping": [{"column": "a"}]}, "`column_mapping.field`"),
        ({"column_mapping": [{"column": "a", "field": "b", "match": SECRET}]}, "`column_mapping.match`"),
        ({"on_invalid_value": SECRET}, "`on_invalid_value`"),
        ({"empty_values": [None]}, "`empty_values`"),
        ({"column_mapping": [{"column": "", "field": "name"}]}, "`column_mapping.column` is empty"),
        ({"column_mapping": {"a": SECRET}}, "`column_mapping`"),
        ({"partial_success": SECRET}, "`partial_success`"),
        ({"dry_run": 1}, "`dry_run`"),
        ({"num_workers": 21}, "`num_workers`"),
        ({"requests_per_minute": 0}, "`requests_per_minute`"),
        ({"api_base_url": "http://crm.test"}, "`api_base_url`"),
        ({"results_path": "a/../b"}, "`results_path`"),
        ({"object_storage_config": {"storage_type": SECRET}}, "`object_storage_config`"),
        ({"object_storage_config": {"storage_type": "S3"}}, "`object_storage_config.s3_bucket_name`"),
        ({"object_storage_config": {"storage_type": "Local", "folder": "../x"}}, "`object_storage_config.folder`"),
        ({"object_storage_config": {**S3, "bucket_path": "a/../../b"}}, "`object_storage_config.bucket_path`"),
        ({"object_storage_config": {**S3, "s3_endpoint": SECRET}}, "`object_storage_config.s3_endpoint`"),
        ({"credentials": {**GOOD["credentials"], "refresh_token": " "}}, "`credentials.refresh_token`"),
        ({"credentials": {**GOOD["credentials"], "api_version": "v1"}}, "`credentials.api_version`"),
        ({"credentials": SECRET}, "`credentials`"),
    ],
    ids=str,
)  # fmt: skip
def test_given_a_wrong_property_when_read_then_it_is_named_and_no_value_quoted(wrong: Any, named: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        read_settings({**GOOD, **wrong})

    assert caught.value.failure_type == FailureType.config_error
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


def test_given_the_version_that_a_source_has_when_read_then_it_does_not_matter() -> None:
    assert read_settings({**GOOD, "credentials": {**GOOD["credentials"], "api_version": "v2"}}).mode == "contacts"


def test_given_settings_when_shown_then_no_secret_is() -> None:
    storage = {**S3, "access_key_id": "invented-key", "secret_access_key": "invented-key"}

    shown = repr(read_settings({**GOOD, "object_storage_config": storage}).object_storage_config)

    assert "invented-key" not in shown


def test_given_no_endpoint_when_the_store_does_not_answer_then_its_host_and_the_region_are_named() -> None:
    objects = S3Objects(S3Storage(**S3), folder="job", name="rejected")
    endpoint = "https://s3.sa-east-1.amazonaws.com/bucket/job/rejected-check.jsonl"
    objects._client = Mock(put_object=Mock(side_effect=EndpointConnectionError(endpoint_url=endpoint)))

    with pytest.raises(ConnectorError) as silence:
        objects.probe()

    assert silence.value.failure_type == FailureType.transient_error
    sentence = "s3.sa-east-1.amazonaws.com does not answer. Check `s3_bucket_region`, the network and the firewall."
    assert str(silence.value) == f"`object_storage_config`: {sentence}"
