"""Refusals and their bodies. The docs leave the items of `errors` open: their shape is a switch.

Facts: crm-v2.md#errors, crm-v2.md#unknowns row 11.
"""

from __future__ import annotations

from ..exchange import HTML, Answer, Refusal, json_answer
from ..settings import Settings

__all__ = ["gateway_404", "gateway_error", "problem", "refusal"]


def problem(settings: Settings, status: int, text: str) -> Answer:
    """An error answer in the shape that `error_shape` asks for."""
    shape = settings.error_shape
    if shape == "html":
        return Answer(status, f"<html><body><h1>{status}</h1><p>{text}</p></body></html>".encode(), content_type=HTML)
    bodies: dict[str, object] = {
        "detail": {"errors": [{"detail": text}]},
        "error_message": {"errors": [{"error_message": text}]},
        "top_detail": {"detail": text},
        "message": {"message": text},
    }
    return json_answer(status, bodies[shape])


def refusal(settings: Settings, status: int, text: str) -> Refusal:
    """The same, to be raised."""
    return Refusal(problem(settings, status, text))


def gateway_error(status: int, text: str) -> Answer:
    """An error of the gateway or its token check, as a fault asks for it."""
    if status == 401:
        return json_answer(401, {"error": "invalid_token", "error_description": text})
    return json_answer(status, {"message": text})


def gateway_404() -> Answer:
    """What the gateway says to a path it does not know [seen]; never in another shape."""
    return json_answer(404, {"message": "no Route matched with those values"})
