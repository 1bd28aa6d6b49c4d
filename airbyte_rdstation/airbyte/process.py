"""The process that a connector is: its files, its streams, its signals, and the one door by which errors leave it."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import orjson
import yaml
from airbyte_cdk.logger import init_logger
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConnectorSpecification,
    ConnectorSpecificationSerializer,
    FailureType,
    Status,
    Type,
)
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from pydantic import TypeAdapter

from airbyte_rdstation.client.errors import ConnectorError, config_error, unknown_error
from airbyte_rdstation.client.oauth import finish_renewal
from airbyte_rdstation.client.redaction import RedactingFilter, kind_and_place
from airbyte_rdstation.config_file import read_json

__all__ = [
    "CATALOG",
    "CONFIGURATION",
    "STATES",
    "InputFile",
    "Stop",
    "StoppedError",
    "connection_status",
    "connector_process",
    "hide_texts_of_errors",
    "leave_by",
    "read_specification",
    "send",
]

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_SIGNALLED: Final = 128  # and the signal's number: the exit code that shells and engines expect
_OBJECTS_A_COLLECTION: Final = 50_000  # a page has thousands, and no cycle: to look for one each time took a tenth
_NO_STDOUT: Final = "The connector cannot write to stdout"
_GRACE_SECONDS: Final = 5.0  # for what is under way
_SECONDS_TO_LEAVE: Final = 8.0  # `docker stop` kills after ten

_logger = logging.getLogger("airbyte.rdstation")


@dataclass(frozen=True)
class InputFile(Generic[T]):
    """A kind of JSON file that the platform hands over."""

    refusal: str
    """The beginning of the error for a file that holds something else."""
    parse: Callable[[Any], T]
    """Makes of its content what the connector works with; fails in any way where it cannot."""

    def read(self, path: str) -> T:
        """Return what a file holds. Raises a config error, which quotes no value, where that is something else."""
        try:
            content = read_json(Path(path))
        except ValueError as error:
            raise config_error(f"{self.refusal} {error}") from None
        try:
            return self.parse(content)
        except Exception:  # noqa: BLE001 - a deserializer's errors are of many types, and quote values
            raise config_error(self.refusal) from None


def _state_messages(content: Any) -> list[AirbyteStateMessage]:
    messages = [AirbyteStateMessageSerializer.load(item) for item in content or []]
    if not all(message.stream or message.data or message.global_ for message in messages):
        raise ValueError("no state message")
    return messages


CONFIGURATION: Final = InputFile(
    "The configuration file cannot be read: it must hold one JSON object.",
    TypeAdapter(dict[str, Any]).validate_python,
)
CATALOG: Final[InputFile[ConfiguredAirbyteCatalog]] = InputFile(
    "The catalog file cannot be read: it must hold a configured Airbyte catalog.",
    ConfiguredAirbyteCatalogSerializer.load,
)
STATES: Final = InputFile(
    "The state file cannot be read: it must hold a list of state messages as this connector wrote them.",
    _state_messages,
)


def read_specification(package: str) -> ConnectorSpecification:
    """Read the package's `spec.yaml`: for `spec`, and for the CDK's check of a configuration.

    The CDK reads it too, but with PyYAML's loader in Python, which takes 80 ms of each command; libyaml's takes 8.
    """
    text = resources.files(package).joinpath("spec.yaml").read_bytes()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # absent where PyYAML was built without libyaml
    return ConnectorSpecificationSerializer.load(yaml.load(text, Loader=loader))  # noqa: S506 - both are safe loaders


class StoppedError(ConnectorError):
    """Says that a signal has ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}", f"Stopped by a signal ({number}).", FailureType.transient_error)
        self.number = number


class Stop:
    """Knows whether a command has been asked to end. Safe to share among threads."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._number = 0
        self._latest = 0.0
        self._listeners: list[Callable[[], None]] = []

    def request(self, number: int) -> None:
        """Ask for the end, on behalf of a signal."""
        self._number = number
        self._latest = time.monotonic() + _GRACE_SECONDS
        self._event.set()
        for listener in self._listeners:
            listener()

    def tell(self, listener: Callable[[], None]) -> None:
        """Call `listener` once the end is asked for, perhaps more than once."""
        self._listeners.append(listener)
        if self._event.is_set():
            listener()

    def check(self) -> None:
        """Raise StoppedError where the end has been asked for."""
        if self._event.is_set():
            raise StoppedError(self._number)

    def check_deadline(self) -> None:
        """Raise StoppedError where the end was asked for so long ago that nothing may be waited for any more."""
        if self._event.is_set() and time.monotonic() > self._latest:
            raise StoppedError(self._number)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises StoppedError as soon as the end is asked for."""
        self._event.wait(seconds)
        self.check()


@contextmanager
def connector_process(arguments: Sequence[str], on_signal: Callable[[int], None]) -> Iterator[None]:
    """Run a command of a connector: whatever happens ends as a message of the protocol and an exit code.

    `check` ends with a CONNECTION_STATUS in any case. SIGTERM and SIGINT call `on_signal` with their number, in a
    thread of its own, and the process is left after eight seconds at the latest, with 143 or 130.
    """
    _speak_utf8()
    init_logger("airbyte")  # the CDK does so where its entry point is imported: a destination does without that
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactingFilter())  # for loggers of libraries, too
    hide_texts_of_errors()
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    gc.freeze()  # what is imported lives as long as the process: a big read is a seventh faster if nobody walks it
    _listen(on_signal)
    try:
        yield
        sys.stdout.flush()
    except SystemExit:
        raise
    except StoppedError as stopped:
        sys.stdout.flush()
        leave_by(stopped.number)
    except BaseException as error:  # noqa: BLE001 - also a closed pipe
        code = 1
        try:
            code = _tell(error, is_check=arguments[:1] == ["check"])
            sys.stdout.flush()
        except Exception as second:  # noqa: BLE001 - stdout is what is broken
            _tell_stderr(f"{_NO_STDOUT}: {kind_and_place(second)}.")
        finally:
            # At once: threads may wait for a queue that nobody empties any more, for a line of stdin, for an answer.
            leave(code)


def hide_texts_of_errors() -> None:
    """Have errors that nobody catches, in any thread, end on stderr as kind and place; the CDK would print more."""
    sys.excepthook = lambda _kind, error, _place: _tell_stderr(f"Uncaught: {kind_and_place(error)}.")
    threading.excepthook = lambda args: _tell_stderr(
        f"Uncaught: {kind_and_place(args.exc_value) if args.exc_value else args.exc_type.__name__}."
    )


def send(message: AirbyteMessage) -> None:
    """Print a message; it has left the process when this returns."""
    sys.stdout.write(orjson.dumps(AirbyteMessageSerializer.dump(message)).decode() + "\n")
    sys.stdout.flush()


def connection_status(prove: Callable[[], str]) -> AirbyteConnectionStatus:
    """Answer `check`: SUCCEEDED with the remark that `prove` gives, or FAILED with the sentence of what it raises."""
    try:
        remark = prove()
    except ConnectorError as error:
        return AirbyteConnectionStatus(status=Status.FAILED, message=error.message)
    if remark:
        _logger.warning(remark)
    return AirbyteConnectionStatus(status=Status.SUCCEEDED, message=remark or None)


def leave_by(number: int, *, keeps_nothing: bool = False) -> None:
    """End the process as one that the signal of that number has ended, at once but for a renewal of tokens.

    `keeps_nothing`: SIGTERM itself ends it, if the kernel lets it: a runner ends `check` so, and calls 143 a failure.
    """
    finish_renewal()
    if keeps_nothing and signal.getsignal(number) == signal.SIG_DFL:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    leave(_SIGNALLED + number)


def leave(code: int) -> None:
    """End the process without waiting for its threads, but for a renewal of tokens."""
    finish_renewal()
    os._exit(code)


def _speak_utf8() -> None:
    """The protocol's encoding, whatever the machine's locale."""
    if sys.stdout is None:
        _tell_stderr(f"{_NO_STDOUT}: it is closed.")
        os._exit(1)  # an ordinary exit would flush what the CDK would like to print
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _listen(on_signal: Callable[[int], None]) -> None:
    """Wait for signals in a thread: as process 1 the kernel would drop those that nobody waits for.

    A handler would interrupt the main thread anywhere, in the middle of a line, too.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return  # Windows
    awaited = {number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN}

    def wait() -> None:
        number = signal.sigwait(awaited)
        latest = threading.Timer(_SECONDS_TO_LEAVE, os._exit, (_SIGNALLED + number,))
        latest.daemon = True
        latest.start()
        on_signal(number)

    if awaited:
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)  # of all threads: each inherits it
        threading.Thread(target=wait, name="signals", daemon=True).start()


def _tell(error: BaseException, *, is_check: bool) -> int:
    """Send what an error means; returns the exit code."""
    if isinstance(error, ConnectorError):
        known = error
    elif isinstance(error, AirbyteTracedException) and error.message:  # the CDK's: of the memory that runs out, say
        known = ConnectorError(kind_and_place(error), error.message, error.failure_type)
    else:
        known = unknown_error(error)
    is_answer = is_check and isinstance(error, ConnectorError)
    if not is_answer or known.failure_type != FailureType.config_error:
        send(known.as_airbyte_message())
    if is_check:
        failed = AirbyteConnectionStatus(Status.FAILED, str(known))
        send(AirbyteMessage(Type.CONNECTION_STATUS, connectionStatus=failed))
    return 0 if is_answer else 1


def _tell_stderr(sentence: str) -> None:
    """To the file itself: `sys.stderr` is the CDK's buffer for stdout."""
    with suppress(OSError):
        os.write(2, f"{sentence}\n".encode())
