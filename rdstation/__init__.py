"""RD Station over HTTP: sessions, rate limit, tokens, error mapping, RDQL, redaction.

Knows no stream, no record and no catalog; the connectors import it, it imports no connector.
Pure rooms (no HTTP, no clock): `dates`, `envelope`, `rdql`, `redaction`. Edge: `rate_limit`, `oauth`, `errors`, `http`.
"""

from __future__ import annotations
