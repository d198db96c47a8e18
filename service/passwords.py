"""Operators' passwords: making, hashing (scrypt) and checking.

Used by the command line and the sessions API. Never stores anything.
"""

import functools
import secrets

from werkzeug.security import check_password_hash, generate_password_hash

from service.errors import InvalidInput

MIN_LENGTH = 10


def make_password() -> str:
    """A random password that a person can type: four groups of five."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def hash_password(password: str) -> str:
    """The hash to keep; ``InvalidInput`` when the password is too short."""
    if len(password) < MIN_LENGTH:
        raise InvalidInput(f"A password has at least {MIN_LENGTH} characters.", field="password")
    return generate_password_hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes its time also for nobody (``stored`` None)."""
    return check_password_hash(stored or _nobody(), password) and stored is not None


@functools.cache
def _nobody() -> str:
    return generate_password_hash(secrets.token_hex(16))
