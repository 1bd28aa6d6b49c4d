"""Where rejected rows are kept: nowhere, in a folder, or in S3; and a file to which lines are added durably."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Protocol

from airbyte_rdstation.client.errors import config_error, system_error
from destination_rdstation_crm.config import LocalStorage, S3Storage, Storage

__all__ = ["PrivateFile", "Store", "open_store"]

_JOB: Final = "WORKER_JOB_ID"
"""The platform's number of the sync: its page of a sync links to the objects below `<bucket_path>/<job>/`."""

_OWNER_ONLY: Final = 0o600
_OWNER_ONLY_FOLDER: Final = 0o700


def open_store(storage: Storage) -> Store:
    """Choose the store of this sync; nothing is asked or made yet."""
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


class Store(Protocol):
    """Takes lines of JSON."""

    def probe(self) -> None:
        """Raise a config error where lines could not be kept; leaves nothing behind."""

    def add(self, lines: bytes) -> None:
        """Keep lines; they are durable when this returns."""


class Nowhere:
    """Rejected rows are counted and logged, and that is all."""

    def probe(self) -> None:
        """Do nothing: nothing can be wrong."""

    def add(self, lines: bytes) -> None:
        """Forget them."""


class PrivateFile:
    """A file that only its owner may read, made when its first line is added."""

    def __init__(self, path: Path, setting: str, *, fresh: bool) -> None:
        """`fresh`: nobody else's file may stand there, and no link either."""
        self._path = path
        self._setting = setting
        self._flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | (os.O_EXCL if fresh else 0)
        self._file: int | None = None

    def probe(self) -> None:
        """Raise a config error where no file can be made; leaves none behind."""
        self._make_folder()
        try:
            if not self._takes_lines():
                trial = self._path.with_name(f".check-{secrets.token_hex(8)}")
                os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _OWNER_ONLY))
                trial.unlink()
        except OSError as error:
            raise self._wrong(error) from None

    def _takes_lines(self) -> bool:
        """Whether a file stands there already; raises OSError where it is none, or not ours to write."""
        try:
            # Not to wait at a pipe that nobody reads.
            file = os.open(self._path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return False
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, "There is a device or a pipe")
        finally:
            os.close(file)
        return True

    def add(self, lines: bytes) -> None:
        """Append lines; they have reached the disk when this returns."""
        if self._file is None:
            self._file = self._opened()
            if _is_cut(self._file):
                lines = b"\n" + lines
        try:
            while lines:
                lines = lines[os.write(self._file, lines) :]
            os.fsync(self._file)
        except OSError as error:
            raise system_error(f"The file of `{self._setting}` cannot be written: {error.strerror}.") from None

    def _opened(self) -> int:
        self._make_folder()
        try:
            return os.open(self._path, self._flags, _OWNER_ONLY)
        except OSError as error:
            raise self._wrong(error) from None

    def _make_folder(self) -> None:
        try:
            self._path.parent.mkdir(_OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise self._wrong(error) from None

    def _wrong(self, error: OSError) -> Exception:
        return config_error(f"`{self._setting}` names a place where no file can be written: {error.strerror}.")


def _is_cut(file: int) -> bool:
    """Whether the last line has no end: a disk was full, or a process was killed. The next one must not join it."""
    size = os.fstat(file).st_size
    return size > 0 and os.pread(file, 1, size - 1) != b"\n"
