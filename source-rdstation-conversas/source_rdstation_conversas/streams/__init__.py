"""The shapes beyond small lists: windows of reports, and walks over the contacts' histories."""

from __future__ import annotations
