"""The tokens file: where the newest pair survives under whatever runs a connector, and processes share one pair."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from airbyte_rdstation.client.errors import config_error, transient_error
from airbyte_rdstation.config_file import load, sync_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment] # "no locks here"

__all__ = ["TokensFile"]

_BEGINNING: Final = b'{"rdstation_tokens": ['  # of every tokens file: nothing else is ever replaced
_OF_A_PAIR: Final = ("refresh_token", "access_token", "token_expiry_date", "renewed_at")
_MOST_FINGERPRINTS: Final = 500  # of one authorization; renewed every two hours, it takes six weeks to make them
_MOST_AUTHORIZATIONS: Final = 100
_ROOM: Final = 4096  # bytes that one more pair takes at most
_ELSEWHERE: Final = "Make room and give the permission, or name another file."
_SECONDS_BETWEEN_LOOKS: Final = 0.05  # at a lock that another process holds: the kernel tells nobody who has a deadline


_logger = logging.getLogger("airbyte.rdstation")


class TokensFile:
    """Keeps the newest tokens for every process that is given its path; whatever it holds is read under its lock.

        {"rdstation_tokens": [{"refresh_token": "…", "access_token": "…", "token_expiry_date": "…", "renewed_at": "…",
                               "led_here": ["9f86d081884c7d65", …]}]}

    An entry an authorization: its newest pair, and the fingerprints of the refresh tokens that led to it. By its own
    refresh token, however old, a configuration finds the pair that replaced it. One that was authorized anew, or is of
    another application or account, finds none and gets an entry of its own; so a file never gives the pair of one
    account to the configuration of another. Methods raise a config error
    that says what to do where the file cannot be used.
    """

    def __init__(self, path: str, application: str) -> None:
        """Take the file at `path`, which need not exist yet, for the application of that client ID."""
        self.path = Path(path)
        self._application = application
        if fcntl is None:
            raise config_error("`tokens_path` needs locks on files, which this system does not have. Leave it out.")
        with self._told():
            self._insist_on_place()
        self._lock = self.path.with_name(f"{self.path.name}.lock")
        self._new = self.path.with_name(f"{self.path.name}.new")

    def _insist_on_place(self) -> None:
        self.path = self.path.resolve()  # a link stays a link
        if not self.path.parent.is_dir():
            raise config_error(f"`tokens_path`: the folder {self.path.parent} does not exist. Create it.")
        if self.path.exists() and not self.path.is_file():
            raise config_error(f"`tokens_path`: {self.path} is a folder or a device. Name a file.")
        if not os.access(self.path.parent, os.W_OK):
            raise config_error(f"`tokens_path`: the folder {self.path.parent} cannot be written to. {_ELSEWHERE}")

    @contextmanager
    def locked(self, may_wait: Callable[[float], bool], sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
        """Hold the file alone; the lock of a process that died is none.

        Raises a transient error once `may_wait` no longer allows so many seconds more.
        """
        with self._told():
            descriptor = self._take_lock()
        waited = False
        while descriptor is None:
            if not may_wait(_SECONDS_BETWEEN_LOOKS):
                raise transient_error(
                    f"Another process holds {self._lock} and does not let go: it may be renewing tokens."
                )
            if not waited:
                _logger.info("Waiting for another process that renews the tokens in %s.", self.path)
            waited = True
            sleep(_SECONDS_BETWEEN_LOOKS)
            with self._told():
                descriptor = self._take_lock()
        try:
            with self._told():
                self._complete_interrupted()
            yield
        finally:
            os.close(descriptor)

    def newest(self, refresh_token: str) -> dict[str, str] | None:
        """Return `{"refresh_token": …, "access_token": …, "token_expiry_date": …, "renewed_at": …}` that replaced it.

        None where the file knows no such refresh token.
        """
        with self._told():
            entries = self._entries()
        fingerprint = self._fingerprint(refresh_token)
        found = [entry for entry in entries if fingerprint in entry["led_here"]]
        return {name: str(found[-1].get(name) or "") for name in _OF_A_PAIR} if found else None

    def was_interrupted(self, refresh_token: str) -> bool:
        """Tell whether a process ended, or its connection broke, while it had this refresh token replaced."""
        return self._pending().get("renewing") == self._fingerprint(refresh_token)

    def reserve(self, *refresh_tokens: str) -> None:
        """Have a new file with room for a pair reach the disk, so that a full one is found before a token is spent.

        The last of the tokens is about to be replaced, the others are known to have led to it.
        """
        with self._told(" No token was spent."):
            self._led_here = list(dict.fromkeys(self._fingerprint(token) for token in refresh_tokens))
            self._others: list[dict[str, Any]] = []
            for entry in self._entries():
                if set(self._led_here).isdisjoint(entry["led_here"]):
                    self._others.append(entry)
                else:  # the latest last: the oldest are forgotten first
                    self._led_here = [*(one for one in entry["led_here"] if one not in self._led_here), *self._led_here]
            mark = json.dumps({"renewing": self._led_here[-1]}).encode()
            self._new.unlink(missing_ok=True)
            self._reserved = len(self._content(dict.fromkeys(_OF_A_PAIR, ""))) + _ROOM
            _write(os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), mark.ljust(self._reserved))

    def keep(self, tokens: Mapping[str, str]) -> None:
        """Put the pair where the one was for which `reserve` was called; it is on the disk when this returns."""
        self._led_here.append(self._fingerprint(tokens["refresh_token"]))
        with self._told():
            # Over what was reserved, in one step: from then on the next process finds the pair, whatever happens here.
            _write(os.open(self._new, os.O_WRONLY), self._content(tokens).ljust(self._reserved))
            self._put_in_place()

    def discard(self) -> None:
        """Remove what was reserved."""
        with suppress(OSError):
            self._new.unlink()

    def _take_lock(self) -> int | None:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), self._lock.stat()):  # nobody has deleted it meanwhile
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _complete_interrupted(self) -> None:
        """Put in place what a process had written when it ended."""
        if "rdstation_tokens" in self._pending():
            self._put_in_place()

    def _put_in_place(self) -> None:
        self._new.replace(self.path)
        sync_folder(self.path.parent)

    def _content(self, tokens: Mapping[str, str]) -> bytes:
        entry = {**tokens, "led_here": self._led_here[-_MOST_FINGERPRINTS:]}
        return json.dumps({"rdstation_tokens": [*self._others, entry][-_MOST_AUTHORIZATIONS:]}).encode()

    def _pending(self) -> dict[str, Any]:
        try:
            return load(self._new)
        except ValueError:  # there is none, or it is cut
            return {}

    def _entries(self) -> list[dict[str, Any]]:
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return []
        if not raw.startswith(_BEGINNING) and not _BEGINNING.startswith(raw.strip()):
            raise config_error(
                f"`tokens_path`: {self.path} holds something else than this connector's tokens, and was left as it is. "
                "Name another file, which need not exist."
            )
        self._tighten()
        try:
            entries = json.loads(raw)["rdstation_tokens"]
            if all(isinstance(entry["led_here"], list) and entry["refresh_token"] for entry in entries):
                return list(entries)
        except (ValueError, KeyError, TypeError):
            pass
        if raw.strip():
            _logger.warning("%s is damaged, and not used: the tokens of the configuration are.", self.path)
        return []

    def _tighten(self) -> None:
        if self.path.stat().st_mode & 0o077:
            _logger.warning("%s could be read by other users of this machine. It is now its owner's alone.", self.path)
            self.path.chmod(0o600)

    def _fingerprint(self, refresh_token: str) -> str:
        return sha256(f"{self._application}\n{refresh_token}".encode()).hexdigest()[:16]

    @contextmanager
    def _told(self, remark: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or type(error).__name__
            said = f"`tokens_path`: {error.filename or self.path} cannot be used ({why}).{remark}"
            raise config_error(f"{said} {_ELSEWHERE}") from None


def _write(descriptor: int, content: bytes) -> None:
    """Write from the beginning, and have it reach the disk; closes the file."""
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
