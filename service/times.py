"""Times as people give them to commands and to the API."""

import re
from datetime import UTC, datetime, timedelta

from service.errors import InvalidInput

SPAN = re.compile(r"(\d{1,5})([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def since(text: str, now: datetime | None = None) -> str:
    """The time that ``7d`` (m, h, d, w) ago or an ISO 8601 time means, as the store writes times.

    A time without a zone is UTC. Raises ``InvalidInput``.
    """
    try:
        if span := SPAN.fullmatch(text.strip()):
            ago = timedelta(**{UNITS[span[2]]: int(span[1])})
            moment = (now or datetime.now(UTC)) - ago
        else:
            moment = datetime.fromisoformat(text.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        problem = "must be a span such as 7d, 12h or 2w, or a time such as 2026-11-22T08:00Z."
        raise InvalidInput(f"since: {problem}", field="since") from None
    return _text(moment)


def moment_of(text: str, field: str) -> str:
    """An ISO 8601 time with its zone, as the store writes times. Raises ``InvalidInput``."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None or not 2000 <= moment.year < 2200:
            raise ValueError
        return _text(moment)
    except (ValueError, OverflowError):
        problem = "must be a time with its zone, such as 2026-11-22T08:00Z."
        raise InvalidInput(f"{field}: {problem}", field=field) from None


def now_text() -> str:
    """The present, as the store writes times."""
    return _text(datetime.now(UTC))


def written(moment: datetime) -> str:
    """A moment as the store writes times."""
    return _text(moment)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
