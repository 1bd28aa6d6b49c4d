"""Airbyte source for RD Station Conversas."""

from __future__ import annotations
