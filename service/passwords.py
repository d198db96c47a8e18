"""Operators' passwords: making, judging, hashing (scrypt) and checking.

Used by the command line and the sessions API. Never stores anything.
"""

import functools
import re
import secrets

from werkzeug.security import check_password_hash, generate_password_hash

from service.cores import everywhere
from service.errors import InvalidInput

MIN_LENGTH = 10
MIN_DIFFERENT = 5
# What people make long passwords of, and what is therefore tried first.
COMMON = (
    "password", "passwort", "motdepasse", "qwertyuiop", "qwertzuiop", "asdfghjkl", "1234567890",
    "0987654321", "abcdefghij", "letmein", "iloveyou", "welcome", "administrator", "frontdesk",
    "changeme", "secret", "dragon", "monkey", "football", "sunshine", "princess",
)  # fmt: skip
LEFT_OVER = 7  # characters beside such a word that make it no better


def make_password() -> str:
    """A random password that a person can type: four groups of five."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def require_strong(password: str, *own: str) -> None:
    """``InvalidInput`` for a password that is tried first: short, one character over and over, a
    common word with a few digits, or the person's ``own`` name or address."""
    plain = password.casefold()
    words = {part for text in own for part in re.split(r"[^\w]+", text.casefold())}
    told = ""
    if len(password) < MIN_LENGTH:
        told = f"A password has at least {MIN_LENGTH} characters."
    elif len(set(plain)) < MIN_DIFFERENT:
        told = f"A password has at least {MIN_DIFFERENT} different characters."
    elif any(_is_made_of(plain, word) for word in COMMON):
        told = "This password is one of those that are tried first."
    elif any(_is_made_of(plain, word) for word in words if len(word) >= 4):
        told = "A password is not made of one's own name or address."
    if told:
        raise InvalidInput(told, field="password")


def _is_made_of(password: str, word: str) -> bool:
    return word in password and len(password.replace(word, "")) <= LEFT_OVER


def hash_password(password: str) -> str:
    """The hash to keep; ``InvalidInput`` when the password is too short."""
    if len(password) < MIN_LENGTH:
        raise InvalidInput(f"A password has at least {MIN_LENGTH} characters.", field="password")
    with everywhere():
        return generate_password_hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes its time also for nobody (``stored`` None)."""
    with everywhere():
        return check_password_hash(stored or _nobody(), password) and stored is not None


@functools.cache
def _nobody() -> str:
    return generate_password_hash(secrets.token_hex(16))
