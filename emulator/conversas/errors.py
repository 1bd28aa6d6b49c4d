"""The error bodies of conversas.md#basics."""

from __future__ import annotations

from ..exchange import TEXT, Answer, Refusal, json_answer
from ..settings import Settings

__all__ = ["denied", "failure", "no_customer", "no_route", "too_many", "wrong"]


def wrong(**problems: str) -> Refusal:
    """400: parameters, each with what is the matter."""
    errors = [{"field": field, "message": message} for field, message in problems.items()]
    return Refusal(json_answer(400, {"message": "Invalid parameters", "errors": errors}))


def denied(settings: Settings) -> Answer:
    """401: as seen, or in the documented shape."""
    if settings.conversas_401_body == "seen":
        return json_answer(401, {"auth": False, "message": "No token provided."})
    problem = {"field": "authorization", "message": "Invalid token"}
    return json_answer(401, {"message": "Unauthorized", "errors": [problem]})


def no_route() -> Answer:
    """404 of an unknown route: plain text [seen]."""
    return Answer(404, b"Not Found", content_type=TEXT)


def no_customer() -> Answer:
    """404 of a contact that is gone."""
    return json_answer(404, {"error": "Customer not found"})


def too_many(settings: Settings) -> Answer:
    """429: the body is unknown, JSON or text."""
    text = "API rate limit exceeded"
    if settings.conversas_429_body == "text":
        return Answer(429, text.encode(), content_type=TEXT)
    return json_answer(429, {"message": text})


def failure(status: int, text: str, settings: Settings) -> Answer:
    """The answer of that status, whatever the reason."""
    if status == 401:
        return denied(settings)
    return too_many(settings) if status == 429 else json_answer(status, {"message": text})
