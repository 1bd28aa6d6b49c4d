"""One file for each way of reading beyond small lists: reports in windows, figures by day, campaigns, histories."""

from __future__ import annotations
