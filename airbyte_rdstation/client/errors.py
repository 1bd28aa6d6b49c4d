"""What went wrong, sorted by what to do next, and each status of RD Station with its sentence for the user.

`config_error`: the user must act. `transient_error`: it passes, the platform tries again. `system_error`: an assumption
of ours failed. No text holds a body, a query or a value of a record. Facts: docs/api/crm-v2.md#errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests import exceptions as failures

from airbyte_rdstation.client.redaction import kind_and_place

__all__ = [
    "LARGEST_BODY",
    "STATUSES",
    "AnswerLostError",
    "ConnectorError",
    "ForbiddenError",
    "NotFoundError",
    "OversizedAnswerError",
    "RequestRefusedError",
    "ServerFailedError",
    "Statuses",
    "UnauthorizedError",
    "UnreadableAnswerError",
    "config_error",
    "final",
    "never_sent",
    "system_error",
    "transient_error",
    "unknown_error",
    "unreachable",
]

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, decompressed. A page of 200 records holds some 200 KB; this leaves each record 320 KB."""


class OversizedAnswerError(failures.RequestException):
    """A body that does not end within `LARGEST_BODY`."""


class Status(NamedTuple):
    """What an HTTP status means: whose fault it is, the sentence for the user, and whether it passes by itself.

    A body with the bytes `forbids_by` in it means 403 instead.
    """

    failure_type: FailureType
    sentence: str
    passes: bool = False
    forbids_by: bytes = b""


Statuses: TypeAlias = Mapping[int, Status]


class ConnectorError(AirbyteTracedException):
    """Root of our errors: `message` tells the user what happened and what to do, `internal_message` names the call."""

    status = 0
    """The HTTP status of a refusal; 0 for any other failure."""
    said = ""
    """What RD Station says of a write that it refuses. It may quote values: for the user's files, never for a log."""

    def as_airbyte_message(self, stream_descriptor: StreamDescriptor | None = None) -> AirbyteMessage:
        """Make the TRACE message, without the stack: the sentence says what to do, and a stack can quote values."""
        message = super().as_airbyte_message(stream_descriptor)
        if message.trace and message.trace.error:
            message.trace.error.stack_trace = None
        return message

    def __str__(self) -> str:
        """Return the user's sentence."""
        return self.message or ""

    def __repr__(self) -> str:
        """Return the user's sentence: the CDK prints the `repr` of failed streams' errors."""
        return str(self)


class NotFoundError(ConnectorError):
    """404 or 410: the record is gone, or the address leads nowhere. The caller knows which."""


class UnauthorizedError(ConnectorError):
    """401: the token, or what it may not see, as far as the API tells them apart."""


class ForbiddenError(ConnectorError):
    """402 or 403: this account's plan or this user's role does not give access."""


class RequestRefusedError(ConnectorError):
    """400, 409, 413 or 422: RD Station does not take what the request says."""


class ServerFailedError(ConnectorError):
    """500, every time: an outage, or a filter that RD Station does not know."""


class UnreadableAnswerError(ConnectorError):
    """A 2xx answer, every time, that is not what the endpoint promises."""


class AnswerLostError(ConnectorError):
    """A creation that may have been carried out: its answer never came, or cannot be read."""


def config_error(message: str, internal: str | None = None) -> ConnectorError:
    """Make an error after which the user must change the configuration (or authorize again)."""
    return ConnectorError(internal or message, message, FailureType.config_error)


def transient_error(message: str, internal: str | None = None) -> ConnectorError:
    """Make an error that passes: the platform tries the sync again and nothing is lost."""
    return ConnectorError(internal or message, message, FailureType.transient_error)


def system_error(message: str, internal: str | None = None) -> ConnectorError:
    """Make an error that names the assumption about the API that failed."""
    return ConnectorError(internal or message, message, FailureType.system_error)


def unknown_error(error: BaseException, of: str = "The connector") -> ConnectorError:
    """Make an error that names the kind and place of a mistake in code: its own text may quote a record or a secret."""
    return system_error(f"{of} ended in an error that it does not know: {kind_and_place(error)}. Please report it.")


def unreachable(error: Exception) -> tuple[str, bool]:
    """Say what a failed connection means: `("no answer in time.", True)`, True where it passes by itself."""
    if isinstance(error, (failures.InvalidURL, failures.InvalidSchema, failures.MissingSchema)):
        return "the API base URL is no valid address. Check it.", False
    if isinstance(error, failures.SSLError):
        return (
            "the server's certificate is not trusted. If a proxy opens TLS, name its CA in REQUESTS_CA_BUNDLE.",
            False,
        )
    if isinstance(error, failures.ProxyError):
        return "the proxy refuses the connection. Check HTTPS_PROXY and NO_PROXY.", True
    if isinstance(error, OversizedAnswerError):
        return (
            f"an answer has more than {LARGEST_BODY:,} bytes, as no page of records has. Check the API base URL.",
            False,
        )
    if isinstance(error, failures.ReadTimeout):
        return "no answer in time.", True
    if isinstance(error, (failures.ChunkedEncodingError, failures.ContentDecodingError)):
        return "the answer broke off.", True
    if "NameResolution" in repr(error) or "getaddrinfo" in repr(error):
        return f"{_host_of(error)} cannot be resolved to an address. Check the network and the API base URL.", True
    return f"nothing answers at {_host_of(error)}. Check the network, the firewall and the API base URL.", True


def _host_of(error: Exception) -> str:
    """Host and port alone: a query may hold the token."""
    request = error.request if isinstance(error, failures.RequestException) else None
    return urlsplit(request.url).netloc if request and request.url else "the API base URL"


def never_sent(error: Exception) -> bool:
    """Tell whether no connection came about, so that nothing can have been carried out."""
    return any(sign in repr(error) for sign in ("NewConnection", "NameResolution", "ConnectTimeout"))


def final(failure_type: FailureType, sentence: str) -> Status:
    """Describe a status that no further try can change."""
    return Status(failure_type, sentence)


def _passing(sentence: str) -> Status:
    return Status(FailureType.transient_error, sentence, passes=True)


STATUSES: Final[Statuses] = {
    400: final(FailureType.system_error, "RD Station refused the request as malformed (400)."),
    401: final(  # the session has renewed the token by then
        FailureType.config_error,
        "RD Station does not accept the access token, not even a fresh one (401). Check that the application was "
        "created for RD Station CRM (not for RD Station Marketing), then authorize again.",
    ),
    402: final(
        FailureType.config_error,
        "The account's RD Station plan does not include this data (402). Upgrade the plan or deselect the stream.",
    ),
    403: final(
        FailureType.config_error,
        "RD Station denies access (403): the user who authorized the connection lacks the permission, or the account's "
        "plan lacks the feature. Grant the permission in RD Station, or deselect the stream.",
    ),
    404: final(
        FailureType.config_error,
        "RD Station knows no such address (404). If it is this stream's alone, the account lacks the feature: deselect "
        "the stream. Otherwise check the API base URL; leave it empty for RD Station itself.",
    ),
    408: _passing("RD Station gave up waiting for the request (408)."),
    410: final(FailureType.config_error, "RD Station says that what was asked for is gone (410)."),
    413: final(FailureType.system_error, "RD Station refused the request as too large (413)."),
    422: final(FailureType.system_error, "RD Station refused the request's values (422)."),
    429: _passing(
        "RD Station's rate limit is used up (429). Lower requests_per_minute, or move other integrations of the "
        "account to another time.",
    ),
    500: _passing("RD Station answers with an internal error (500)."),
    502: _passing("RD Station's gateway answers with an error (502)."),
    503: _passing("RD Station is unavailable at the moment (503)."),
    504: _passing("RD Station took too long to answer its own gateway (504)."),
}
