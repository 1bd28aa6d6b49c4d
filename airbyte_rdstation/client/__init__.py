"""RD Station over HTTP: sessions, rate limit, tokens, retries, error mapping, RDQL, redaction. Knows no stream."""

from __future__ import annotations
