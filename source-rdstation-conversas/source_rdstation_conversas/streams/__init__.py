"""One file for each way of reading beyond small lists: reports in windows of days, the history of each contact."""

from __future__ import annotations
