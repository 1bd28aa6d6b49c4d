"""RD Station over HTTP: sessions, rate limit, tokens, retries, error mapping, RDQL, redaction.

Knows no stream: the `stream` of a call is a name for messages.
"""

from __future__ import annotations
