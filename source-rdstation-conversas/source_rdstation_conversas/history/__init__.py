"""The message history of one contact.

`history_client` asks for its pages and opens them, with `private_keys` and `plaintext`; `contact_messages` says which
page to read again, and makes records of what is new.
"""

from __future__ import annotations
