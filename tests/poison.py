"""Texts that attack whoever shows them, put into every field of every body by those who may.

Used by ``test_hostile_browser``, which then opens every page. ``open_fields`` reads
docs/openapi.json: a new field that no scenario fills, and that takes any text, fails a test there.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from calls import Caller
from conftest import PASSWORD, PASSWORD_HASH, SECRET
from hostile import API, document
from service.records.alarms import AlarmDraft
from service.records.proposals import Proposal, ProposedText
from service.store import Store

HOST = "canary.invalid"  # nothing may ever ask it for anything
# Short, so that they fit into any field; the last one is looked for on every page.
PAYLOADS = (
    "<img src=x onerror=tripped()>",
    "'\"><svg/onload=tripped()>",
    "' autofocus onfocus=tripped() '",
    "javascript:tripped()",
    "[a](javascript:tripped())",
    f'http://{HOST}/?"onclick=tripped()',
    "{{tripped()}}${tripped()}<%=1%>",
    "\u202egnp.exe\u2066 x",
    "a\u200b\u200d\ufeff\u2060\u00adb",
    "\U0001f469\u200d\U0001f467\U0001f3f4\u200d\u2620\ufe0f",
    "'); DROP TABLE ticket;--",
    "NEAR(^a* OR) AND NOT -b:c",
    f"=HYPERLINK({HOST})",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "a;Set-Cookie:b=c",
    "\u001b[31m\u0007\u0085\u2028b",
    "%s%n{0.__class__}",
    "<script>tripped()</script>",
)
SECRETS = {"password", "old", "new", "totp", "code", "identifier_hash"}  # told to nobody
# Taken as any string and understood by the desk, which refuses what makes no sense; ids of things
# that there are, above all.
UNDERSTOOD = {
    "version",
    "until",
    "since",
    "timezone",
    "days{}[]",
    "closed[]",
    "color",
    "spacing",
    "radius",
    "font",
    "files[]",
    "allowed_origins",
    "address",
    "events[]",
    "to",
    "into",
    "tickets[]",
    "ticket_id",
    "views[]",
    "messages[]",
    "message_id",
}


def open_fields() -> dict[str, int | None]:
    """Every field of every body that takes any text, with its greatest length."""
    schemas = document()["components"]["schemas"]
    bodies = {
        described["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
        for methods in document()["paths"].values()
        for described in methods.values()
        if "application/json" in described.get("requestBody", {}).get("content", {})
    }

    def walk(schema: dict[str, Any], path: str) -> Iterator[tuple[str, int | None]]:
        if "$ref" in schema:
            yield from walk(schemas[schema["$ref"].split("/")[-1]], path)
        for choice in schema.get("anyOf", ()):
            yield from walk(choice, path)
        is_text = schema.get("type") == "string" and not {"enum", "const"} & set(schema)
        if is_text and _takes(schema.get("pattern")):
            yield path, schema.get("maxLength")
        for name, inner in schema.get("properties", {}).items():
            yield from walk(inner, f"{path}.{name}")
        for inner in (
            schema.get("additionalProperties"),
            *schema.get("patternProperties", {}).values(),
        ):
            if isinstance(inner, dict):
                yield from walk(inner, f"{path}{{}}")
        if "items" in schema:
            yield from walk(schema["items"], f"{path}[]")

    return {
        name: most
        for body in sorted(bodies)
        for name, most in walk(schemas[body], body)
        if name.rsplit(".", 1)[-1] not in SECRETS
    }


def _takes(pattern: str | None) -> bool:
    """Whether an attack fits the pattern, as a whole or without spaces (an address, say)."""
    return pattern is None or any(
        re.search(pattern, text)
        for one in PAYLOADS
        for text in (one, re.sub(r"[\s@]", "", one) + "@mail.example")
    )


@dataclass
class Poison:
    """One attack, put everywhere; ``filled`` is what was taken, by field."""

    app: Flask
    store: Store
    payload: str
    admin: Caller
    number: int
    filled: dict[str, list[str]] = field(default_factory=dict)
    customers: list[tuple[str, str]] = field(default_factory=list)  # conversation and token
    count: int = 0

    def text(self, most: int = 200) -> str:
        """The attack, with a mark by which this one is known."""
        self.count += 1
        return f"{self.payload[: most - 9]} q{self.number}x{self.count}z"

    def id(self) -> str:
        """The attack as an id that a client makes."""
        return re.sub(r"[^!-~]", "", self.text(60))

    def email(self) -> str:
        return re.sub(r"[\s@]", "", self.text(60)) + "@mail.example"

    def write(
        self, caller: Caller, method: str, path: str, schema: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Call it, and note which fields have taken the attack; empty when it is refused."""
        answer = caller.call(method, f"{API}{path}", body)
        assert answer.status_code in (200, 201, 204, 422), f"{path} {answer.text}"
        if answer.status_code == 422:
            return {}
        for name, value in leaves(body, schema):
            if re.search(r"q\d+x\d+z", value):
                self.filled.setdefault(name, []).append(value)
        return dict(answer.get_json(silent=True) or {})


def leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text of a body with its place, written as ``open_fields`` does."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, f"{path}[]")
    elif isinstance(value, dict):
        for name, one in value.items():
            open_keys = path.endswith((".facts", ".days"))
            yield from leaves(one, f"{path}{{}}" if open_keys else f"{path}.{name}")


def poison_everything(poison: Poison) -> list[str]:
    """As a customer, an operator and an admin; returns the ids of the tickets."""
    person = poison.store.add_operator(
        f"p{poison.number}@desk.example", poison.text(80), "operator", PASSWORD_HASH
    )
    caller = Caller(poison.app, poison.store.create_api_token(person.id))
    poison.write(caller, "PUT", "/account", "AccountChange", {"name": poison.text(80)})
    _people(poison)
    tickets = [_conversation(poison) for _ in range(2)]
    _tickets(poison, caller, person.id, tickets)
    _own_things(poison, caller)
    _content(poison, caller)
    _review(poison, caller)
    site = {"name": poison.text(80), "welcome": [poison.text()], "suggested": ["greeting"]}
    poison.write(poison.admin, "PUT", "/settings", "SiteChange", site)
    poison.store.sound_alarm(AlarmDraft("drift", "sure", poison.text(), 0.5, 0.8))
    return tickets


def _people(poison: Poison) -> None:
    body = {"email": poison.email(), "name": poison.text(80), "password": "a heap of wet gravel"}
    if not poison.write(poison.admin, "POST", "/people", "NewPerson", body):
        body["email"] = f"new{poison.number}@desk.example"
        poison.write(poison.admin, "POST", "/people", "NewPerson", body)
    other = poison.store.add_operator(f"o{poison.number}@desk.example", "O", "lead", PASSWORD_HASH)
    renamed = {"name": poison.text(80)}
    poison.write(poison.admin, "PUT", f"/people/{other.id}", "PersonChange", renamed)


def _conversation(poison: Poison) -> str:
    """A customer whom the site has signed, in both conversations the same."""
    caller, identifier = Caller(poison.app), f"{poison.payload.strip()} q{poison.number}x0z"
    signed = hmac.new(SECRET.encode(), identifier.encode(), hashlib.sha256).hexdigest()
    customer = {"identifier": identifier, "identifier_hash": signed, "name": poison.text()}
    body = {"customer": {**customer, "email": poison.email()}, "locale": "en"}
    started = poison.write(caller, "POST", "/conversations", "NewConversation", body)
    if not started:  # an address with such signs is none
        body["customer"] = customer
        started = poison.write(caller, "POST", "/conversations", "NewConversation", body)
    caller.token = started["token"]
    poison.customers.append((started["conversation"]["id"], started["token"]))
    path = f"/conversations/{started['conversation']['id']}"
    said = {"client_id": poison.id(), "text": f"it is broken {poison.text()}"}
    turn = poison.write(caller, "POST", f"{path}/messages", "NewMessage", said)
    thumb = {"message_id": turn["reply"]["id"], "helpful": False, "comment": poison.text()}
    poison.write(caller, "POST", f"{path}/feedback", "NewFeedback", thumb)
    reach = {"kind": "email", "value": poison.email(), "about": poison.text()}
    if not poison.write(caller, "POST", f"{path}/contact", "NewContact", reach):
        reach["value"] = "somebody@mail.example"
        poison.write(caller, "POST", f"{path}/contact", "NewContact", reach)
    return str(turn["ticket"]["id"])


def _tickets(poison: Poison, caller: Caller, me: str, tickets: list[str]) -> None:
    one, two = tickets
    path = f"/tickets/{one}"
    poison.write(caller, "POST", f"{path}/tags", "NewTags", {"add": [poison.text(40)]})
    told = caller.post(f"{API}{path}/tags", {"add": [f"a tag {poison.number}"]}).json or {}
    tag = next(one["id"] for one in told["ticket"]["tags"] if one["name"].startswith("a tag"))
    poison.write(poison.admin, "PUT", f"/tags/{tag}", "TagChange", {"name": poison.text(40)})
    note = {"to": me, "note": poison.text()}
    poison.write(caller, "POST", f"{path}/assign", "NewAssignment", note)
    tab = {"tab": poison.id(), "ticket_id": one}
    poison.write(caller, "POST", "/presence", "NewPresence", tab)
    for written in ({"note": True}, {}):
        said = {"client_id": poison.id(), "text": poison.text(), **written}
        poison.write(caller, "POST", f"{path}/messages", "NewOperatorMessage", said)
    for body in (
        {"action": "tag", "add": [poison.text(40)], "remove": [poison.text(40)]},
        {"action": "assign", "to": me, "note": poison.text()},
    ):
        poison.write(caller, "POST", "/tickets/bulk", "NewBulk", {"tickets": [two], **body})
    poison.write(
        caller, "POST", f"{path}/tags", "NewTags", {"add": [], "remove": [poison.text(40)]}
    )
    third = _conversation(poison)
    merged = {"into": one, "note": poison.text()}
    poison.write(caller, "POST", f"/tickets/{third}/merge", "NewMerge", merged)
    messages = (caller.get(f"{API}{path}").json or {})["messages"]
    message = next(m["id"] for m in messages if m["author"] == "customer")
    for who, intent in ((caller, "greeting"), (poison.admin, "gift_card")):  # they contradict
        answer = who.post(f"{API}/messages/{message}/correction", {"intent": intent})
        assert answer.status_code == 201, answer.text


def _own_things(poison: Poison, caller: Caller) -> None:
    for own in (True, False):
        ready = {"name": poison.text(80), "text": poison.text(), "own": own}
        poison.write(poison.admin, "POST", "/canned-replies", "NewCannedReply", ready)
    view = {"name": poison.text(60), "q": poison.text(), "shared": True}
    if not poison.write(poison.admin, "POST", "/views", "NewView", view):  # no search
        poison.write(poison.admin, "POST", "/views", "NewView", {**view, "q": ""})
    named = {"name": f"a view {poison.number}"}  # as many of the team there may not be
    other = (poison.admin.post(f"{API}/views", named).json or {})["view"]["id"]
    for change in ({"name": poison.text(60)}, {"q": poison.text()}):
        poison.write(poison.admin, "PUT", f"/views/{other}", "ViewChange", change)
    token = {"name": poison.text(80), "password": PASSWORD}
    poison.write(poison.admin, "POST", "/tokens", "NewToken", token)
    hook = {"address": "https://93.184.215.14/", "events": ["ticket.opened"], "active": False}
    hook |= {"description": poison.text(), "password": PASSWORD}
    if poison.payload == PAYLOADS[-1]:  # as many as they like there may not be
        poison.write(poison.admin, "POST", "/webhooks", "NewWebhook", hook)
        other, _ = poison.store.add_webhook("https://192.0.2.1/", ["ticket.opened"], active=False)
        change = {"description": poison.text()}
        poison.write(poison.admin, "PUT", f"/webhooks/{other.id}", "WebhookUpdate", change)
    poison.write(caller, "POST", "/try", "TriedMessage", {"text": poison.text()})


def _content(poison: Poison, caller: Caller) -> None:
    name = f"x{poison.number}"
    intent = {"group": "x", "title": poison.text(), "description": poison.text()}
    poison.write(caller, "POST", "/intents", "NewIntent", {"name": name, **intent})
    intent = {**intent, "title": poison.text(), "description": poison.text()}
    poison.write(caller, "PUT", f"/intents/{name}", "IntentChange", intent)
    template = {"intent": name, "text": poison.text()}
    poison.write(caller, "POST", "/templates", "NewTemplate", {"name": name, **template})
    template["text"] = poison.text()
    poison.write(caller, "PUT", f"/templates/{name}", "TemplateChange", template)
    example = {"text": poison.text(), "intent": name}
    poison.write(caller, "POST", "/examples", "NewExample", example)
    article = {"title": poison.text(), "text": poison.text()}
    poison.write(caller, "POST", "/articles", "NewArticle", {"id": name, **article})
    article = {"title": poison.text(), "text": poison.text()}
    poison.write(caller, "PUT", f"/articles/{name}", "ArticleChange", article)
    case = {"text": poison.text(), "intent": name, "action": "answer"}
    poison.write(caller, "POST", "/golden", "GoldenChange", case)
    facts = (caller.get(f"{API}/facts").json or {})["facts"]
    told = {"facts": {**facts, name: poison.text()}}
    poison.write(caller, "PUT", "/facts", "FactsChange", told)


def _review(poison: Poison, caller: Caller) -> None:
    name = f"y{poison.number}"
    texts = (ProposedText(poison.text()),)
    waiting = Proposal("label", "history", texts, 1, 1.0, intent="greeting")
    fresh = Proposal("intent", "history", texts, 1, 1.0, name=name, title=poison.text())
    proposals = poison.store.add_proposals([waiting, fresh])
    accepted = {"title": poison.text(), "answer": poison.text(), "group": "x"}
    path = f"/review/{proposals[1].id}/accept"
    if not poison.write(caller, "POST", path, "NewAcceptance", accepted):
        poison.write(caller, "POST", path, "NewAcceptance", {"title": poison.text(), "answer": ""})
