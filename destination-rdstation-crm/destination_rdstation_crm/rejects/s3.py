"""Rejected rows in S3, or in a store that speaks it: one object for each batch that has any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from airbyte_rdstation.client.errors import ConnectorError, config_error, transient_error
from destination_rdstation_crm.config import S3Storage

__all__ = ["S3Objects"]

_SETTINGS: Final = Config(
    connect_timeout=5,  # `check` has a minute for everything
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    s3={"addressing_style": "path"},  # stores other than Amazon's seldom have a host name for each bucket
    # Newer checksums are Amazon's alone; other stores refuse them.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_WRONG: Final = {
    "NoSuchBucket": "`s3_bucket_name` names no bucket there. Create it, or correct the name.",
    "AccessDenied": "the credentials may not write into the bucket. Grant s3:PutObject and s3:DeleteObject below "
    "`bucket_path`.",
    "AllAccessDisabled": "the bucket is closed.",
    "InvalidAccessKeyId": "`access_key_id` is unknown there. Copy it again.",
    "SignatureDoesNotMatch": "`secret_access_key` does not fit `access_key_id`. Copy both again.",
    "AuthorizationHeaderMalformed": "`s3_bucket_region` is not the bucket's region.",
    "PermanentRedirect": "`s3_bucket_region` is not the bucket's region.",
    "InvalidBucketName": "`s3_bucket_name` is no possible name of a bucket.",
    "ExpiredToken": "the credentials have expired.",
    "InvalidToken": "the credentials are not valid there.",
}


class S3Objects:
    """Numbers its objects: `<bucket_path>/<folder>/<name>-0001.jsonl`, `…-0002.jsonl`, and so on."""

    def __init__(self, storage: S3Storage, *, folder: str, name: str) -> None:
        self._bucket = storage.s3_bucket_name
        self._prefix = "/".join(filter(None, (storage.bucket_path, folder, name)))
        self._written = 0
        self._client = _told(lambda: _client(storage))

    def probe(self) -> None:
        """Write and delete an empty object."""
        key = f"{self._prefix}-check.jsonl"
        _told(lambda: self._client.put_object(Bucket=self._bucket, Key=key, Body=b""))
        _told(lambda: self._client.delete_object(Bucket=self._bucket, Key=key))

    def add(self, lines: bytes) -> None:
        """Write one object more."""
        key = f"{self._prefix}-{self._written + 1:04}.jsonl"
        _told(
            lambda: self._client.put_object(
                Bucket=self._bucket, Key=key, Body=lines, ContentType="application/x-ndjson"
            )
        )
        self._written += 1


def _client(storage: S3Storage) -> Any:
    return boto3.client(
        "s3",
        region_name=storage.s3_bucket_region or None,
        endpoint_url=storage.s3_endpoint,
        aws_access_key_id=storage.access_key_id,
        aws_secret_access_key=storage.secret_access_key,
        config=_SETTINGS,
    )


def _told(call: Callable[[], Any]) -> Any:
    """The call's result, or its failure as a sentence; botocore's own texts can quote keys and addresses."""
    try:
        return call()
    except (NoCredentialsError, PartialCredentialsError):
        raise config_error(
            "`object_storage_config`: there are no credentials. Set `access_key_id` and `secret_access_key`, or run "
            "where a role grants them."
        ) from None
    except ClientError as error:
        raise _refusal(error) from None
    except (BotoCoreError, ValueError) as error:
        name = type(error).__name__
        if name in ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"):
            raise transient_error(_silence(error), name) from None
        raise config_error(f"`object_storage_config` is not accepted by the S3 client ({name}). Check it.") from None


def _silence(error: Exception) -> str:
    address = urlsplit(str(getattr(error, "kwargs", {}).get("endpoint_url", "")))
    host = address.hostname or "S3"
    setting = "`s3_bucket_region`" if host.endswith(".amazonaws.com") else "`s3_endpoint`"
    at = f"{host}:{address.port}" if address.port else host
    return f"`object_storage_config`: {at} does not answer. Check {setting}, the network and the firewall."


def _refusal(error: ClientError) -> ConnectorError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _WRONG or status in (401, 403, 404):
        sentence = _WRONG.get(code, f"S3 refuses the object ({status}). Check bucket, region and credentials.")
        return config_error(f"`object_storage_config`: {sentence}", f"PutObject -> {status}")
    return transient_error(f"`object_storage_config`: S3 fails at the moment ({status}).", f"PutObject -> {status}")
