"""Who signs in and works here: sessions, passwords, second factors, people, tokens of programs."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from service.records.people import Role
from service.web.inputs.body import Body, Email

Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
# What turns the direction of the words around it has no place in a name that stands among them.
TURNS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    BeforeValidator(lambda name: name.translate(TURNS) if isinstance(name, str) else name),
]


class NewSession(Body):
    """Sign in."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Password
    totp: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        None, description="The code of two-factor sign-in, or a recovery code."
    )


class AccountChange(Body):
    """What one changes of oneself."""

    name: PersonName


class NewPassword(Body):
    """Another password, with the one so far."""

    old: Password
    new: Password


class Confirmed(Body):
    """Who one is, once more: the password, and with two-factor sign-in a code or recovery code."""

    password: Password
    totp: Annotated[str, StringConstraints(max_length=40)] | None = None


class MaybeConfirmed(Body):
    """Who one is, once more: asked of people, who come with a session, and not of programs, which
    have a token and no password."""

    password: Password | None = None
    totp: Annotated[str, StringConstraints(max_length=40)] | None = None


class TotpCode(Body):
    """The first code of an authenticator."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class NewPerson(Body):
    """Somebody who is to work here; without a password one is made."""

    email: Email
    name: PersonName | None = None
    role: Role = "operator"
    password: Password | None = None


class PersonChange(Body):
    """What an admin changes of somebody; what is missing stays."""

    name: PersonName | None = None
    role: Role | None = None
    disabled: bool | None = None


class NewToken(Confirmed):
    """A token of a program, by a name to know it by. It outlives sessions and passwords, so it
    takes more than a session to make one."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
