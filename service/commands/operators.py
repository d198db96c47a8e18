"""People who work the console: add, list, role, disable, enable, password, second factor, token."""

import re

import click

from service.cli import config_of, emit
from service.commands.home import open_desk
from service.errors import InvalidInput
from service.passwords import hash_password, make_password
from service.records.people import Operator, Role
from service.roles import ROLES
from service.store import Store

EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def _opened(ctx: click.Context) -> Store:
    """The desk's store, closed when the command ends."""
    store = open_desk(config_of(ctx))
    ctx.call_on_close(store.close)
    return store


@click.group()
def operator() -> None:
    """People who work the console."""


@operator.command()
@click.argument("email")
@click.option("--role", type=click.Choice(ROLES), default="operator")
@click.option("--name", help="Shown to customers; by default from the address.")
@click.option("--password", help="Without it, one is made and shown once.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def add(
    ctx: click.Context,
    email: str,
    role: Role,
    name: str | None,
    password: str | None,
    as_json: bool,
) -> None:
    """Add an operator."""
    store = _opened(ctx)
    made, shown = add_operator(store, email, role, name, password)
    value = {"id": made.id, "email": made.email, "name": made.name, "role": made.role}
    text = f"Added {made.email} as {made.role}."
    if password is None:
        value["password"] = shown
        text += f"\nPassword (shown only now): {shown}"
    emit(as_json, value, text)


def add_operator(
    store: Store, email: str, role: Role, name: str | None = None, password: str | None = None
) -> tuple[Operator, str]:
    """Add an operator; returns the record and the password, given or made."""
    if not EMAIL.fullmatch(email) or len(email) > 254:
        raise InvalidInput(f"{email!r} is not an e-mail address.")
    shown = make_password() if password is None else password
    called = name or re.sub(r"[._-]+", " ", email.split("@", maxsplit=1)[0]).title()
    return store.add_operator(email, called, role, hash_password(shown)), shown


@operator.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def list_operators(ctx: click.Context, as_json: bool) -> None:
    """List the operators."""
    store = _opened(ctx)
    people = [
        {"id": o.id, "email": o.email, "name": o.name, "role": o.role, "disabled": o.disabled}
        for o in store.operators()
    ]
    lines = [
        f"{p['email']}  {p['name']}  {p['role']}{'  disabled' if p['disabled'] else ''}"
        for p in people
    ]
    emit(as_json, {"operators": people}, "\n".join(lines) or "There are no operators yet.")


@operator.command()
@click.argument("email")
@click.option("--name", default="made at the command line", help="To know the token by.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def token(ctx: click.Context, email: str, name: str, as_json: bool) -> None:
    """Make a token for programs; shown once."""
    store = _opened(ctx)
    made = store.create_api_token(store.operator_by_email(email).id, name[:80])
    emit(as_json, {"token": made}, made)


@operator.command(name="password")
@click.argument("email")
@click.option("--password", help="Without it, one is made and shown once.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def set_password(ctx: click.Context, email: str, password: str | None, as_json: bool) -> None:
    """Set a new password; every session of theirs ends."""
    store = _opened(ctx)
    found = store.operator_by_email(email)
    shown = make_password() if password is None else password
    store.set_password_hash(found.id, hash_password(shown))
    value = {"id": found.id, "email": found.email}
    text = f"{found.email} has a new password."
    if password is None:
        value["password"] = shown
        text += f"\nPassword (shown only now): {shown}"
    emit(as_json, value, text)


@operator.command()
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def disable(ctx: click.Context, email: str, as_json: bool) -> None:
    """End an operator's access at once."""
    store = _opened(ctx)
    found = store.operator_by_email(email)
    store.disable_operator(found.id)
    value = {"id": found.id, "email": found.email, "disabled": True}
    emit(as_json, value, f"{email} can no longer sign in.")


@operator.command()
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def enable(ctx: click.Context, email: str, as_json: bool) -> None:
    """Let a disabled operator sign in again."""
    store = _opened(ctx)
    found = store.enable_operator(store.operator_by_email(email).id)
    value = {"id": found.id, "email": found.email, "disabled": False}
    emit(as_json, value, f"{email} can sign in again.")


@operator.command(name="role")
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def set_role(ctx: click.Context, email: str, role: Role, as_json: bool) -> None:
    """Change what somebody may do, at once."""
    store = _opened(ctx)
    found = store.set_role(store.operator_by_email(email).id, role)
    value = {"id": found.id, "email": found.email, "role": found.role}
    emit(as_json, value, f"{found.email} is {found.role} now.")


@operator.command(name="reset-totp")
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def reset_totp(ctx: click.Context, email: str, as_json: bool) -> None:
    """Switch somebody's two-factor sign-in off, for a lost device."""
    store = _opened(ctx)
    found = store.operator_by_email(email)
    store.drop_totp(found.id)
    value = {"id": found.id, "email": found.email, "two_factor": False}
    emit(as_json, value, f"{found.email} signs in with a password alone now.")
