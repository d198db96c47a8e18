"""What a request finds: the application's parts, and who is calling.

Used by every blueprint. Checks credentials and roles, and says to the audit log who acts; decides
nothing else.
"""

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import current_app, g, request

from service.audit import Actor, act_as
from service.config import Config
from service.desk import Desk
from service.engine import EngineSource
from service.errors import Forbidden, Unauthorized
from service.metrics import Metrics
from service.records.conversations import Conversation
from service.records.people import Operator, Role
from service.roles import may
from service.site import Site
from service.store import Store
from service.trials import Trials
from service.uploads.receiving import Uploads
from service.web.attempts import SignIns
from service.web.broadcast import Broadcast
from service.web.now import Now
from service.web.places import Places
from service.web.throttle import Throttles
from service.web.waiting import Waiting

SESSION_COOKIE = "frontdesk_session"
PASSWORD_CHECKS = 2  # at once: each takes a core and 32 MB for a while

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class Parts:
    """The parts of one application; ``serving`` turns false when the process ends."""

    config: Config
    store: Store
    desk: Desk
    engines: EngineSource
    metrics: Metrics
    site_secret: str
    trials: Trials
    site: Site
    now: Now
    uploads: Uploads
    waiting: Waiting
    throttles: Throttles
    broadcast: Broadcast
    attempts: SignIns = field(default_factory=SignIns)
    password_checks: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(PASSWORD_CHECKS)
    )
    streams: Places = field(default_factory=lambda: Places(256))
    serving: Callable[[], bool] = lambda: True


def parts() -> Parts:
    """The running application's parts."""
    return cast(Parts, current_app.config["FRONTDESK"])


def bearer() -> str | None:
    """The token of the Authorization header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def authorized_conversation(conversation_id: str) -> Conversation:
    """The conversation, when the request carries its token; ``Unauthorized`` otherwise."""
    token = bearer()
    if token is None:
        raise Unauthorized("Send the conversation's token as Authorization: Bearer TOKEN.")
    return parts().store.authorized_conversation(conversation_id, token)


def written_conversation(conversation_id: str) -> Conversation:
    """The same for what its customer does in it; ``TooMany`` when that is too often."""
    conversation = authorized_conversation(conversation_id)
    parts().throttles.write(client_address(), conversation.id, f"{request.endpoint}")
    return conversation


def signed_in() -> Operator | None:
    """The operator who calls, by API token or session cookie."""
    store = parts().store
    token = bearer()
    if token is not None:
        return store.api_token_operator(token)
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        return None
    operator = store.session_operator(cookie, address=client_address())
    if operator is not None and request.method not in ("GET", "HEAD"):
        same_origin()
    return operator


def client_address() -> str:
    """Where the request comes from; behind proxies only if they are trusted (`service.app`)."""
    return request.remote_addr or ""


def acts(operator: Operator | None) -> None:
    """Say to the audit log that this operator acts now; None for somebody unknown."""
    if operator is None:
        act_as(Actor(address=client_address()))
    else:
        act_as(Actor(operator.id, operator.name, operator.role, client_address()))


def same_origin() -> None:
    """Cookies travel by themselves, so a write must come from our own pages (CSRF)."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    # Without a public address only the host counts: "null" and file:// have no netloc either.
    own = {request.host, urlsplit(parts().config.public_url).netloc or request.host}
    if (origin and _host_of(origin) not in own) or site not in ("same-origin", "none"):
        raise Forbidden("This call must come from the desk's own pages.")


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # a bracket left open, say
        return ""


def role_required(least: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only operators whose role is at least this one; ``g.operator`` is who."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            operator = signed_in()
            if operator is None:
                raise Unauthorized("Sign in first.")
            if not may(operator.role, least):
                raise Forbidden(f"Only {WHO[least]} may do this.")
            g.operator = operator
            acts(operator)
            return view(*args, **kwargs)

        checked.operator_required = True  # type: ignore[attr-defined]
        return checked

    return guard


WHO: Mapping[Role, str] = {"operator": "an operator", "lead": "a lead", "admin": "an admin"}
operator_required = role_required("operator")
lead_required = role_required("lead")
admin_required = role_required("admin")
