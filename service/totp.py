"""Codes of two-factor sign-in: RFC 6238 by pyotp, its QR code by segno, and recovery codes.

Used by the account and sessions API. Pure but for randomness; keeps nothing.
"""

import base64
import hmac
import io
import secrets
import time

import pyotp
import segno

STEP_SECONDS = 30
DRIFT = (0, -1, 1)  # steps by which the clock of a telephone may be wrong
RECOVERY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """160 random bits in base 32, which authenticator apps take."""
    return pyotp.random_base32()


def address_of(secret: str, email: str, desk: str) -> str:
    """The ``otpauth:`` address that a QR code tells an app."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=desk)


def picture_of(address: str) -> str:
    """The QR code as an SVG in a ``data:`` address, dark on white in every theme."""
    drawn = io.BytesIO()
    segno.make(address, error="m").save(
        drawn, kind="svg", scale=4, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode()}"


def step_of(secret: str, code: str, now: float | None = None) -> int | None:
    """The time step whose code this is, within the drift; none when it is wrong."""
    given = "".join(code.split())
    if not (given.isascii() and given.isdigit()):
        return None
    present = int((time.time() if now is None else now) // STEP_SECONDS)
    codes = pyotp.TOTP(secret)
    found = None
    for drift in DRIFT:  # all of them: the time that it takes tells nothing
        wanted = codes.at((present + drift) * STEP_SECONDS)
        if hmac.compare_digest(wanted, given):
            found = present + drift
    return found


def recovery_codes() -> list[str]:
    """Ten codes of 79 random bits, in groups that can be written down."""
    return [
        "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
        for _ in range(RECOVERY_CODES)
    ]


def plain(recovery_code: str) -> str:
    """A recovery code as it is hashed: without case, spaces and hyphens."""
    return "".join(c for c in recovery_code.casefold() if c.isalnum())
