"""Rows into records: what is there already is looked up, what differs is written, and every row has an outcome."""

from __future__ import annotations
