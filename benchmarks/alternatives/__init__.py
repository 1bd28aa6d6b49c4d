"""The same read by other means, each in an environment of its own (`requirements/`): contacts to stdout, JSON lines.

They read page by page number, as their documents show it. RD Station ends that at row 10,000, and records that move
meanwhile are lost; the server of these benchmarks forgives both. Every file runs alone and imports nothing of ours.
"""

from __future__ import annotations
