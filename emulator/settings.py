"""Every switch of the emulator, its values and its default.

Numbers are rows of docs/api/crm-v2.md#unknowns; of switches that begin with `v1_`, of docs/api/crm-v1.md#unknowns; of
those that begin with `conversas_`, of docs/api/conversas.md#unknowns.

A switch is an unknown of the API, or a scale that a test needs smaller. Other values are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

__all__ = ["FORM", "Settings", "WrongSettingError"]

FORM = (  # what serialised records depend on
    "tz",
    "blank",
    "status_capitals",
    "int_prices",
    "custom_fields_keys",
    "null_created_at",
    "null_updated_at",
    "null_closed_at",
)


class WrongSettingError(ValueError):
    """No such setting, or not one of its values; the text says which."""


@dataclass
class Settings:
    """One emulator's switches; `change` is the only way to alter them."""

    # Listing (crm-v2.md#listing, crm-v2.md#the-wall; rows 1-9)
    wall: Literal["400", "empty", "500", "repeat", "422"] = "400"  # 1: a page beyond the wall
    wall_rows: int = 10_000  # [doc]; smaller in tests that scale it
    walled_lists: frozenset[str] = frozenset(
        {"contacts", "deals", "organizations"}
    )  # [doc]; nothing is said for others
    links_prefix: Literal["/api/v2", "/crm/v2"] = "/api/v2"  # 2
    last_page: Literal["absent", "null", "empty_list", "empty_object", "no_links"] = (
        "absent"  # 3: `next`, or `links` itself
    )
    links_absent: bool = False  # 3: no page of any list has `links`
    last_links: Literal["exact", "capped", "absent"] = "exact"  # `links.last` past the wall
    unsorted: Literal["shuffle", "stable"] = "shuffle"  # 4
    bad_sort: Literal["400", "ignore", "500"] = "400"  # 5
    bad_filter: Literal["500", "400", "ignore"] = "500"  # 6: ignore: every row, 200
    filter_forms: frozenset[str] = frozenset()  # 28, 35: forms refused or ignored: `crm_v2/filter_forms.py`
    has_form: Literal["both", "bare", "bare_ignored", "value"] = "both"  # 22: the other form is 500, or ignored
    refused_texts: frozenset[str] = frozenset()  # texts that a filter may not name: 400
    # 28: how `:` compares text (crm-v2.md#writes); digits: exactly, or a number by its digits alone
    text_match: Literal["exact", "fold", "contains", "digits"] = "exact"
    default_size: Literal["25", "20"] = "25"  # 8
    cap_size: int = 0  # 8: a silent cap, 0 is off
    largest_size: int = 200  # 8: above it 400 [seen]
    edit_during_walk: int = 0  # 9: every n-th list request changes a random row of that list first, 0 is off
    edit_during_walk_deletes: bool = False  # 9: ... and deletes it instead

    # Form of the records (crm-v2.md#lists-field-by-field, crm-v2.md#data-quirks; rows 10, 26, 32-34)
    tz: Literal["Z", "-03:00"] = "Z"  # 10
    blank: Literal["null", ""] = "null"  # 26
    null_updated_at: int = 0  # 32: every n-th contact, deal, organization and task has none, 0 is off
    null_closed_at: int = 0  # 33: every n-th deal, though won or lost, 0 is off
    null_created_at: int = 0  # 38: every n-th row of the lists that are sorted by it has none, 0 is off
    # 38: rows without a date: low: first ascending, last descending; high: the other way; first, last: in both
    nulls_sort: Literal["low", "high", "first", "last"] = "low"
    meetings_fields: Literal["ids", "nested"] = "ids"  # 34: which of the guessed names
    meetings_sort: Literal["ignored", "400", "honoured"] = "ignored"  # 34
    status_capitals: bool = False  # "Won" instead of "won" [seen, one client]
    int_prices: bool = False  # 100 instead of 100.0
    custom_fields_keys: Literal["slug", "id"] = "slug"  # [doc][seen]; ids [guess]
    custom_fields_swapped: bool = False  # /custom_fields: object in the list, array alone (crm-v2.md#small-lists)

    # Errors and limits (crm-v2.md#rate-limit, crm-v2.md#errors; rows 11, 12, 36)
    vanished: Literal["404", "410"] = "404"  # 36: GET by id of a deleted record
    error_shape: Literal["detail", "error_message", "top_detail", "message", "html"] = "detail"  # 11
    retry_after: Literal["seconds", "date", "absent"] = "seconds"  # 12
    rate_limit_requests: int = 120  # 12: 0 is no limit
    rate_limit_window_s: float = 60.0
    forbidden: frozenset[str] = frozenset()  # lists that answer 403
    read_only: frozenset[str] = frozenset()  # lists that answer 403 to a write
    plan_without_api: bool = False  # everything answers 403
    latency_s: float = 0.0  # between an answer and its delivery; requests wait side by side

    # OAuth (crm-v2.md#authorization; rows 13, 14)
    token_error: Literal["invalid_grant", "marketing", "gateway"] = "invalid_grant"
    consent: Literal["given", "refused"] = "given"  # what the user does on the consent page
    consent_state: bool = True  # whether its redirect repeats the state
    expires_in: Literal["ttl", "absent", "1"] = "ttl"  # 13: what is reported, not what is true
    access_token_ttl_s: float = 7200.0
    refresh_idle_s: float = 14 * 86_400.0  # [doc]
    rotate_lost: int = 0  # 14: the next n refreshes rotate, their answers are lost

    # Writes (crm-v2.md#writes; rows 15-25, 29-31)
    duplicate: Literal["422", "400"] = "422"  # 15
    unknown_field: Literal["ignore", "422"] = "ignore"  # 16
    custom_fields_put: Literal["merge", "replace"] = "merge"  # 17
    int_for_float: Literal["422", "accept"] = "422"  # 18
    deal_requires: Literal["owner", "none", "pipeline"] = "owner"  # 19
    pipeline_in_body: Literal["ignore", "obey", "422"] = "ignore"  # 30: `pipeline_id` in a deal's body
    child_touches_deal: bool = True  # 20
    cf_touches_contact: bool = True  # 21
    dropped_fields: frozenset[str] = frozenset()  # 16: accepted in a write, and not taken
    empty_success: Literal["off", "200", "204"] = "off"  # 31: the answer to a write has no body
    index_lag_s: float = 0.0  # 23: a created row enters the lists this much later
    commit_then_timeout: int = 0  # 24: the next n POSTs are committed, their answers are lost
    commit_then_timeout_every: int = 0  # 24: every n-th POST likewise, 0 is off
    unknown_slug: Literal["422", "ignore"] = "422"  # 25
    unknown_reference: Literal["422", "accept"] = "422"  # an id that names nothing (an owner: always 400)
    invalid_status: Literal["422", "400"] = "422"  # 29: status of a failed validation
    option_error: Literal["unnamed", "slug"] = "unnamed"  # 29: whether the text about a wrong option names its field
    gone_options: frozenset[str] = frozenset()  # options that /custom_fields shows, and that a write may not name

    # API v1; wall_rows, unsorted, edit_during_walk, rate limit and latency are shared with v2
    v1_wall: Literal["empty", "400", "500"] = "empty"  # 1: a page beyond the wall
    v1_walled_lists: frozenset[str] = frozenset({"contacts", "deals", "organizations"})  # [doc]
    v1_cursor_past_wall: bool = False  # 2: `next_page` goes on beyond the wall
    v1_next_page: Literal["present", "absent", "stuck"] = "present"  # 2: stuck names its own page for ever
    v1_window_tz: Literal["-03:00", "UTC"] = "-03:00"  # 3
    v1_window_end: Literal["inclusive", "exclusive"] = "inclusive"  # 3: a row exactly at end_date
    v1_deals_order: Literal["ignored", "honoured", "500"] = "ignored"  # 4: deals by updated_at or name
    v1_date_z: Literal["400", "accepted"] = "400"  # 17: `….000Z` in start_date and end_date
    v1_date_error: Literal["errors", "error"] = "errors"  # 17: the key that holds the text
    v1_updated_at_period: Literal["ignored", "honoured", "400"] = "ignored"  # 18: of deals
    v1_empty_every: int = 0  # 19: every n-th list call answers 200 without a body, 0 is off
    v1_limit_over: Literal["capped", "500"] = "capped"  # 5
    v1_stage_list: Literal["full", "bare"] = "full"  # 7
    v1_retry_after: Literal["absent", "seconds"] = "absent"  # 10
    v1_visibility: Literal["all", "own"] = "all"  # 12: what the token's user sees
    v1_total_counts: Literal["visible", "all"] = "visible"  # 12
    v1_ignore_page: bool = False  # 13: teams, pipelines and activities answer one page for ever
    v1_has_more: Literal["exact", "always"] = "exact"  # always: also on the last page
    v1_base_price: Literal["string", "number"] = "string"  # 15
    v1_forbidden: frozenset[str] = frozenset()  # lists, by the last part of their path, that the user may not use
    v1_refusal: Literal["403", "422"] = "403"  # how they are refused
    v1_token: Literal["active", "disabled"] = "active"

    # API of Conversas; edit_during_walk and the like are not shared, latency is
    conversas_envelope: Literal[  # 1: of the lists; history has its own
        "listed", "data", "bare", "docs", "items", "results", "named", "other", "nested", "unreadable"
    ] = "listed"
    conversas_envelope_lists: frozenset[str] = frozenset()  # 1: only these lists; none named: all
    conversas_templates: Literal["once", "object_twice", "array_twice"] = "once"  # 1: `templates` in `templates` [seen]
    conversas_names: Literal["live", "documented"] = "live"  # 20: `_id`, `titulo`, wallets as texts; or as documented
    conversas_x_headers: bool = True  # 2
    conversas_customers_cap: int = 100  # 3: silent
    conversas_unsorted: Literal["stable", "shuffle", "overlap"] = (
        "stable"  # 4: new order each walk; or pages share a row
    )
    conversas_ignore_page: frozenset[str] = frozenset()  # 5: page 1 for ever, of these: customers, reports, …
    conversas_bucket_burst: int = 30  # 6: 0 is no limit
    conversas_bucket_per_minute: float = 48.0  # 6: 0 is no limit
    conversas_other_traffic: float = 0.0  # 22: calls a minute that people and other apps take from the same bucket
    conversas_retry_after: Literal["absent", "seconds"] = "absent"  # 6
    conversas_429_body: Literal["json", "text"] = "json"  # 6
    conversas_token: Literal["active", "revoked"] = "active"
    conversas_401_body: Literal["seen", "documented"] = "seen"
    conversas_enc: Literal[  # 7: mixed takes them in turn
        "A128CBC-HS256", "A256GCM", "A128GCM", "A192GCM", "A192CBC-HS384", "A256CBC-HS512", "mixed"
    ] = "A128CBC-HS256"
    conversas_alg: Literal["RSA-OAEP-256", "RSA-OAEP"] = "RSA-OAEP-256"
    conversas_plaintext: Literal["low_byte", "utf-8"] = "low_byte"  # 8
    conversas_malformed: Literal["cut", "escaped", "truncated", "no_json"] = (
        "cut"  # 8: the last two for a share of contacts
    )
    conversas_spaced: bool = False  # JSON of the plaintext with spaces
    conversas_nested: bool = False  # 9
    conversas_history_envelope: Literal[  # body_text is the JWE alone, body_string as a JSON string, plain a list
        "messages", "data", "payload", "encrypted", "result", "body_text", "body_string", "plain"
    ] = "messages"
    conversas_history_order: Literal["newest", "oldest", "shuffled"] = "newest"  # 4: which comes first
    conversas_empty_page: Literal["jwe", "blank", "absent", "null", "list"] = "jwe"  # 10
    conversas_kid: Literal["current", "old", "share"] = "current"  # 11: share: every fifth contact's pages are old
    conversas_message_channel: bool = False  # conversas.md#message-fields: whether messages name their channel
    conversas_new_message_every: int = 0  # the n-th history call finds one message more, 0 is off
    conversas_plan: Literal["full", "403", "402", "401", "404"] = "full"  # 12: 404: no such route
    conversas_plan_lists: frozenset[str] = frozenset({"messages_history"})  # 12: what the plan lacks
    conversas_reports_limit: int = 49  # 14
    conversas_reports_status: Literal["obeyed", "ignored", "refused"] = "obeyed"  # 14: the filter for open ones
    conversas_report_shape: Literal["real", "spec"] = "real"  # 15
    conversas_reports_envelope: Literal["docs", "reports"] = "docs"  # older: `reports`, take and skip
    conversas_close_later: int = 0  # 16: every n-th reports call closes an open row, 0 is off
    conversas_day_tz: Literal["-03:00", "UTC"] = "-03:00"  # conversas.md#dates: borders of days
    conversas_history_range: int = 0  # 17: days, 0 is no limit
    conversas_gone: int = 0  # 18: the first n contacts are listed, but their history answers 404
    conversas_flaky: int = 0  # 19: every n-th call answers 500, 0 is off
    conversas_campaigns_paged: bool = True  # 23: by page and limit; or one answer
    conversas_campaigns_has_more: Literal["exact", "always", "absent"] = "exact"  # 23: always: also on the last page
    conversas_campaigns_total: bool = True  # 23: whether the list counts its campaigns
    conversas_campaigns_days: Literal["heeded", "ignored"] = "heeded"  # 23: start_date and end_date
    conversas_campaigns_range: int = 0  # 23: the longest range in days, 0 is no limit
    conversas_campaign_flaky: int = 0  # 23: every n-th detail answers 500, 0 is off
    conversas_campaign_broken: bool = False  # 23: one campaign's detail is always 500, another's always 404
    conversas_campaign_envelope: Literal["bare", "data"] = "bare"  # 23: of the detail
    conversas_analytics_range: int = 0  # 24: the longest range in days, 0 is no limit
    conversas_analytics_numbers: Literal["number", "text"] = "number"  # 24: `val` and `retention`
    conversas_analytics_unit: Literal["min", "h", "days"] = "min"  # 24: days is a unit that nobody has seen
    conversas_analytics_lists: Literal["obeyed", "ignored", "empty"] = (
        "obeyed"  # 24: comma lists; empty: they fit nothing
    )
    conversas_analytics_reviews: Literal["object", "number", "list"] = "object"  # 24: the answer of reviews/average
    conversas_analytics_departments: Literal["obeyed", "ignored", "empty", "400", "one_400"] = (
        "obeyed"  # 24: one id alone, too; one_400: one of the departments is refused
    )
    conversas_analytics_times: Literal["accepted", "refused"] = "accepted"  # 24: days with times
    conversas_one_day: Literal["refused", "accepted"] = "refused"  # 24: start = end without times

    def change(self, changes: Mapping[str, object]) -> None:
        """Set all of `changes` or, raising WrongSettingError, none."""
        checked = {name: self._checked(name, value) for name, value in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, object]:
        """Every setting, as JSON can carry it."""
        named = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in named.items()}

    def _checked(self, name: str, value: object) -> object:
        hint = TYPES.get(name)
        if hint is None:
            raise WrongSettingError(f"no such setting: {name}")
        if get_origin(hint) is Literal:
            text = "null" if value is None else str(value)  # 400 and "400" are the same switch
            if text in get_args(hint):
                return text
        elif hint is bool:
            if isinstance(value, bool):
                return value
            if value in ("yes", "no", "on", "off"):
                return value in ("yes", "on")
        elif hint in (int, float):
            if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and hint(value) == value:
                return hint(value)
        elif isinstance(value, (list, tuple, set, frozenset)):
            return frozenset(map(str, value))
        raise WrongSettingError(f"{name}: {value!r} is none of {get_args(hint) or hint}")


TYPES: Mapping[str, Any] = get_type_hints(Settings)
