"""Opaque ids and tokens for the SQLite store. Tokens are stored only as their SHA-256."""

import hashlib
import secrets
import string
import time

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase  # as text compares
CHARACTERS = bytes(ord(ALPHABET[number % 62]) for number in range(256))
TIME_CHARACTERS = 8  # for milliseconds until the year 8888
RANDOM_CHARACTERS = 14


def new_id(prefix: str) -> str:
    """``prefix_`` and 22 base62 characters: the time, then at least 79 random bits.

    What is written together has neighbouring ids, and so lies on few pages of the indexes.
    """
    at = _base62(time.time_ns() // 1_000_000, TIME_CHARACTERS)
    return f"{prefix}_{at}{secrets.token_bytes(RANDOM_CHARACTERS).translate(CHARACTERS).decode()}"


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
    return "".join(reversed(characters))
