"""From the bytes of a decrypted page to JSON, or at least to text. Pure."""

from __future__ import annotations
