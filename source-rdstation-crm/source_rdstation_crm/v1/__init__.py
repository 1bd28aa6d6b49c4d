"""API v1 (a user's token, legacy): its streams as data, and how its lists are asked for. Facts: docs/api/crm-v1.md."""

from __future__ import annotations
