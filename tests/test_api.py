"""The customers' chat API, as a widget or a stranger's program calls it."""

import base64
import hashlib
import hmac
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import jwt
import pytest
from flask import Flask

from calls import Caller, Customer, start
from conftest import SECRET
from fakes import FakeEngine, FakeEngines, reading_of
from service.app import create_app
from service.config import Config
from service.errors import EngineAway
from service.store import Store, open_store

CONVERSATIONS = "/api/v1/conversations"


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client)


def problem(response: Any, status: int, code: str, *told: str) -> dict[str, Any]:
    """The response must be this problem and tell these words."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json
    assert body["code"] == code
    for words in told:
        assert words in body["detail"]
    assert body["request_id"] == response.headers["X-Request-Id"]
    return body


# --- starting ------------------------------------------------------------------------------------


def test_conversation_starts_with_the_desks_welcome(client: Caller) -> None:
    response = client.post(CONVERSATIONS)
    assert response.status_code == 201
    body = response.json
    assert body
    assert body["conversation"]["id"].startswith("cnv_")
    assert body["conversation"]["status"] == "desk"
    assert len(body["token"]) > 30
    (welcome,) = body["messages"]
    assert (welcome["author"], welcome["text"]) == ("desk", "Welcome to Lantern & Co!")
    assert welcome["suggestions"] == [
        {"text": "Where is my order?", "intent": "track_order"},
        {"text": "How do returns work?", "intent": "return_policy"},
    ]


def test_ids_and_tokens_are_not_to_be_guessed(client: Caller) -> None:
    started = [client.post(CONVERSATIONS).json for _ in range(20)]
    ids = {body["conversation"]["id"] for body in started if body}
    tokens = {body["token"] for body in started if body}
    assert (len(ids), len(tokens)) == (20, 20)
    assert all(len(name) >= 20 for name in ids)
    assert all(name.removeprefix("cnv_") not in "".join(tokens) for name in ids)


def test_site_tells_the_widget_how_to_begin(client: Caller, engines: FakeEngines) -> None:
    site = client.get("/api/v1/site").json
    assert site
    assert (site["name"], site["language"], site["max_text"]) == ("Lantern & Co", "en", 500)
    assert site["suggested"][0] == {"text": "Where is my order?", "intent": "track_order"}
    engines.away = True
    away = client.get("/api/v1/site").json
    assert away
    assert away == site  # the store has it all


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"customer": "me"}, "customer"),
        ({"customer": {"name": 3}}, "customer.name"),
        ({"customer": {"name": "x" * 201}}, "customer.name"),
        ({"customer": {"email": "no address"}}, "customer.email"),
        ({"customer": {"id": "x"}}, "customer.id"),
        ({"customer": {"name": "U\0ma"}}, "customer.name"),
        ({"customer": {"identifier": "\0"}}, "customer.identifier"),
        ({"locale": "e n"}, "locale"),
        ({"locale": None}, "locale"),
        ({"color": "red"}, "color"),
    ],
)
def test_wrong_start_names_the_field(body: dict[str, Any], field: str, client: Caller) -> None:
    told = problem(client.post(CONVERSATIONS, body), 422, "invalid_input", field)
    assert told["errors"][0]["field"] == field


# --- identity ------------------------------------------------------------------------------------


def signed(identifier: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), identifier.encode(), hashlib.sha256).hexdigest()


def token_of(claims: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm=algorithm)


def verified(store: Store, started: Any) -> bool:
    conversation = store.conversation(started.json["conversation"]["id"])
    assert conversation.customer_id
    return store.customer(conversation.customer_id).verified


def in_seconds(seconds: int) -> int:
    return int(time.time()) + seconds


@pytest.mark.parametrize(
    "signature",
    [
        signed("u-1"),
        signed("u-1").upper(),
        token_of({"sub": "u-1", "exp": in_seconds(3600)}),
        token_of({"identifier": "u-1", "exp": in_seconds(3600)}),
        token_of({"user_id": "u-1", "exp": in_seconds(3600)}),
        token_of({"sub": "u-1", "user_id": "u-2", "exp": in_seconds(3600)}),
    ],
)
def test_signed_identifier_is_verified(signature: str, client: Caller, store: Store) -> None:
    body = {"customer": {"identifier": "u-1", "identifier_hash": signature, "name": "Uma"}}
    response = client.post(CONVERSATIONS, body)
    assert response.status_code == 201
    assert verified(store, response)


def test_with_a_key_of_their_own_tokens_are_not_signed_by_the_hash_of_a_chosen_name(
    config: Config, store: Store
) -> None:
    forged = token_of({"sub": "u-1", "exp": in_seconds(3600)})
    name, _, signature = forged.rpartition(".")
    chosen = bytes.fromhex(signed(name))  # what the site gives to a customer of that name
    assert base64.urlsafe_b64encode(chosen).rstrip(b"=").decode() == signature
    other = "another secret that is long enough for HS256"
    apart = config.model_copy(update={"jwt_secret": other})
    for settings, token, status in (
        (config, forged, 201),
        (apart, forged, 403),
        (apart, token_of({"sub": "u-1", "exp": in_seconds(3600)}, other), 201),
        (apart, signed("u-1"), 201),
        (apart, signed("u-1", other), 403),
    ):
        body = {"customer": {"identifier": "u-1", "identifier_hash": token}}
        client = Caller(create_app(settings, store=store, engines=FakeEngines(store)))
        assert client.post(CONVERSATIONS, body).status_code == status


def test_unsigned_identifier_is_taken_but_not_verified(client: Caller, store: Store) -> None:
    response = client.post(CONVERSATIONS, {"customer": {"identifier": "u-1"}})
    assert response.status_code == 201
    assert not verified(store, response)


WRONG = {
    "of another": signed("u-2"),
    "with another secret": signed("u-1", "another"),
    "empty": "",
    "not hexadecimal": "zz",
    "not ASCII": "é" * 64,
    "an expired token": token_of({"sub": "u-1", "exp": in_seconds(-60)}),
    "a token without exp": token_of({"sub": "u-1"}),
    "a token with another name for it and without exp": token_of({"user_id": "u-1"}),
    "a token whose first name is another's": token_of(
        {"sub": "u-2", "user_id": "u-1", "exp": in_seconds(60)}
    ),
    "a token that names nobody": token_of({"user_id": None, "exp": in_seconds(60)}),
    "a token without sub": token_of({"exp": in_seconds(60)}),
    "a token of another": token_of({"sub": "u-2", "exp": in_seconds(60)}),
    "a token with another secret": token_of(
        {"sub": "u-1", "exp": in_seconds(60)}, "another secret that is long enough for HS256"
    ),
    "an unsigned token": jwt.encode({"sub": "u-1", "exp": in_seconds(60)}, "", algorithm="none"),
    "another algorithm": token_of({"sub": "u-1", "exp": in_seconds(60)}, SECRET * 2, "HS512"),
    "no token at all": "a.b.c",
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_signature_is_refused(case: str, client: Caller, store: Store) -> None:
    before = store.last_event()
    body = {"customer": {"identifier": "u-1", "identifier_hash": WRONG[case]}}
    problem(client.post(CONVERSATIONS, body), 403, "forbidden")
    assert store.last_event() == before


def test_signature_without_an_identifier_is_refused(client: Caller) -> None:
    body = {"customer": {"identifier_hash": signed("")}}
    problem(client.post(CONVERSATIONS, body), 403, "forbidden", "identifier")


def test_desk_may_require_signatures(config: Config, store: Store, engines: FakeEngines) -> None:
    required = config.model_copy(update={"identity": "required"})
    caller = Caller(create_app(required, store=store, engines=engines))
    body: dict[str, Any] = {"customer": {"identifier": "u-1"}}
    problem(caller.post(CONVERSATIONS, body), 403, "forbidden", "identifier_hash")
    body["customer"]["identifier_hash"] = signed("u-1")
    assert caller.post(CONVERSATIONS, body).status_code == 201
    assert caller.post(CONVERSATIONS).status_code == 201  # a stranger may still ask


def test_a_desk_without_a_secret_makes_one(store: Store, config: Config) -> None:
    bare = config.model_copy(update={"site_secret": ""})
    caller = Caller(create_app(bare, store=store, engines=FakeEngines(store)))
    secret = store.setting("site_secret")
    assert secret
    for key, status in (("", 403), (secret, 201)):
        body = {"customer": {"identifier": "u-1", "identifier_hash": signed("u-1", key)}}
        assert caller.post(CONVERSATIONS, body).status_code == status


# --- messages ------------------------------------------------------------------------------------


def test_question_is_answered(customer: Customer) -> None:
    turn = customer.say("where is LC-1234 please")
    assert turn["action"] == "answer"
    assert turn["reply"]["text"] == "Order LC-1234 is on its way."
    assert turn["reply"]["reply_to"] == turn["message"]["id"]
    assert (turn["message"]["author"], turn["message"]["client_id"]) == ("customer", "c-1")
    assert turn["ticket"] is None
    assert [m["id"] for m in customer.messages()][1:] == [
        turn["message"]["id"],
        turn["reply"]["id"],
    ]
    seqs = [m["seq"] for m in customer.messages()]
    assert seqs == sorted(set(seqs))


def test_messages_after_a_seq(customer: Customer) -> None:
    turn = customer.say("hello")
    assert [m["id"] for m in customer.messages(turn["message"]["seq"])] == [turn["reply"]["id"]]
    assert customer.messages(turn["reply"]["seq"]) == []
    page = customer.caller.get(f"{customer.path}/messages?limit=1", token=customer.token).json
    assert page
    assert len(page["messages"]) == 1


def test_missing_slot_is_asked_for_and_used(customer: Customer) -> None:
    asked = customer.say("where is my parcel")
    assert (asked["action"], asked["reply"]["text"]) == ("ask", "Which order is it about?")
    given = customer.say("1234")
    assert (given["action"], given["reply"]["text"]) == ("answer", "Order LC-1234 is on its way.")


def test_slot_that_is_not_given_goes_to_a_person(customer: Customer) -> None:
    customer.say("where is my parcel")
    again = customer.say("I have no idea")
    assert again["reply"]["text"].startswith("I could not find a number")
    turn = customer.say("no idea at all")
    assert turn["action"] == "handoff"
    assert turn["ticket"]["id"].startswith("tkt_")
    assert customer.status() == "waiting"


def test_unclear_question_offers_choices_that_work(customer: Customer) -> None:
    turn = customer.say("maybe return it, or delivery?")
    assert turn["action"] == "clarify"
    assert [s["intent"] for s in turn["suggestions"]] == [
        "return_policy",
        "delivery_cost",
        "talk_to_person",
    ]
    assert turn["suggestions"] == turn["reply"]["suggestions"]
    first = turn["suggestions"][0]
    chosen = customer.say(first["text"], choice=first["intent"])
    assert (chosen["action"], chosen["reply"]["text"]) == ("answer", "You have 30 days.")


def test_clicking_for_a_person_hands_over(customer: Customer) -> None:
    person = customer.say("maybe return it, or delivery?")["suggestions"][-1]
    turn = customer.say(person["text"], choice=person["intent"])
    assert (turn["action"], customer.status()) == ("handoff", "waiting")


def test_first_suggestions_can_be_clicked_at_once(customer: Customer) -> None:
    (welcome,) = customer.messages()
    for suggestion in welcome["suggestions"]:
        other = start(customer.caller)
        turn = other.say(suggestion["text"], choice=suggestion["intent"])
        assert turn["action"] in ("answer", "ask")


def test_choice_that_is_gone_is_plain_text(customer: Customer) -> None:
    """A button from before the content changed: its words still say what is wanted."""
    turn = customer.say("How do return parcels work?", choice="no_such")
    assert (turn["action"], turn["reply"]["text"]) == ("answer", "You have 30 days.")


def test_variants_of_the_desks_words_take_turns(
    customer: Customer, store: Store, engines: FakeEngines
) -> None:
    content = store.content()
    settings = content.settings
    words = {"out_of_scope": ("One.", "Two.", "Three."), "unavailable": ("Four.", "Five.")}
    changed = replace(settings, replies={**settings.replies, **words})
    store.replace_content(replace(content, settings=changed))

    def said() -> set[str]:
        turns = [start(customer.caller).say("rain", client_id=f"v{n}") for n in range(12)]
        again = [start(customer.caller).say("rain", client_id=f"v{n}") for n in range(12)]
        texts = [turn["reply"]["text"] for turn in turns]
        assert texts == [turn["reply"]["text"] for turn in again]
        return set(texts)

    assert said() == {"One.", "Two.", "Three."}
    engines.away = True
    assert said() == {"Four.", "Five."}


def test_upset_customer_is_urgent(customer: Customer, store: Store) -> None:
    turn = customer.say("this is a disgrace, where is my order")
    assert turn["action"] == "handoff"
    assert turn["reply"]["text"] == "We are sorry. A colleague will answer you here."
    ticket = store.ticket(turn["ticket"]["id"])
    assert (ticket.priority, ticket.reason, ticket.sentiment) == ("urgent", "upset", "negative")
    assert (ticket.intent, ticket.subject) == (
        "track_order",
        "this is a disgrace, where is my order",
    )


def test_desk_keeps_silent_while_a_person_owns(customer: Customer, store: Store) -> None:
    ticket = customer.say("a person please")["ticket"]
    turn = customer.say("hello?")
    assert (turn["reply"], turn["action"], turn["suggestions"]) == (None, "none", [])
    assert turn["ticket"] == ticket
    assert store.ticket(ticket["id"]).last_text == "hello?"
    assert store.ticket(ticket["id"]).priority == "high"
    message = customer.say("furious about the return")["message"]["id"]  # there is an answer
    assert store.ticket(ticket["id"]).priority == "urgent"
    route = store.trace(message)["route"]
    assert (route["action"], route["reason"], route["template"]) == ("none", "with_person", None)
    assert [m["author"] for m in customer.messages()][-2:] == ["customer", "customer"]


def test_text_is_stored_as_written(customer: Customer) -> None:
    text = "hello <b>&amp;</b> 'quotes' \u202e \x01 emoji 🙂\r\nsecond line; DROP TABLE message;--"
    assert customer.say(f"  {text}\n")["message"]["text"] == text
    assert customer.messages()[1]["text"] == text


def test_longest_text_fits_and_one_more_does_not(customer: Customer) -> None:
    assert customer.say("🙂" * 500)["message"]["text"] == "🙂" * 500
    response = customer.caller.post(
        f"{customer.path}/messages", {"client_id": "x", "text": "a" * 501}, token=customer.token
    )
    told = problem(response, 422, "invalid_input", "500")
    assert told["errors"] == [{"field": "text", "message": told["errors"][0]["message"]}]


# --- the same client id again --------------------------------------------------------------------


def post(customer: Customer, body: Any, **options: Any) -> Any:
    return customer.caller.post(f"{customer.path}/messages", body, token=customer.token, **options)


@pytest.mark.parametrize(
    "text", ["hello", "where is it", "maybe return or delivery", "a person", "rain", "furious"]
)
def test_same_client_id_returns_the_same_body(text: str, customer: Customer) -> None:
    body = {"client_id": "same", "text": text}
    first = post(customer, body)
    count = len(customer.messages())
    again = post(customer, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.data == again.data
    assert len(customer.messages()) == count


def test_same_client_id_with_another_text_is_still_the_first(customer: Customer) -> None:
    first = post(customer, {"client_id": "same", "text": "hello"})
    again = post(customer, {"client_id": "same", "text": "a person", "choice": "greeting"})
    assert (again.status_code, again.json) == (200, first.json)


def test_same_body_whatever_has_happened_since(
    customer: Customer, operator: Caller, admin: Caller, engines: FakeEngines
) -> None:
    body = {"client_id": "same", "text": "a person please"}
    first = post(customer, body)
    ticket = f"/api/v1/tickets/{first.json['ticket']['id']}"
    template = {"intent": "greeting", "text": "Bye!"}

    def unchanged() -> None:
        again = post(customer, body)
        assert (again.status_code, again.data) == (200, first.data)

    unchanged()
    assert operator.post(f"{ticket}/claim").status_code == 200
    unchanged()
    operator.post(f"{ticket}/messages", {"client_id": "o-1", "text": "I am here"})
    unchanged()
    message = first.json["message"]["id"]
    operator.post(f"/api/v1/messages/{message}/correction", {"intent": "greeting"})
    unchanged()
    operator.post(f"{ticket}/resolve")
    unchanged()
    assert operator.put("/api/v1/templates/greeting", template).status_code == 200
    unchanged()
    engines.away = True
    unchanged()


def test_same_client_id_is_read_only_once(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"client_id": "same", "text": "hello"}
    first = post(customer, body)
    monkeypatch.setattr(FakeEngine, "read", None)  # to call it would be an error
    assert post(customer, body).data == first.data


def test_same_client_id_at_the_same_moment_is_one_message(customer: Customer) -> None:
    """A widget that gave up waiting and tries again, while the first try is still under way."""
    body = {"client_id": "same", "text": "a person please"}
    together = threading.Barrier(8)

    def send(_: int) -> Any:
        together.wait()
        return post(customer, body)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.data for answer in answers}) == 1
    assert [m["author"] for m in customer.messages()] == ["desk", "customer", "desk"]


def test_client_ids_of_two_conversations_do_not_meet(customer: Customer) -> None:
    other = start(customer.caller)
    body = {"client_id": "same", "text": "hello"}
    assert [post(customer, body).status_code, post(other, body).status_code] == [201, 201]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "client_id"),
        ({"client_id": "a"}, "text"),
        ({"text": "a"}, "client_id"),
        ({"client_id": "", "text": "a"}, "client_id"),
        ({"client_id": "a b", "text": "a"}, "client_id"),
        ({"client_id": "é", "text": "a"}, "client_id"),
        ({"client_id": "a\n", "text": "a"}, "client_id"),
        ({"client_id": "a" * 101, "text": "a"}, "client_id"),
        ({"client_id": 1, "text": "a"}, "client_id"),
        ({"client_id": "a", "text": ""}, "text"),
        ({"client_id": "a", "text": " \n\t "}, "text"),
        ({"client_id": "a", "text": None}, "text"),
        ({"client_id": "a", "text": 7}, "text"),
        ({"client_id": "a", "text": ["a"]}, "text"),
        ({"client_id": "a", "text": True}, "text"),
        ({"client_id": "a", "text": "a" * 200_000}, "text"),
        ({"client_id": "a", "text": "a\0b"}, "text"),
        ({"client_id": "a\0", "text": "a"}, "client_id"),
        ({"client_id": "a", "text": "a", "choice": 1}, "choice"),
        ({"client_id": "a", "text": "a", "choice": "No Name"}, "choice"),
        ({"client_id": "a", "text": "a", "note": True}, "note"),
        ({"client_id": "a", "text": "a", "author": "operator"}, "author"),
    ],
)
def test_wrong_message_names_the_field(
    body: dict[str, Any], field: str, customer: Customer
) -> None:
    told = problem(post(customer, body), 422, "invalid_input", field)
    assert field in {error["field"] for error in told["errors"]}
    assert len(customer.messages()) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b'"text"',
        b"null",
        b"7",
        b"{",
        b'{"client_id": "a", "text": "a"} trailing',
        b'{"client_id": "a", "text": "\xff\xfe"}',
        b'{"client_id": "a", "text": "\\ud800"}',
        b'{"client_id": "a", "text": "\xed\xa0\x80"}',
        b'{"client_id": "a", "text": NaN}',
        b"\xff" * 10,
        b"[" * 10_000,
    ],
)
def test_broken_json_is_refused(raw: bytes, customer: Customer) -> None:
    response = post(customer, None, data=raw, content_type="application/json")
    problem(response, 422, "invalid_input")
    assert len(customer.messages()) == 1


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_only_json_is_read(kind: str | None, customer: Customer) -> None:
    raw = b'{"client_id": "a", "text": "hello"}'
    problem(post(customer, None, data=raw, content_type=kind), 415, "unsupported_media_type")
    assert len(customer.messages()) == 1


def test_huge_body_is_refused(customer: Customer) -> None:
    raw = b'{"client_id": "a", "text": "' + b"a" * 1_000_001 + b'"}'
    response = post(customer, None, data=raw, content_type="application/json")
    problem(response, 413, "too_large")
    assert len(customer.messages()) == 1


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=-1", "after=", "after=1.5", "after=9" + "9" * 30, "limit=0", "limit=501"],
)
def test_wrong_query_is_refused_or_passed_over(query: str, customer: Customer) -> None:
    response = customer.caller.get(f"{customer.path}/messages?{query}", token=customer.token)
    if query == "after=":
        assert response.status_code == 200
    else:
        problem(response, 422, "invalid_input", query.partition("=")[0])


ROUTES = (
    ("POST", "messages", {"client_id": "a", "text": "a"}),
    ("GET", "messages", None),
    ("GET", "events", None),
    ("POST", "handoff", {}),
    ("POST", "feedback", {"message_id": "msg_x", "helpful": True}),
)


@pytest.mark.parametrize(("method", "name", "body"), ROUTES)
def test_every_call_needs_the_conversations_own_token(
    method: str, name: str, body: Any, customer: Customer, operator: Caller
) -> None:
    other = start(customer.caller)
    path = f"{customer.path}/{name}"
    for token in (other.token, "x", "é", customer.token + "x", customer.conversation, "fdk_x"):
        headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        problem(customer.caller.call(method, path, body, headers=headers), 401, "unauthorized")
    for headers in ({}, {"Authorization": customer.token}, {"Authorization": "Bearer "}):
        response = customer.caller.call(method, path, body, headers=headers)
        problem(response, 401, "unauthorized")
        assert response.headers["WWW-Authenticate"] == "Bearer"
    problem(operator.call(method, path, body), 401, "unauthorized")  # an operator is no customer
    assert len(customer.messages()) == 1


@pytest.mark.parametrize(("method", "name", "body"), ROUTES)
def test_unknown_conversation_looks_like_a_foreign_one(
    method: str, name: str, body: Any, customer: Customer
) -> None:
    foreign = start(customer.caller)
    answers = [
        customer.caller.call(method, f"{CONVERSATIONS}/{id_}/{name}", body, token=customer.token)
        for id_ in ("cnv_unknown", foreign.conversation)
    ]
    told = [{k: v for k, v in (a.json or {}).items() if k != "request_id"} for a in answers]
    assert told[0] == told[1]
    assert answers[0].status_code == 401


def test_token_opens_nothing_of_the_operators(customer: Customer) -> None:
    for path in ("tickets", "events", "intents", "examples", "reports", "releases", "sessions"):
        problem(customer.caller.get(f"/api/v1/{path}", token=customer.token), 401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/no-such", 404),
        ("GET", "/api/v1/conversations/x", 404),
        ("PUT", "/api/v1/conversations", 405),
        ("DELETE", "/api/v1/conversations/x/messages", 405),
        ("GET", "/no-such", 404),
    ],
)
def test_unknown_address_is_a_problem(method: str, path: str, status: int, client: Caller) -> None:
    response = client.call(method, path)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    if status == 405:
        assert response.headers["Allow"]


def test_unknown_error_stays_opaque(
    customer: Customer, engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr("service.desk.decide", fail)
    body = problem(post(customer, {"client_id": "a", "text": "hello"}), 500, "internal_error")
    assert "secret" not in str(body)


# --- the model is away ---------------------------------------------------------------------------


def test_without_a_model_the_message_is_kept_and_handed_over(
    customer: Customer, engines: FakeEngines, store: Store
) -> None:
    engines.away = True
    turn = customer.say("where is LC-1234")
    assert turn["action"] == "handoff"
    assert turn["reply"]["text"] == "The assistant is away; your message is safe."
    ticket = store.ticket(turn["ticket"]["id"])
    assert (ticket.reason, ticket.priority, ticket.status) == ("engine_away", "normal", "open")
    trace = store.trace(turn["message"]["id"])
    assert trace["route"]["reason"] == "engine_away"
    assert (trace["reading"], trace["hits"], trace["thresholds"]) == (None, [], None)
    second = customer.say("are you there?")
    assert (second["reply"], second["ticket"]) == (None, turn["ticket"])


def test_conversation_can_start_without_a_model(client: Caller, engines: FakeEngines) -> None:
    engines.away = True
    assert start(client).messages()[0]["text"] == "Welcome to Lantern & Co!"


def test_the_desk_answers_again_when_the_model_is_back(
    customer: Customer, engines: FakeEngines
) -> None:
    engines.away = True
    customer.say("hello")
    engines.away = False
    assert start(customer.caller).say("hello")["action"] == "answer"


@pytest.mark.parametrize("stage", ["read", "search"])
def test_model_that_goes_away_while_reading_loses_nothing(
    stage: str, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise EngineAway("The model's process has ended.")

    monkeypatch.setattr(FakeEngine, stage, gone)
    turn = customer.say("where is LC-1234")
    assert turn["reply"]["text"] == "The assistant is away; your message is safe."
    assert turn["ticket"]


# --- a person, please ----------------------------------------------------------------------------


def ask_for_person(customer: Customer) -> Any:
    response = customer.caller.post(f"{customer.path}/handoff", token=customer.token)
    assert response.status_code == 201
    return response.json


def test_button_hands_over_with_the_last_words_as_subject(customer: Customer, store: Store) -> None:
    customer.say("hello")
    body = ask_for_person(customer)
    assert body["conversation"]["status"] == "waiting"
    ticket = store.ticket(body["ticket"]["id"])
    assert (ticket.priority, ticket.reason, ticket.subject) == ("high", "requested", "hello")
    assert customer.messages()[-1]["text"] == "A colleague will answer you here."


def test_button_pressed_twice_is_one_ticket(customer: Customer, store: Store) -> None:
    first = ask_for_person(customer)
    count = len(customer.messages())
    assert ask_for_person(customer) == first
    assert len(customer.messages()) == count
    assert len(store.tickets()) == 1
    assert store.ticket(first["ticket"]["id"]).subject == "Talk to a person"


def test_button_of_an_upset_customer_is_urgent(customer: Customer, store: Store) -> None:
    assert customer.say("a disgrace! how do I return it")["action"] == "answer"
    ticket = store.ticket(ask_for_person(customer)["ticket"]["id"])
    assert (ticket.priority, ticket.reason) == ("urgent", "requested")
    last = customer.messages()[-1]["text"]
    assert last == "We are sorry. A colleague will answer you here."


def test_button_works_without_a_model(customer: Customer, engines: FakeEngines) -> None:
    engines.away = True
    assert ask_for_person(customer)["conversation"]["status"] == "waiting"


def test_button_takes_no_fields(customer: Customer) -> None:
    for body in ({"reason": "x"}, [1], "x"):
        response = customer.caller.post(f"{customer.path}/handoff", body, token=customer.token)
        problem(response, 422, "invalid_input")
    assert customer.status() == "desk"


# --- feedback ------------------------------------------------------------------------------------


def give(customer: Customer, **body: Any) -> Any:
    return customer.caller.post(f"{customer.path}/feedback", body, token=customer.token)


def test_feedback_is_kept_and_can_change(customer: Customer, store: Store) -> None:
    reply = customer.say("hello")["reply"]["id"]
    assert give(customer, message_id=reply, helpful=False, comment="meh").status_code == 204
    assert give(customer, message_id=reply, helpful=True, rating=5).status_code == 204
    kept = store.feedback([reply])[reply]
    assert (kept["helpful"], kept["rating"], kept["comment"]) == (True, 5, "meh")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "helpful"),
        ({"helpful": 1}, "helpful"),
        ({"helpful": "yes"}, "helpful"),
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": True}, "rating"),
        ({"comment": "x" * 2001}, "comment"),
        ({"helpful": True, "stars": 3}, "stars"),
    ],
)
def test_wrong_feedback_names_the_field(
    body: dict[str, Any], field: str, customer: Customer, store: Store
) -> None:
    reply = customer.say("hello")["reply"]["id"]
    problem(give(customer, message_id=reply, **body), 422, "invalid_input", field)
    assert store.feedback([reply]) == {}


def test_feedback_on_a_foreign_message_is_refused(customer: Customer, store: Store) -> None:
    foreign = start(customer.caller).say("hello")["reply"]["id"]
    for message_id in (foreign, "msg_unknown"):
        problem(give(customer, message_id=message_id, helpful=True), 404, "not_found")
    assert store.feedback([foreign]) == {}


# --- other sites ---------------------------------------------------------------------------------


def cross(app: Flask, method: str, path: str, origin: str) -> Any:
    return app.test_client().open(path, method=method, headers={"Origin": origin})


def test_any_site_may_embed_the_widget_by_default(app: Flask) -> None:
    for method in ("OPTIONS", "POST"):
        response = cross(app, method, CONVERSATIONS, "https://shop.example")
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers
    assert cross(app, "OPTIONS", CONVERSATIONS, "https://shop.example").status_code == 204


def test_errors_can_be_read_by_other_sites_too(app: Flask) -> None:
    response = cross(app, "GET", f"{CONVERSATIONS}/x/messages", "https://shop.example")
    assert response.status_code == 401
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_only_the_sites_of_the_desk_when_it_names_them(
    config: Config, store: Store, engines: FakeEngines
) -> None:
    named = config.model_copy(update={"allowed_origins": "https://shop.example, https://b.example"})
    app = create_app(named, store=store, engines=engines)
    for origin, allowed in (
        ("https://shop.example", True),
        ("https://b.example", True),
        ("https://shop.example.evil", False),
        ("http://shop.example", False),
        ("null", False),
    ):
        response = cross(app, "OPTIONS", CONVERSATIONS, origin)
        assert ("Access-Control-Allow-Origin" in response.headers) is allowed, origin


@pytest.mark.parametrize(
    "path", ["/api/v1/tickets", "/api/v1/sessions", "/api/v1/events", "/metrics"]
)
def test_operators_calls_are_not_shared_with_other_sites(path: str, app: Flask) -> None:
    for method in ("OPTIONS", "GET"):
        response = cross(app, method, path, "https://shop.example")
        assert "Access-Control-Allow-Origin" not in response.headers


def test_every_answer_is_guarded(client: Caller) -> None:
    for path in ("/api/v1/site", "/healthz", "/no-such"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Request-Id"]
    assert client.get("/api/v1/site").headers["Cache-Control"] == "no-store"


# --- readiness -----------------------------------------------------------------------------------


def test_readiness_follows_the_model(client: Caller, engines: FakeEngines) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {"status": "ready", "release": "rel_fake"}
    engines.away = True
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json
    assert response.json["problem"] == "The model is away."
    assert client.get("/healthz").status_code == 200


def test_readiness_follows_the_store(config: Config, store: Store) -> None:
    closed = open_store(config)
    client = Caller(create_app(config, store=closed, engines=FakeEngines(store)))
    assert client.get("/readyz").status_code == 200
    closed.close()
    assert client.get("/readyz").status_code == 503
    response = client.post(CONVERSATIONS)
    problem(response, 503, "store_away")
    assert response.headers["Retry-After"]


def test_metrics_count_turns_and_requests(customer: Customer) -> None:
    customer.say("hello")
    customer.say("a person")
    text = customer.caller.get("/metrics").text
    assert 'frontdesk_turns_total{action="answer"} 1.0' in text
    assert 'frontdesk_turns_total{action="handoff"} 1.0' in text
    assert 'route="/api/v1/conversations/<conversation_id>/messages"' in text
    assert customer.conversation not in text


def test_metrics_do_not_grow_with_what_strangers_send(client: Caller) -> None:
    for number in range(5):
        client.call(f"METHOD{number}", f"/no-such-{number}")
        client.call(f"METHOD{number}", "/api/v1/site", headers={"Origin": f"https://{number}"})
    text = client.get("/metrics").text
    assert "METHOD" not in text
    assert "no-such" not in text


def test_exact_readings_can_be_scripted(customer: Customer, engines: FakeEngines) -> None:
    engines.script["???"] = reading_of("???", {"gift_card": 0.99})
    assert customer.say("???")["action"] == "handoff"
