"""Tests of the emulator itself: what it claims about the API, seen through HTTP."""

from __future__ import annotations
