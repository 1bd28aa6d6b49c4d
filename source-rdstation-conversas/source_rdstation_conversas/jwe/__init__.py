"""The encrypted pages of the message history, the keys that open them, and from bytes to JSON."""

from __future__ import annotations
