"""The error bodies of crm-v1.md#rate-limit-and-errors, spelled as published."""

from __future__ import annotations

from ..exchange import HTML, Answer, Refusal, json_answer
from ..settings import Settings

__all__ = [
    "WrongParameterError",
    "bad_cursor",
    "bad_date",
    "bad_request",
    "denied",
    "failure",
    "forbidden",
    "not_found",
    "outage",
    "too_many",
]

OUTAGE = "<p>Problemas técnicos são sempre inesperados, mas já estamos trabalhando para resolver.</p>"


class WrongParameterError(ValueError):
    """A parameter the API does not understand: it answers 500, in HTML, naming nothing [doc]."""


def bad_request(text: str) -> Answer:
    """400: `errors` is a text."""
    return json_answer(400, {"errors": text})


def bad_cursor() -> Refusal:
    """400: a `next_page` that was not given out (crm-v1.md#unknowns row 16)."""
    return Refusal(json_answer(400, {"error": "Invalid next page param format"}))


def bad_date(name: str, settings: Settings) -> Refusal:
    """400: a date in a form that is not taken; where the text stands is unknown (crm-v1.md#unknowns row 17)."""
    return Refusal(json_answer(400, {settings.v1_date_error: f"{name} must be in ISO format"}))


def denied() -> Answer:
    """401: the token is missing, wrong or disabled."""
    return json_answer(401, {"error": "Permission denied."})


def forbidden(feature: str, status: str) -> Refusal:
    """403 or, as of a plan without the feature, 422."""
    if status == "403":
        return Refusal(json_answer(403, {"error": "forbidden"}))
    item = {"error_type": "ACCESS_DENIED", "error_MESSAGE": "Access denied.", "feature": feature, "access": "false"}
    return Refusal(json_answer(422, {"errors": [item]}))


def not_found(what: str) -> Answer:
    """404: unknown, or not visible to this user."""
    error = {"error_type": "RESOURCE_NOT_FOUND", "error_message": f"{what} not found."}
    return json_answer(404, {"errors": error})


def too_many() -> Answer:
    """429."""
    error = {"error_type": "RATE_LIMIT_EXCEDDED", "error_message": "API usage limit exceeded"}
    return json_answer(429, {"errors": error})


def outage() -> Answer:
    """500: HTML, whether something broke or a parameter was wrong."""
    return Answer(500, OUTAGE.encode(), content_type=HTML)


def failure(status: int, text: str) -> Answer:
    """The answer of that status, whatever the reason; those of the gateway in front carry `text`."""
    named = {401: denied, 429: too_many, 500: outage}
    return named[status]() if status in named else json_answer(status, {"message": text})
