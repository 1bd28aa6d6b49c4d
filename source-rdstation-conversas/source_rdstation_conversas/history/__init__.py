"""The message history of one contact: how it is asked for, what its pages hold, and the messages in them."""

from __future__ import annotations
