"""The shapes a stream can have: a small list, children of a parent, a keyset walk, a list read from its newest row."""

from __future__ import annotations
