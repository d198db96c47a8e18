"""The operators' side: inbox, claim, reply, note, return, resolve, correction, trace."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from calls import Caller, Customer, Frame, frames, start
from fakes import FakeEngines
from service.records.content import Template
from service.records.people import Operator
from service.store import Store

TICKETS = "/api/v1/tickets"


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client, customer={"name": "Uma", "email": "uma@mail.example"})


@pytest.fixture
def ticket(customer: Customer) -> str:
    """A ticket of the customer, who asked for a person."""
    return str(customer.say("a person please")["ticket"]["id"])


def ok(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json
    return body


def inbox(operator: Caller, query: str = "") -> list[str]:
    return [t["id"] for t in ok(operator.get(f"{TICKETS}?{query}"))["tickets"]]


# --- inbox ---------------------------------------------------------------------------------------


def test_most_urgent_comes_first_then_the_longest_waiting(client: Caller, operator: Caller) -> None:
    words = ("will it rain? twice", "a person please", "furious! where is it", "it is broken")
    opened: dict[str, str] = {}
    for text in words:
        customer = start(client)
        turn = customer.say(text)
        turn = turn if turn["ticket"] else customer.say(text)
        opened[text] = turn["ticket"]["id"]
    rain, person, furious, broken = (opened[text] for text in words)
    assert inbox(operator, "order=priority") == [furious, person, broken, rain]
    assert inbox(operator) == inbox(operator, "order=priority")
    assert inbox(operator, "order=oldest") == [rain, person, furious, broken]
    assert inbox(operator, "order=newest") == [broken, furious, person, rain]
    assert inbox(operator, "order=oldest&limit=2&offset=1") == [person, furious]
    listed = ok(operator.get(TICKETS))["tickets"]
    assert [t["priority"] for t in listed] == ["urgent", "high", "high", "normal"]
    assert [t["reason_text"] for t in listed][:2] == [
        "the customer is upset and there is no answer for that",
        "the customer asked for a person",
    ]


def test_inbox_can_be_narrowed(
    client: Caller, operator: Caller, olga: Operator, customer: Customer, ticket: str
) -> None:
    other = start(client, customer={"name": "Bo 100%"}).say("furious, it is broken")["ticket"]["id"]
    ok(operator.post(f"{TICKETS}/{ticket}/claim"))
    for query, expected in {
        "status=active": {ticket, other},
        "status=open": {other},
        "status=claimed": {ticket},
        "status=resolved": set(),
        "intent=broken_item": {other},
        "sentiment=negative": {other},
        "sentiment=neutral": {ticket},
        "owner=me": {ticket},
        "owner=none": {other},
        f"owner={olga.id}": {ticket},
        "owner=opr_unknown": set(),
        "q=BROKEN": {other},
        "q=uma": {ticket},
        "q=uma@mail.example": {ticket},
        "q=100%25": {other},
        "q=%25": {other},
        "q=_": set(),
        "q='; DROP TABLE ticket;--": set(),
        "q=": {ticket, other},
    }.items():
        assert set(inbox(operator, query)) == expected, query
    counts = ok(operator.get(TICKETS))["counts"]
    by_status = {"open": 1, "claimed": 1, "returned": 0, "resolved": 0}
    assert counts == by_status | {"active": 2, "mine": 1, "unassigned": 1, "snoozed": 0}


def test_colleagues_tickets_are_not_counted_as_mine(
    operator: Caller, colleague: Caller, ticket: str
) -> None:
    ok(colleague.post(f"{TICKETS}/{ticket}/claim"))
    counts = ok(operator.get(f"{TICKETS}?limit=1"))["counts"]
    assert (counts["claimed"], counts["mine"]) == (1, 0)


def test_operator_sees_what_the_customer_thought_of_a_message(
    operator: Caller, customer: Customer, ticket: str
) -> None:
    message = customer.messages()[-1]["id"]
    body = {"message_id": message, "helpful": False, "comment": "too slow"}
    path = f"{customer.path}/feedback"
    assert customer.caller.post(path, body, token=customer.token).status_code == 204
    shown = ok(operator.get(f"{TICKETS}/{ticket}"))["messages"]
    rated = [m for m in shown if "feedback" in m]
    assert [m["id"] for m in rated] == [message]
    feedback = rated[0]["feedback"]
    assert (feedback["helpful"], feedback["comment"]) == (False, "too slow")
    assert "feedback" not in str(customer.messages())


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "order=random",
        "sentiment=sad",
        "limit=0",
        "limit=x",
        "limit=201",
        "offset=-1",
    ],
)
def test_wrong_filter_is_named(query: str, operator: Caller) -> None:
    response = operator.get(f"{TICKETS}?{query}")
    assert response.status_code == 422
    assert query.partition("=")[0] in response.json["detail"]  # type: ignore[index]


def test_ticket_shows_everything_about_it(
    operator: Caller, customer: Customer, engines: FakeEngines
) -> None:
    answered = customer.say("hello")
    ticket = customer.say("furious about returns, a person!")["ticket"]["id"]
    detail = ok(operator.get(f"{TICKETS}/{ticket}"))
    assert detail["ticket"]["id"] == detail["id"] == ticket
    assert detail["customer"] == {
        "name": "Uma",
        "email": "uma@mail.example",
        "identifier": None,
        "verified": False,
    }
    assert detail["conversation"]["status"] == "waiting"
    first = next(m for m in detail["messages"] if m["id"] == answered["message"]["id"])
    assert first["reading"]["intent"]["label"] == "greeting"
    assert first["note"] is False
    assert detail["traces"][answered["message"]["id"]]["route"]["reason"] == "certain"
    names = [s["template"] for s in detail["suggestions"]]
    assert names
    assert len(names) <= 3


def test_a_long_conversation_is_read_back_to_its_beginning(
    operator: Caller, customer: Customer, ticket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.tickets.SHOWN_MESSAGES", 3)
    for n in range(5):
        customer.say(f"broken thing {n}")
    write(operator, ticket, "a note", note=True)
    page = ok(operator.get(f"{TICKETS}/{ticket}"))
    found, pages = list(page["messages"]), 1
    while page["earlier"]:
        page = ok(operator.get(f"{TICKETS}/{ticket}/messages?before={found[0]['seq']}"))
        assert len(page["messages"]) <= 3
        assert set(page["traces"]) <= {message["id"] for message in page["messages"]}
        found, pages = page["messages"] + found, pages + 1
    assert pages == 3
    assert [m["text"] for m in found if m["author"] == "customer"] == [
        "a person please",
        *(f"broken thing {n}" for n in range(5)),
    ]
    assert all(m["reading"] for m in found if m["author"] == "customer")
    assert found[-1]["note"]
    assert [m["seq"] for m in found] == sorted({m["seq"] for m in found})


def test_suggestions_fit_intent_and_mood(operator: Caller, customer: Customer) -> None:
    customer.say("return?")
    ticket = customer.say("furious about the return")["ticket"]
    assert ticket is None  # upset once, and there is an answer
    ticket = customer.say("furious about the return")["ticket"]["id"]
    offered = {s["template"]: s for s in ok(operator.get(f"{TICKETS}/{ticket}"))["suggestions"]}
    assert offered.keys() >= {"return_policy", "return_policy_upset"}
    first = offered["return_policy"]
    assert first["text"].endswith("30 days.")
    assert first["title"] == "How do returns work?"
    assert all(
        "{" not in offered[name]["text"] for name in ("return_policy", "return_policy_upset")
    )


def test_a_suggestion_leaves_what_nobody_has_said_to_the_operator(
    operator: Caller, customer: Customer, store: Store
) -> None:
    text = "Your order {order_number} goes to a person."
    store.save_template(Template("return_policy_upset", "return_policy", text, "negative"))
    customer.say("return?")
    customer.say("furious about the return")
    ticket = customer.say("furious about the return")["ticket"]["id"]
    offered = {
        s["template"]: s["text"] for s in ok(operator.get(f"{TICKETS}/{ticket}"))["suggestions"]
    }
    told = offered["return_policy_upset"]
    assert told == text


def test_ticket_without_a_model_still_opens(
    operator: Caller, customer: Customer, engines: FakeEngines
) -> None:
    engines.away = True
    ticket = customer.say("hello")["ticket"]["id"]
    detail = ok(operator.get(f"{TICKETS}/{ticket}"))
    assert detail["suggestions"] == []
    assert detail["reason"] == "engine_away"


# --- who has it ----------------------------------------------------------------------------------


def test_first_to_claim_wins(
    operator: Caller, colleague: Caller, customer: Customer, ticket: str
) -> None:
    claimed = ok(operator.post(f"{TICKETS}/{ticket}/claim"))["ticket"]
    assert (claimed["status"], claimed["owner"]["name"]) == ("claimed", "Olga")
    assert customer.status() == "operator"
    response = colleague.post(f"{TICKETS}/{ticket}/claim")
    assert response.status_code == 409
    assert "Olga" in response.json["detail"]  # type: ignore[index]
    assert ok(operator.post(f"{TICKETS}/{ticket}/claim"))["ticket"] == claimed


@pytest.mark.parametrize(("verb", "status"), [("return", "returned"), ("resolve", "resolved")])
def test_only_the_owner_may_close(
    verb: str, status: str, operator: Caller, colleague: Caller, customer: Customer, ticket: str
) -> None:
    ok(operator.post(f"{TICKETS}/{ticket}/claim"))
    assert colleague.post(f"{TICKETS}/{ticket}/{verb}").status_code == 409
    assert customer.status() == "operator"
    assert (
        ok(operator.post(f"{TICKETS}/{ticket}/{verb}"))["ticket"]["status"]
        == f"{verb}{'ed' if verb == 'return' else 'd'}"
    )
    again = operator.post(f"{TICKETS}/{ticket}/{verb}")
    assert again.status_code == 409
    assert again.json
    assert again.json["status"] == 409  # the ticket's own status must not take its place


def test_returned_conversation_is_the_desks_again(
    operator: Caller, customer: Customer, ticket: str
) -> None:
    ok(operator.post(f"{TICKETS}/{ticket}/claim"))
    returned = ok(operator.post(f"{TICKETS}/{ticket}/return"))["ticket"]
    assert (returned["status"], customer.status()) == ("returned", "desk")
    assert customer.messages()[-1]["author"] == "desk"
    turn = customer.say("hello")
    assert (turn["action"], turn["reply"]["text"]) == ("answer", "Hello!")


def test_resolved_conversation_wakes_when_the_customer_writes(
    operator: Caller, customer: Customer, ticket: str
) -> None:
    resolved = ok(operator.post(f"{TICKETS}/{ticket}/resolve"))["ticket"]  # an open one, too
    assert resolved["resolved_at"]
    assert customer.status() == "resolved"
    assert customer.say("hello")["reply"]["text"] == "Hello!"
    assert customer.status() == "desk"
    second = customer.say("a person please")["ticket"]["id"]
    assert second != ticket
    response = operator.post(f"{TICKETS}/{ticket}/reopen")
    assert response.status_code == 409  # the conversation has another


def test_resolved_ticket_can_be_reopened(operator: Caller, customer: Customer, ticket: str) -> None:
    assert operator.post(f"{TICKETS}/{ticket}/reopen").status_code == 409
    ok(operator.post(f"{TICKETS}/{ticket}/claim"))
    ok(operator.post(f"{TICKETS}/{ticket}/resolve"))
    reopened = ok(operator.post(f"{TICKETS}/{ticket}/reopen"))["ticket"]
    assert (reopened["status"], reopened["owner"]) == ("open", None)
    assert customer.status() == "waiting"
    assert customer.say("hello?")["reply"] is None


def test_slot_asked_before_a_person_came_is_forgotten(operator: Caller, customer: Customer) -> None:
    customer.say("where is my parcel")
    ticket = customer.say("a person please")["ticket"]["id"]
    ok(operator.post(f"{TICKETS}/{ticket}/return"))
    assert customer.say("hello")["action"] == "answer"


# --- replies and notes ---------------------------------------------------------------------------


def write(operator: Caller, ticket: str, text: str, **fields: Any) -> Any:
    body = {"client_id": f"o-{text[:20].replace(' ', '-')}", "text": text, **fields}
    return operator.post(f"{TICKETS}/{ticket}/messages", body)


def test_reply_reaches_the_customer_with_the_operators_name(
    operator: Caller, customer: Customer, ticket: str
) -> None:
    replied = ok(write(operator, ticket, "I am here", template="greeting"), 201)
    assert replied["ticket"]["status"] == "claimed"  # replying claims
    assert replied["ticket"]["unanswered_since"] is None
    last = customer.messages()[-1]
    assert (last["author"], last["text"], last["name"]) == ("operator", "I am here", "Olga")
    assert not {"client_id", "operator_id", "note"} & set(last)


def test_reply_sent_twice_is_there_once(operator: Caller, customer: Customer, ticket: str) -> None:
    first = ok(write(operator, ticket, "I am here"), 201)
    again = ok(write(operator, ticket, "I am here"), 200)
    assert again["message"] == first["message"]
    assert [m["text"] for m in customer.messages()].count("I am here") == 1


def test_only_the_owner_replies_but_all_may_note(
    operator: Caller, colleague: Caller, customer: Customer, ticket: str
) -> None:
    ok(operator.post(f"{TICKETS}/{ticket}/claim"))
    assert write(colleague, ticket, "me too").status_code == 409
    note = ok(write(colleague, ticket, "careful, a regular", note=True), 201)
    assert note["message"]["note"] is True
    assert note["ticket"]["owner"]["name"] == "Olga"
    assert "me too" not in [m["text"] for m in customer.messages()]


def test_reply_to_a_closed_ticket_is_refused(
    operator: Caller, customer: Customer, ticket: str
) -> None:
    ok(operator.post(f"{TICKETS}/{ticket}/resolve"))
    assert write(operator, ticket, "one more thing").status_code == 409
    assert write(operator, ticket, "for the record", note=True).status_code == 201
    assert customer.status() == "resolved"


def read_all(customer: Customer) -> list[str]:
    """Everything that any route of the customer's returns, as text."""
    caller, token, path = customer.caller, customer.token, customer.path
    body = {"client_id": "c-1", "text": "a person please"}
    texts = [
        caller.get(f"{path}/messages", token=token).text,
        caller.get(f"{path}/messages?after=1&limit=500", token=token).text,
        caller.post(f"{path}/messages", body, token=token).text,
        caller.post(f"{path}/messages", {"client_id": "c-99", "text": "hello"}, token=token).text,
        caller.post(f"{path}/handoff", token=token).text,
        caller.get("/api/v1/site").text,
    ]
    with caller.get(f"{path}/events", token=token) as stream:
        shown: list[Frame] = frames(stream, len(customer.messages()))
    return [*texts, *(str(frame.data) for frame in shown)]


def test_note_is_never_visible_to_the_customer(
    operator: Caller, customer: Customer, ticket: str, store: Store
) -> None:
    ok(write(operator, ticket, "SECRET before a claim", note=True), 201)
    ok(operator.post(f"{TICKETS}/{ticket}/claim"))
    note = ok(write(operator, ticket, "SECRET after it", note=True), 201)["message"]
    ok(write(operator, ticket, "I am here"), 201)
    shown = read_all(customer)
    assert any("I am here" in text for text in shown)
    for text in shown:
        assert "SECRET" not in text
        assert note["id"] not in text
    response = customer.caller.post(
        f"{customer.path}/feedback",
        {"message_id": note["id"], "helpful": True},
        token=customer.token,
    )
    assert response.status_code == 404
    assert "SECRET" in operator.get(f"{TICKETS}/{ticket}").text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "client_id"),
        ({"client_id": "a", "text": " "}, "text"),
        ({"client_id": "a", "text": "x" * 501}, "text"),
        ({"client_id": "a", "text": "x", "note": "yes"}, "note"),
        ({"client_id": "a", "text": "x", "template": "No Name"}, "template"),
        ({"client_id": "a", "text": "x", "author": "desk"}, "author"),
    ],
)
def test_wrong_reply_names_the_field(
    body: dict[str, Any], field: str, operator: Caller, customer: Customer, ticket: str
) -> None:
    response = operator.post(f"{TICKETS}/{ticket}/messages", body)
    assert response.status_code == 422
    assert field in {error["field"] for error in response.json["errors"]}  # type: ignore[index]
    assert customer.status() == "waiting"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "tickets/{id}"),
        ("POST", "tickets/{id}/claim"),
        ("POST", "tickets/{id}/return"),
        ("POST", "tickets/{id}/resolve"),
        ("POST", "tickets/{id}/reopen"),
        ("POST", "tickets/{id}/messages"),
        ("POST", "messages/{id}/correction"),
        ("GET", "messages/{id}/trace"),
    ],
)
def test_unknown_ids_are_not_found(method: str, path: str, operator: Caller) -> None:
    bodies = {"messages": {"client_id": "a", "text": "a"}, "correction": {"intent": "greeting"}}
    body = bodies.get(path.rpartition("/")[2])
    for unknown in ("tkt_unknown", "x", "%00", "é"):
        response = operator.call(method, f"/api/v1/{path.format(id=unknown)}", body)
        assert response.status_code == 404


@pytest.mark.parametrize("verb", ["claim", "return", "resolve", "reopen"])
def test_verbs_take_no_fields(verb: str, operator: Caller, ticket: str) -> None:
    assert operator.post(f"{TICKETS}/{ticket}/{verb}", {"force": True}).status_code == 422
    assert operator.post(f"{TICKETS}/{ticket}/{verb}", []).status_code == 422
    assert ok(operator.get(f"{TICKETS}/{ticket}"))["status"] == "open"


# --- the desk and a person at once ---------------------------------------------------------------


def test_reply_that_was_thought_before_a_person_came_is_dropped(
    app: Flask,
    operator: Caller,
    customer: Customer,
    engines: FakeEngines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the desk thinks, an operator takes the conversation: only the person speaks."""
    engine = engines.current()
    read: Callable[..., Any] = engine.read

    def interrupted(texts: Any, **_: Any) -> Any:
        monkeypatch.setattr(engine, "read", read)
        handed = customer.caller.post(f"{customer.path}/handoff", token=customer.token)
        ok(operator.post(f"{TICKETS}/{ok(handed, 201)['ticket']['id']}/claim"))
        return read(texts)

    monkeypatch.setattr(engine, "read", interrupted)
    turn = customer.say("hello")
    assert (turn["reply"], turn["action"]) == (None, "none")
    assert "Hello!" not in [m["text"] for m in customer.messages()]
    (ticket,) = inbox(operator)
    assert ok(operator.get(f"{TICKETS}/{ticket}"))["last_text"] == "hello"


def test_person_who_came_and_went_while_the_desk_thought_leaves_a_ticket(
    operator: Caller,
    customer: Customer,
    engines: FakeEngines,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has answered, so somebody must; all of it in the turn's own transaction."""
    engine = engines.current()
    read: Callable[..., Any] = engine.read

    def interrupted(texts: Any, **_: Any) -> Any:
        monkeypatch.setattr(engine, "read", read)
        handed = customer.caller.post(f"{customer.path}/handoff", token=customer.token)
        ok(operator.post(f"{TICKETS}/{ok(handed, 201)['ticket']['id']}/return"))
        monkeypatch.setattr(store, "record_handoff", None)  # a second one could be lost
        return read(texts)

    monkeypatch.setattr(engine, "read", interrupted)
    turn = customer.say("hello")
    assert (turn["reply"], turn["action"], customer.status()) == (None, "none", "waiting")
    ticket = store.ticket(turn["ticket"]["id"])
    assert (ticket.reason, ticket.status, ticket.subject) == ("owner_changed", "open", "hello")


# --- corrections and traces ----------------------------------------------------------------------


def correct(operator: Caller, message: str, **body: Any) -> Any:
    return operator.post(f"/api/v1/messages/{message}/correction", body)


def test_correction_becomes_an_example(
    operator: Caller, customer: Customer, store: Store, olga: Operator
) -> None:
    before = store.content()
    message = customer.say("will it rain")["message"]["id"]
    made = ok(correct(operator, message, intent="greeting", sentiment="positive"), 201)
    assert made["correction"]["intent"] == "greeting"
    (example,) = [e for e in store.content().examples if e.source == "correction"]
    assert (example.text, example.intent, example.sentiment) == (
        "will it rain",
        "greeting",
        "positive",
    )
    assert (example.message_id, example.operator_id) == (message, olga.id)
    assert store.content_revision() > before.revision
    assert len(store.content().examples) == len(before.examples) + 1


def test_last_correction_counts(operator: Caller, customer: Customer, store: Store) -> None:
    message = customer.say("will it rain")["message"]["id"]
    ok(correct(operator, message, intent="greeting"), 201)
    ok(correct(operator, message, intent="out_of_scope"), 201)
    (example,) = [e for e in store.content().examples if e.source == "correction"]
    assert example.intent == "out_of_scope"


def test_template_alone_means_its_intent(
    operator: Caller, customer: Customer, store: Store
) -> None:
    turn = customer.say("a person, about my return")
    message, ticket = turn["message"]["id"], turn["ticket"]["id"]
    ok(correct(operator, message, template="return_policy"), 201)
    shown = ok(operator.get(f"{TICKETS}/{ticket}"))["messages"]
    corrected = next(m for m in shown if m["id"] == message)
    assert corrected["correction"]["intent"] == "return_policy"
    assert corrected["correction"]["template"] == "return_policy"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"intent": "no_such"},
        {"template": "no_such"},
        {"sentiment": "sad"},
        {"intent": 3},
        {"intent": "greeting", "text": "x"},
        {"intent": None},
    ],
)
def test_wrong_correction_changes_nothing(
    body: dict[str, Any], operator: Caller, customer: Customer, store: Store
) -> None:
    turn = customer.say("hello")
    before = store.content_revision()
    assert correct(operator, turn["message"]["id"], **body).status_code == 422
    assert correct(operator, turn["reply"]["id"], intent="greeting").status_code == 422
    assert store.content_revision() == before


def test_trace_says_why(operator: Caller, customer: Customer) -> None:
    turn = customer.say("where is LC-1234")
    for message in (turn["message"]["id"], turn["reply"]["id"]):
        trace = ok(operator.get(f"/api/v1/messages/{message}/trace"))
        assert trace["release"] == "rel_fake"
        assert trace["reading"]["text"] == "where is LC-1234"
        assert trace["reading"]["entities"][0]["value"] == "LC-1234"
        assert trace["hits"]
        assert trace["route"]["template"] == "track_order"
        assert trace["thresholds"]["answer"] == 0.7
        assert set(trace["took_ms"]) == {"read", "search"}


def test_trace_stays_what_it_was(
    operator: Caller, admin: Caller, customer: Customer, engines: FakeEngines
) -> None:
    path = f"/api/v1/messages/{customer.say('hello')['message']['id']}/trace"
    before = ok(operator.get(path))
    ok(operator.put("/api/v1/templates/greeting", {"intent": "greeting", "text": "Bye!"}))
    customer.say("hello")
    assert ok(operator.get(path)) == before


def test_customer_sees_no_trace(customer: Customer) -> None:
    turn = customer.say("hello")
    told = str(turn) + str(customer.messages())
    for word in ("reading", "hits", "confidence", "thresholds", "rel_fake"):
        assert word not in told
    message = turn["message"]["id"]
    response = customer.caller.get(f"/api/v1/messages/{message}/trace", token=customer.token)
    assert response.status_code == 401
