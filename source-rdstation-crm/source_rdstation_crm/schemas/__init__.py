"""The JSON schemas of the streams, a folder for each API version."""

from __future__ import annotations
