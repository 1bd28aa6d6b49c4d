"""The encrypted pages of the message history, and the private keys that open them."""

from __future__ import annotations
