"""A file a way of reading a stream: by keyset, newest row first, by page number, in time windows, child by child."""

from __future__ import annotations
