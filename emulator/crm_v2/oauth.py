"""The token endpoint (crm-v2.md#authorization): rotating refresh tokens, each used once, dead after 14 idle days."""

from __future__ import annotations

import secrets
import string
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

from ..clock import Clock
from ..exchange import Answer, Call, json_answer
from ..settings import Settings

__all__ = ["TokenService"]

ALPHABET = string.ascii_letters + string.digits
TOKEN_LENGTH = 32  # opaque, 32 alphanumerics [seen]
CODE_LIFE_MS = 5 * 60_000  # [doc]


@dataclass
class Refresh:
    """One call of the refresh grant."""

    at: int  # the emulator's clock
    refresh_token: str
    outcome: str  # rotated, lost, reused, expired, unknown, wrong_client
    new_refresh_token: str | None = None


@dataclass
class Code:
    """An authorization code: when it was given out, and to which address (None: it is not compared)."""

    issued: int
    redirect_uri: str | None


class TokenService:
    """Issues tokens and knows which are alive."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self.client_id = "emulator-client"
        self.client_secret = _token()
        self._access: dict[str, int] = {}  # token -> end of its life
        self._refresh: dict[str, int] = {}  # live token -> its issue
        self._used: set[str] = set()
        self._codes: dict[str, Code] = {}
        self.history: list[Refresh] = []
        self.issue()

    # --- what the API asks

    def accepts(self, access_token: str) -> bool:
        """Whether a call with this token is let in."""
        return self._access.get(access_token, 0) > self._clock.now()

    def answer(self, call: Call) -> Answer:
        """Answers `POST /oauth2/token`; form or JSON body, credentials in the body only [doc]."""
        if call.method != "POST":
            return json_answer(405, {"message": "Method Not Allowed"})
        form = _form(call)
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            if form.get("refresh_token"):
                self._note(form["refresh_token"], "wrong_client")
            return self._error("client")
        grant = form.get("grant_type")
        if grant == "refresh_token" and form.get("refresh_token"):
            return self._rotate(form["refresh_token"])
        if grant == "authorization_code" and form.get("code"):
            code = self._codes.pop(form["code"], None)  # single use
            if code is None or code.issued + CODE_LIFE_MS <= self._clock.now():
                return self._error("code")
            if not form.get("redirect_uri") or code.redirect_uri not in (None, form["redirect_uri"]):
                return self._error("code")
            return self._tokens(*self.issue())
        return json_answer(400, {"error": "invalid_request", "error_description": "grant_type or its field is missing"})

    def _rotate(self, refresh_token: str) -> Answer:
        issued = self._refresh.pop(refresh_token, None)
        if issued is None:
            self._note(refresh_token, "reused" if refresh_token in self._used else "unknown")
            return self._error("refresh")
        self._used.add(refresh_token)  # single use: dead at once [doc]
        if issued + self._settings.refresh_idle_s * 1000 <= self._clock.now():
            self._note(refresh_token, "expired")
            return self._error("refresh")
        access, refresh = self.issue()
        lost = self._settings.rotate_lost > 0
        if lost:
            self._settings.rotate_lost -= 1
        self._note(refresh_token, "lost" if lost else "rotated", refresh)
        answer = self._tokens(access, refresh)
        answer.lost = lost
        return answer

    # --- what the control plane asks

    def issue(self) -> tuple[str, str]:
        """A fresh (access, refresh) pair; earlier refresh tokens stay as they are."""
        access, refresh = _token(), _token()
        now = self._clock.now()
        self._access[access] = now + round(self._settings.access_token_ttl_s * 1000)
        self._refresh[refresh] = now
        return access, refresh

    def issue_code(self, redirect_uri: str | None = None) -> str:
        """An authorization code, as the consent page hands it out."""
        code = _token()
        self._codes[code] = Code(self._clock.now(), redirect_uri)
        return code

    def expire_access(self) -> None:
        """Every access token dies."""
        self._access.clear()

    def revoke_refresh(self) -> None:
        """Every refresh token dies, as when the user withdraws consent."""
        self._used.update(self._refresh)
        self._refresh.clear()

    def credentials(self) -> dict[str, Any]:
        """Credentials that work now; an access token is named as long as one lives."""
        if not self._refresh:
            return {"client_id": self.client_id, "client_secret": self.client_secret, "refresh_token": "revoked"}
        found: dict[str, Any] = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": list(self._refresh)[-1],
        }
        alive = [token for token in self._access if self.accepts(token)]
        if alive:
            found |= {"access_token": alive[-1], "expires_at": self._access[alive[-1]]}
        return found

    def report(self) -> dict[str, Any]:
        """Live tokens and the history of refreshes."""
        return {
            "access_tokens": [token for token in self._access if self.accepts(token)],
            "refresh_tokens": list(self._refresh),
            "history": [asdict(entry) for entry in self.history],
        }

    # --- bodies

    def _tokens(self, access: str, refresh: str) -> Answer:
        body: dict[str, object] = {"access_token": access, "token_type": "bearer"}
        if self._settings.expires_in == "ttl":
            body["expires_in"] = int(self._settings.access_token_ttl_s)
        elif self._settings.expires_in == "1":
            body["expires_in"] = 1
        return json_answer(200, body | {"refresh_token": refresh})

    def _error(self, what: str) -> Answer:
        """Undocumented for the CRM: the variants of crm-v2.md#authorization."""
        if self._settings.token_error == "invalid_grant":
            error = "invalid_client" if what == "client" else "invalid_grant"
            return json_answer(
                400, {"error": error, "error_description": f"The provided {what} is invalid or was revoked"}
            )
        if self._settings.token_error == "gateway":
            text = {
                "client": "Invalid client authentication",
                "refresh": "Invalid refresh_token",
                "code": "Invalid code",
            }[what]
            return json_answer(400, {"error": "invalid_request", "error_description": text})
        kind, text = {
            "client": ("ACCESS_DENIED", "Wrong credentials provided."),
            "refresh": ("INVALID_REFRESH_TOKEN", "The provided refresh token is invalid or was revoked."),
            "code": ("EXPIRED_CODE_GRANT", "The authorization code grant has expired."),
        }[what]
        return json_answer(401, {"error_type": kind, "error_message": text})

    def _note(self, refresh_token: str, outcome: str, new: str | None = None) -> None:
        self.history.append(Refresh(self._clock.now(), refresh_token, outcome, new))


def _form(call: Call) -> dict[str, str]:
    """Body fields; a JSON body also worked [seen]."""
    if "json" in call.headers.get("content-type", ""):
        try:
            body = call.json()
        except ValueError:
            return {}
        return {str(name): str(value) for name, value in body.items()} if isinstance(body, dict) else {}
    return dict(parse_qsl(call.body.decode("latin-1")))


def _token() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_LENGTH))
