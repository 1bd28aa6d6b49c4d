"""The JSON schemas of the streams."""

from __future__ import annotations
