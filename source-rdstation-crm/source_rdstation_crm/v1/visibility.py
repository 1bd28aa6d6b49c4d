"""Whether a token's user seems to see only a part of the account. Pure. Facts: docs/api/crm-v1.md#basics.

The API never says so: a restricted user's lists are simply shorter. A user who sees nothing but deals of his own, in an
account with other active users, is most likely restricted [guess].
"""

from __future__ import annotations

from rdstation.envelope import Page, Row

__all__ = ["sees_only_own_deals"]


def sees_only_own_deals(user: Row, deals: Page, users: Page) -> bool:
    """`user` is the answer of /token/check; `deals` and `users` are pages of those lists."""
    if deals.has_next is False and (deals.total or 0) > len(deals.rows):
        return True  # RD Station counts deals that it does not show
    email = user.get("email")
    owners = {owner.get("email") for row in deals.rows if isinstance(owner := row.get("user"), dict)}
    others = [row for row in users.rows if row.get("email") != email and row.get("active") is not False]
    return bool(email and others) and owners == {email}
