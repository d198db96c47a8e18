"""Who does what: the records of the audit log, and who acts at the moment.

The web says who acts before it calls the store, the command line when it starts; the store writes
an entry within the deed's own transaction. Entries hold ids and names of things, never a text that
a customer wrote and never a secret.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

DEEDS: Mapping[str, str] = {
    "session.begin": "signed in",
    "session.refused": "was refused at the sign-in",
    "session.end": "signed out",
    "session.revoke": "ended a session",
    "session.revoke_others": "ended all other sessions",
    "account.name": "changed the own name",
    "account.password": "changed the own password",
    "account.totp_on": "switched two-factor sign-in on",
    "account.totp_off": "switched two-factor sign-in off",
    "account.recovery": "made new recovery codes",
    "account.recovery_used": "signed in with a recovery code",
    "operator.add": "added a person",
    "operator.name": "changed a person's name",
    "operator.role": "changed a person's role",
    "operator.disable": "disabled a person",
    "operator.enable": "enabled a person",
    "operator.password": "set a person's password",
    "operator.sign_out": "signed a person out everywhere",
    "operator.totp_reset": "reset a person's two-factor sign-in",
    "token.add": "made an API token",
    "token.revoke": "revoked an API token",
    "settings.save": "saved the site's settings",
    "webhook.add": "made a webhook",
    "webhook.change": "changed a webhook",
    "webhook.rotate": "made a new secret of a webhook",
    "webhook.remove": "removed a webhook",
    "webhook.stop": "switched a webhook off",
    "content.replace": "replaced the content",
    "intent.save": "saved an intent",
    "intent.delete": "removed an intent",
    "template.save": "saved a template",
    "template.delete": "removed a template",
    "example.add": "added examples",
    "example.save": "changed an example",
    "example.delete": "removed an example",
    "article.save": "saved an article",
    "article.delete": "removed an article",
    "golden.save": "saved a golden case",
    "golden.delete": "removed a golden case",
    "facts.save": "saved the facts",
    "promises.save": "changed how soon the desk replies",
    "tag.save": "changed a tag",
    "tag.delete": "removed a tag",
    "view.save": "changed a shared view",
    "view.delete": "removed a shared view",
    "proposal.accept": "accepted a proposal",
    "proposal.dismiss": "dismissed a proposal",
    "labels.settle": "settled a conflict",
    "release.promote": "promoted a release",
    "release.rollback": "rolled back",
    "trial.begin": "began a trial",
    "trial.stop": "stopped a trial",
    "customer.erase": "erased a customer",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an operator, somebody at the command line, or the desk itself."""

    operator_id: str | None = None
    name: str = ""
    role: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. ``subject`` is what it was done to; ``name`` and ``role`` are those of then."""

    id: int
    at: str
    operator_id: str | None
    name: str
    role: str
    deed: str
    subject: str
    detail: str
    address: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries; an empty field leaves all. ``before`` is the id from which to read on."""

    operator_id: str = ""
    deed: str = ""
    address: str = ""
    since: str = ""
    until: str = ""
    before: int = 0


DESK = Actor(None, "the desk", "desk")

_ACTING: ContextVar[Actor] = ContextVar("acting", default=DESK)


def acting() -> Actor:
    """Who acts in this thread."""
    return _ACTING.get()


def act_as(actor: Actor) -> None:
    """From now on, in this thread, it is ``actor`` who acts."""
    _ACTING.set(actor)
