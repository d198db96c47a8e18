"""What hostile people find: a desk with something of everything, and who may call what.

The table is written by hand, and a test holds it against docs/openapi.json: whoever adds a route
adds its line, and so decides. Used by the ``test_hostile_…`` files.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from flask import Flask

from calls import Caller, start
from conftest import PASSWORD, PASSWORD_HASH, add_person, signed_in
from docs.generate import HERE
from pictures import picture, uploaded
from service.config import Config
from service.records.alarms import AlarmDraft
from service.records.people import Operator, Role
from service.records.proposals import Proposal, ProposedText
from service.store import Store
from test_nights import write_night
from test_release import write_release

Who = Literal["anybody", "its customer", "operator", "lead", "admin"]
API = "/api/v1"
MARK = "Quincewort"  # in every text of the world: where it is told, something leaks

MAY: dict[Who, str] = {
    # Whoever comes by: what the widget needs before there is a conversation, and the way in.
    "anybody": """
        GET /site
        POST /conversations
        POST /sessions
    """,
    # Who has the conversation's own token; no operator, either, who has the tickets instead.
    "its customer": """
        POST /conversations/{conversation_id}/contact
        GET /conversations/{conversation_id}/events
        GET /conversations/{conversation_id}/messages
        POST /conversations/{conversation_id}/feedback
        POST /conversations/{conversation_id}/files
        GET /conversations/{conversation_id}/files/{file_id}
        GET /conversations/{conversation_id}/files/{file_id}/preview
        POST /conversations/{conversation_id}/handoff
        POST /conversations/{conversation_id}/messages
        POST /conversations/{conversation_id}/typing
    """,
    # Whoever works here: one's own account, every ticket, the content, and to look at the rest.
    "operator": """
        GET /account
        PUT /account
        PUT /account/password
        DELETE /account/sessions
        DELETE /account/sessions/{session_id}
        POST /account/totp
        POST /account/totp/codes
        POST /account/totp/confirm
        POST /account/totp/off
        GET /alarms
        GET /alarms/{alarm_id}
        POST /alarms/{alarm_id}/acknowledge
        GET /articles
        POST /articles
        DELETE /articles/{article_id}
        PUT /articles/{article_id}
        GET /canned-replies
        POST /canned-replies
        DELETE /canned-replies/{reply_id}
        PUT /canned-replies/{reply_id}
        GET /colleagues
        GET /content/history
        POST /content/history/{change_id}/restore
        GET /events
        GET /examples
        POST /examples
        DELETE /examples/{example_id}
        PUT /examples/{example_id}
        GET /facts
        PUT /facts
        GET /files/{file_id}
        GET /files/{file_id}/preview
        GET /golden
        POST /golden
        DELETE /golden/{golden_id}
        PUT /golden/{golden_id}
        GET /intents
        POST /intents
        DELETE /intents/{name}
        PUT /intents/{name}
        GET /labels/conflicts
        POST /labels/settle
        DELETE /messages/{message_id}/correction
        POST /messages/{message_id}/correction
        GET /messages/{message_id}/trace
        GET /nights
        GET /nights/{night_id}
        POST /presence
        GET /promises
        GET /releases/overview
        GET /releases/{release_id}/report
        GET /reports
        GET /review
        POST /review/{proposal_id}/accept
        POST /review/{proposal_id}/dismiss
        GET /sessions
        DELETE /sessions
        GET /tags
        GET /templates
        POST /templates
        DELETE /templates/{name}
        PUT /templates/{name}
        GET /tickets
        GET /tickets/{ticket_id}
        POST /tickets/{ticket_id}/assign
        POST /tickets/{ticket_id}/claim
        POST /tickets/{ticket_id}/files
        POST /tickets/{ticket_id}/merge
        GET /tickets/{ticket_id}/mergeable
        GET /tickets/{ticket_id}/messages
        POST /tickets/{ticket_id}/messages
        GET /tickets/{ticket_id}/past
        GET /tickets/{ticket_id}/past/{conversation_id}
        POST /tickets/{ticket_id}/reopen
        POST /tickets/{ticket_id}/resolve
        POST /tickets/{ticket_id}/return
        POST /tickets/{ticket_id}/snooze
        POST /tickets/{ticket_id}/tags
        POST /tickets/{ticket_id}/wake
        POST /tickets/bulk
        GET /tokens
        POST /tokens
        DELETE /tokens/{token_id}
        POST /try
        GET /views
        POST /views
        DELETE /views/{view_id}
        PUT /views/{view_id}
        POST /views/order
    """,
    # What binds all operators, and figures that name them.
    "lead": """
        PUT /promises
        POST /promises/preview
        GET /releases/trial
        DELETE /tags/{tag_id}
        PUT /tags/{tag_id}
    """,
    # What changes how the desk answers, who works here, or shows what people did.
    "admin": """
        GET /audit
        GET /audit.csv
        GET /people
        POST /people
        PUT /people/{operator_id}
        POST /people/{operator_id}/password
        DELETE /people/{operator_id}/sessions
        DELETE /people/{operator_id}/totp
        GET /releases
        GET /releases/{release_id}/diff
        POST /releases/{release_id}/diff
        POST /releases/{release_id}/promote
        POST /releases/{release_id}/trial
        POST /releases/rollback
        DELETE /releases/trial
        GET /settings
        PUT /settings
        GET /webhooks
        POST /webhooks
        DELETE /webhooks/{webhook_id}
        PUT /webhooks/{webhook_id}
        GET /webhooks/{webhook_id}/deliveries
        GET /webhooks/{webhook_id}/deliveries/{delivery_id}
        POST /webhooks/{webhook_id}/deliveries/{delivery_id}/again
        POST /webhooks/{webhook_id}/secret
        POST /webhooks/{webhook_id}/test
    """,
}
# What one operator has to himself: to any other it is as if it were not there.
OWN = ("view_id", "reply_id", "token_id", "session_id")


def decided() -> dict[str, Who]:
    """Who may call it, by ``METHOD /path``."""
    return {
        line.strip().replace(" /", f" {API}/"): who
        for who, lines in MAY.items()
        for line in lines.strip().splitlines()
    }


def document() -> dict[str, Any]:
    """The OpenAPI document of the docs."""
    loaded: dict[str, Any] = json.loads((HERE / "openapi.json").read_text(encoding="utf-8"))
    return loaded


def operations() -> dict[str, dict[str, Any]]:
    """Every operation of the document, by ``METHOD /path``."""
    return {
        f"{method.upper()} {path}": described
        for path, methods in document()["paths"].items()
        for method, described in methods.items()
    }


@dataclass
class World:
    """A desk with something of everything, whose texts all hold the ``MARK``."""

    app: Flask
    store: Store
    ids: dict[str, str] = field(default_factory=dict)
    token: str = ""  # of the conversation
    other: str = ""  # of another customer's
    people: dict[str, Operator] = field(default_factory=dict)

    def path(self, route: str, *, known: bool = True) -> str:
        """The address of a route, with ids that there are, or with such as there are none."""

        def fill(found: re.Match[str]) -> str:
            real = self.ids[found[1]]
            return real if known else unlike(real)

        return re.sub(r"{(\w+)}", fill, route.partition(" ")[2])

    def api(self, name: str) -> Caller:
        """A program of this person's."""
        return Caller(self.app, self.store.create_api_token(self.people[name].id))


def unlike(real: str) -> str:
    """An id that looks like that one, of nothing."""
    return "999999" if real.isdigit() else real[:-1] + ("a" if real[-1] != "a" else "b")


def world(app: Flask, store: Store, config: Config) -> World:
    """Made through the API where that can make it, as a customer and as Ana would."""
    made = World(app, store)
    roles: dict[str, Role] = {"ana": "operator", "ben": "operator", "lea": "lead", "ada": "admin"}
    for name, role in roles.items():
        made.people[name] = store.add_operator(
            f"{name}@desk.example", f"{name.title()} {MARK}", role, PASSWORD_HASH
        )
    made.people["gone"] = add_person(store, "gone@desk.example", "admin")
    caller = Caller(app)
    customer = start(caller, customer={"name": MARK, "email": f"{MARK}@mail.example"})
    stranger = start(caller, customer={"name": f"The other {MARK}"})
    stranger.say(f"a person, {MARK}")
    turn = customer.say(f"this is broken, {MARK}")
    photo = uploaded(customer, picture(size=(400, 400)), f"{MARK}.png")["id"]
    customer.say(MARK, files=[photo])
    ana = signed_in(app, "ana@desk.example")
    made.token, made.other = customer.token, stranger.token
    made.ids = {
        "conversation_id": customer.conversation,
        "file_id": photo,
        "message_id": turn["message"]["id"],
        "ticket_id": turn["ticket"]["id"],
        "operator_id": made.people["ana"].id,
        "name": "greeting",
        "article_id": "returns",
        **dict(_made_by(ana, turn["ticket"]["id"])),
        "alarm_id": store.sound_alarm(AlarmDraft("drift", "sure", MARK, 0.5, 0.8))[0].id,
        "night_id": write_night(config.home, 1, reason=MARK),
        "release_id": write_release(config.releases).id,
    }
    like = Proposal("label", "history", (ProposedText(MARK),), 1, 1.0, intent="greeting")
    made.ids["proposal_id"] = store.add_proposals([like])[0].id
    (config.releases / made.ids["release_id"] / "report.html").write_text(MARK)
    hook, _ = store.add_webhook("https://192.0.2.1/", ["ticket.opened"], description=MARK)
    made.ids |= {"webhook_id": hook.id, "delivery_id": store.test_webhook(hook.id)}
    return made


def _made_by(ana: Caller, ticket: str) -> Iterator[tuple[str, str]]:
    """What Ana makes, all of it hers alone where that is possible."""

    def post(path: str, **body: Any) -> dict[str, Any]:
        answer = ana.post(f"{API}{path}", body)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json or {})

    yield "view_id", post("/views", name=MARK, q="owner:me")["view"]["id"]
    reply = post("/canned-replies", name=MARK, text=MARK, own=True)
    yield "reply_id", reply["canned_reply"]["id"]
    post("/tokens", name=MARK, password=PASSWORD)
    yield "token_id", (ana.get(f"{API}/tokens").json or {})["tokens"][0]["id"]
    yield "session_id", (ana.get(f"{API}/account").json or {})["sessions"][0]["id"]
    tagged = post(f"/tickets/{ticket}/tags", add=[MARK])
    yield "tag_id", tagged["ticket"]["tags"][0]["id"]
    example = post("/examples", text=f"{MARK} waves", intent="greeting")
    yield "example_id", example["example"]["id"]
    case = post("/golden", text=MARK, intent="greeting", action="answer")
    yield "golden_id", case["golden_case"]["id"]
    changes = (ana.get(f"{API}/content/history").json or {})["changes"]
    yield "change_id", str(changes[0]["id"])
