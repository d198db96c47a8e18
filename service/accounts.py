"""What belongs to an operator's account: sessions, tokens of programs, the second factor."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in; ``current`` is the one that asks."""

    id: str
    operator_id: str
    device: str
    address: str
    created_at: str
    seen_at: str
    expires_at: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of a program, without the token."""

    id: str
    operator_id: str
    operator_name: str
    name: str
    created_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """An operator's two-factor sign-in. The secret leaves the server once, when it is set up;
    ``since`` is None until a code has confirmed it."""

    secret: str
    since: str | None
    recovery_codes: int
