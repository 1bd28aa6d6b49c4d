"""Airbyte's messages, in and out: rows arrive, and a STATE goes back once everything before it is written."""

from __future__ import annotations
