"""A file a way of reading a stream: by keyset, newest first, last page first, in windows, child by child."""

from __future__ import annotations
