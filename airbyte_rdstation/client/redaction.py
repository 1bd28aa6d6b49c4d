"""The one door through which text about a request or an exception reaches a log or an error.

An allow-list: method, path and status of a request, kind and place of an exception. A query can hold a token (API v1)
or the e-mail that is being looked up, a body or an exception's text anything; none of them leaves. Should a secret turn
up all the same, the CDK masks it, however it is spelled.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

from airbyte_cdk.utils.airbyte_secrets_utils import add_to_secrets

__all__ = ["RedactingFilter", "describe", "kind_and_place", "mask"]

_QUERY: Final = re.compile(r"\?[^\s'\"]+")
_FRAMES_TOLD: Final = 4
_SHORTEST_SECRET: Final = 4  # masking a shorter one would only make logs unreadable
_SHORTEST_PIECE: Final = 8


def describe(method: str, url: str, outcome: object) -> str:
    """Name a call and what came of it: `GET /crm/v2/deals -> 503`; nothing of its content."""
    return f"{method} {urlsplit(url).path} -> {outcome}"


def kind_and_place(error: BaseException) -> str:
    """Tell where a mistake is: `KeyError at keyset.py:12 < sweep.py:40`. Its text, or a stack, may quote anything."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {where}" if where else type(error).__name__


def mask(*secrets: str) -> None:
    """Have the CDK mask secrets in log lines and errors, as they are and as other software spells them.

    That is: as Python's `repr` and JSON escape them, as URLs quote them, in base64, and the pieces into which line
    breaks cut them.
    """
    for secret in secrets:
        pieces = [piece for piece in secret.split() if len(piece) >= _SHORTEST_PIECE]
        for text in dict.fromkeys((secret, *pieces)):
            raw = text.encode("utf-8", "replace")
            base64 = [encode(raw).decode().rstrip("=") for encode in (b64encode, urlsafe_b64encode)]
            quoted = [quote(raw, safe=""), quote_plus(raw), quote(raw)]
            for spelling in dict.fromkeys((text, repr(text)[1:-1], json.dumps(text)[1:-1], *quoted, *base64)):
                if len(spelling) >= _SHORTEST_SECRET:
                    add_to_secrets(spelling)


class RedactingFilter(logging.Filter):
    """Cuts query strings, and the texts and stacks of errors, out of log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the line's message; return True, as no line is dropped."""
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            # A known error's sentence says it all. No stack: its lines, and the text of any other error, quote values.
            said = str(error) if hasattr(error, "failure_type") else kind_and_place(error)
            record.msg, record.args, record.exc_info, record.exc_text = f"{message}: {said}", (), None, None
            message = record.msg
        if "?" in message:
            record.msg, record.args = _QUERY.sub("?…", message), ()
        return True
