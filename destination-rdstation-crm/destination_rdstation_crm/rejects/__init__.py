"""What is kept of rows for their owner: rejects with their reasons, results, and the counts that are logged."""

from __future__ import annotations
