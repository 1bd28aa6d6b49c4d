"""The lists as data.

Their paths, envelopes and pages (crm-v1.md#paging), their orders, and the account's lists behind them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BY_NAME", "DEAL_CONTACTS", "RESOURCES", "Pages", "Resource"]


@dataclass(frozen=True)
class Pages:
    """How a list is cut: `limit` when the request names none, its maximum, and whether a request may name one."""

    default: int = 20  # [doc]
    largest: int = 200  # [doc]
    takes_limit: bool = True


@dataclass(frozen=True)
class Resource:
    """One list; `name` is the end of its path and the key of its envelope."""

    name: str
    rows: str  # the account's name of it
    pages: Pages | None = Pages()  # None: everything in one answer
    counted: bool = True  # the envelope has `has_more` and `total`
    bare: bool = False  # an array without an envelope
    orders: tuple[str, ...] = ()  # accepted, the default first; none: `order` is unknown here, hence ignored
    direction: str = ""  # the default; empty: unknown here
    one: str = ""  # what the 404 of a single record calls it; empty: single records are not served
    key: str = ""  # of the envelope, where it is not the name

    @property
    def envelope(self) -> str:
        """The key that holds the records."""
        return self.key or self.name


BY_NAME_OR_TIME = ("name", "created_at", "updated_at")

RESOURCES = (
    Resource("deals", "deals", orders=("created_at",), direction="desc", one="Lead"),
    Resource("contacts", "contacts", orders=BY_NAME_OR_TIME, direction="asc"),
    Resource("organizations", "organizations", orders=BY_NAME_OR_TIME, direction="asc", one="Organization"),
    Resource("tasks", "tasks", one="Task"),
    Resource("products", "products"),
    Resource("campaigns", "campaigns"),
    Resource("deal_sources", "sources"),
    Resource("deal_lost_reasons", "lost_reasons", orders=("", "name")),
    Resource("deal_stages", "stages", pages=Pages(12, 12), one="Deal stage"),
    # 34 of 34 in the sample: the default of 20 does not apply; `page` works [guess], nothing is said of `limit`.
    Resource("teams", "teams", pages=Pages(200, takes_limit=False)),
    Resource("activities", "deal_notes", counted=False),
    Resource("users", "users", pages=None, counted=False, one="User"),
    Resource("deal_pipelines", "pipelines", counted=False, bare=True),
    Resource("custom_fields", "custom_fields", pages=None, counted=False, bare=True),
)
BY_NAME = {resource.name: resource for resource in RESOURCES}
DEAL_CONTACTS = Resource("deal_contacts", "contacts", key="contacts")  # below a deal (crm-v1.md#contacts-of-a-deal)
