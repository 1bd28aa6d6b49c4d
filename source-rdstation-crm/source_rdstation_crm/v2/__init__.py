"""API v2 (OAuth 2): its streams as data, and how its lists are asked for. Facts: docs/api/crm-v2.md."""

from __future__ import annotations
