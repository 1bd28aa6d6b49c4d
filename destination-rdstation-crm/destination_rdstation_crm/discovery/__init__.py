"""What the destination offers to the platform's mapping screen."""

from __future__ import annotations
