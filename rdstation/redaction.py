"""The one door through which text about a request reaches a log or an error. Pure.

An allow-list: method, path and status. A query can hold a token (API v1) or the e-mail that is being looked up, a body
can hold anything; neither leaves.
"""

from __future__ import annotations

import logging
import re
from typing import Final
from urllib.parse import urlsplit

__all__ = ["RedactingFilter", "describe"]

_QUERY: Final = re.compile(r"\?[^\s'\"]+")
_CDK_EXTRAS: Final = ("body", "headers", "request_body", "url")
_CDK_BACKOFF_NOTICE: Final = "UserDefinedBackoffException"


def describe(method: str, url: str, outcome: object) -> str:
    """`GET /crm/v2/deals -> 503`: enough to find the call, nothing of its content."""
    return f"{method} {urlsplit(url).path} -> {outcome}"


class RedactingFilter(logging.Filter):
    """Cuts query strings out of log lines, and drops the CDK's notice of a wait.

    The CDK calls every wait of ours "Rate limit exceeded", whatever the status; `errors` logs the true reason.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """False for the CDK's notice; otherwise True, the message rewritten without query strings."""
        for name in _CDK_EXTRAS:
            record.__dict__.pop(name, None)  # with --debug the CDK attaches whole answers to its log lines
        message = record.getMessage()
        if message.startswith(_CDK_BACKOFF_NOTICE):
            return False
        if record.exc_info and hasattr(record.exc_info[1], "failure_type"):
            # Its sentence says it all; the stack of a known error tells nobody more, and its lines can quote values.
            record.msg, record.args, record.exc_info = f"{message}: {record.exc_info[1]}", (), None
            message = record.msg
        if "?" in message:
            record.msg, record.args = _QUERY.sub("?…", message), ()
        return True
