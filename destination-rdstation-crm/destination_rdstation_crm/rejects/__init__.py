"""Rows that were not written: where they are kept, with the reason, for their owner."""

from __future__ import annotations
