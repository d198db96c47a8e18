"""People who work here, where they are signed in, and who did what."""

from typing import Any

from service.accounts import Session
from service.audit import DEEDS, AuditEntry
from service.devices import device_words
from service.records.people import Operator


def operator_json(operator: Operator) -> dict[str, Any]:
    """An operator as colleagues see them."""
    return {
        "id": operator.id,
        "email": operator.email,
        "name": operator.name,
        "role": operator.role,
    }


def person_json(operator: Operator, seen_at: str | None) -> dict[str, Any]:
    """An operator as admins see them; ``seen_at`` is when, of those who are signed in."""
    return {
        **operator_json(operator),
        "disabled": operator.disabled,
        "two_factor": operator.two_factor,
        "created_at": operator.created_at,
        "seen_at": seen_at,
    }


def session_json(session: Session) -> dict[str, Any]:
    """One of an operator's own sessions, with what can be said of its device."""
    return {
        "id": session.id,
        "device": device_words(session.device),
        "address": session.address,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
        "expires_at": session.expires_at,
        "current": session.current,
    }


def audit_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the audit log, with the deed in words."""
    who = {"id": entry.operator_id, "name": entry.name, "role": entry.role}
    return {
        "id": entry.id,
        "at": entry.at,
        "who": who,
        "deed": entry.deed,
        "text": DEEDS.get(entry.deed, entry.deed),
        "subject": entry.subject,
        "detail": entry.detail,
        "address": entry.address,
    }
