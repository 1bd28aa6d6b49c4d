"""Where rejected rows are kept: nowhere, in a folder, or in S3."""

from __future__ import annotations

import os
import secrets
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Protocol

from destination_rdstation_crm.config import LocalStorage, S3Storage, Storage
from destination_rdstation_crm.rejects.private_file import PrivateFile

__all__ = ["Store", "open_store"]

_JOB: Final = "WORKER_JOB_ID"
"""The platform's number of the sync: its page of a sync links to the objects below `<bucket_path>/<job>/`."""


class Store(Protocol):
    """Takes lines of JSON."""

    def probe(self) -> None:
        """Raises a config error where lines could not be kept; leaves nothing behind."""

    def add(self, lines: bytes) -> None:
        """The lines are durable when this returns."""


class Nowhere:
    """Rejected rows are counted and logged, and that is all."""

    def probe(self) -> None:
        """Nothing can be wrong."""

    def add(self, lines: bytes) -> None:
        """Forgets them."""


def open_store(storage: Storage) -> Store:
    """The store of this sync; nothing is asked or made yet."""
    if isinstance(storage, LocalStorage):
        path = Path(storage.folder, f"rejected-{_moment()}.jsonl")
        return PrivateFile(path, "object_storage_config.folder", fresh=True)
    if isinstance(storage, S3Storage):
        # boto3 takes half a second to import: only who needs it waits.
        from destination_rdstation_crm.rejects.s3 import S3Objects

        return S3Objects(storage, folder=os.environ.get(_JOB) or "rejected", name=f"rejected-{_moment()}")
    return Nowhere()


def _moment() -> str:
    """What no other sync's rejects are called."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
