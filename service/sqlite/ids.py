"""Opaque ids and tokens for the SQLite store. Tokens are stored only as their SHA-256."""

import hashlib
import secrets
import string

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def new_id(prefix: str) -> str:
    """``prefix_`` and 22 base62 characters that hold 128 random bits."""
    return f"{prefix}_{_base62(secrets.randbits(128), 22)}"


def new_token(prefix: str) -> str:
    """``prefix_`` and 43 base62 characters that hold 256 random bits."""
    return f"{prefix}_{_base62(secrets.randbits(256), 43)}"


def hashed(token: str) -> str:
    """What is kept of a token. A plain hash is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _base62(number: int, width: int) -> str:
    characters = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        characters.append(ALPHABET[digit])
    return "".join(characters)
