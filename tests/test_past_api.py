"""A customer's past and what an operator's reply is made from, over HTTP."""

import hashlib
import hmac
from typing import Any

from calls import Caller, Customer, start
from conftest import SECRET
from service.catalogue import Catalogue
from service.desk import ranked_templates
from service.records.content import Content, Template
from service.store import Store


def signed(identifier: str) -> dict[str, str]:
    key = hmac.new(SECRET.encode(), identifier.encode(), hashlib.sha256).hexdigest()
    return {"identifier": identifier, "identifier_hash": key, "name": "Uma"}


def hand_over(customer: Customer) -> str:
    return f"/api/v1/tickets/{customer.say('a person please')['ticket']['id']}"


def body_of(caller: Caller, path: str) -> dict[str, Any]:
    response = caller.get(path)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def test_a_verified_customers_past_is_told_and_opened(client: Caller, operator: Caller) -> None:
    first = start(client, customer=signed("u1"))
    earlier = hand_over(first)
    operator.post(f"{earlier}/messages", {"client_id": "n", "text": "a note", "note": True})
    operator.post(f"{earlier}/resolve")
    second = start(client, customer=signed("u1"))
    past = body_of(operator, f"{hand_over(second)}/past")
    assert past["customer"]["verified"] is True
    now, before = past["conversations"]
    assert (now["conversation_id"], before["conversation_id"]) == (
        second.conversation,
        first.conversation,
    )
    assert before["tickets"][0]["status"] == "resolved"
    assert before["tickets"][0]["reason_text"] == "the customer asked for a person"
    opened = body_of(operator, f"{hand_over(second)}/past/{first.conversation}")
    assert [m["text"] for m in opened["messages"] if m["note"]] == ["a note"]


def test_an_old_conversation_is_part_of_a_long_past(
    client: Caller, operator: Caller, store: Store
) -> None:
    first = start(client, customer=signed("u1"))
    ticket = hand_over(first)
    for _ in range(50):
        store.create_conversation(identifier="u1", verified=True)
    told = [c["conversation_id"] for c in body_of(operator, f"{ticket}/past")["conversations"]]
    assert (len(told), told[-1]) == (50, first.conversation)
    assert body_of(operator, f"{ticket}/past/{first.conversation}")["messages"]


def test_nobody_elses_past_is_told(client: Caller, operator: Caller) -> None:
    theirs = start(client, customer=signed("u1"))
    theirs.say("hello")
    claims = start(client, customer={"identifier": "u1", "email": "uma@mail.example"})
    ticket = hand_over(claims)
    past = body_of(operator, f"{ticket}/past")
    assert past["customer"]["verified"] is False
    assert [c["conversation_id"] for c in past["conversations"]] == [claims.conversation]
    assert operator.get(f"{ticket}/past/{theirs.conversation}").status_code == 404
    for path in (f"{ticket}/past", f"{ticket}/past/{claims.conversation}"):
        assert client.get(path).status_code == 401
        assert client.get(path, token=claims.token).status_code == 401
    assert body_of(operator, f"{hand_over(start(client))}/past")["customer"] is None


def test_a_ticket_tells_what_a_reply_may_name(client: Caller, operator: Caller) -> None:
    customer = start(client, customer={"name": "Uma"})
    customer.say("where is LC-1234")
    assert body_of(operator, hand_over(customer))["facts"] == {
        "shop_name": "Lantern & Co",
        "return_days": "30",
        "order_number": "LC-1234",
        "operator_name": "Olga",
        "customer_name": "Uma",
    }
    assert "customer_name" not in body_of(operator, hand_over(start(client)))["facts"]


def hit(name: str, intent: str, score: float, lexical: float = 0.0) -> dict[str, Any]:
    return {"kind": "template", "id": name, "intent": intent, "score": score, "lexical": lexical}


def test_suggested_replies_are_ranked_by_retrieval(content: Content) -> None:
    trace = {
        "reading": {
            "intents": [
                {"label": "return_policy", "confidence": 0.6},
                {"label": "greeting", "confidence": 0.2},
            ]
        },
        "hits": [
            hit("greeting", "greeting", 0.5),
            hit("return_policy", "return_policy", 0.45, lexical=0.9),
            hit("broken_item", "broken_item", 0.2),
            {"kind": "example", "id": "exa", "intent": "gift_card", "score": 0.99},
        ],
    }
    found = ranked_templates(Catalogue.of(content), trace)
    told = [(template.name, score, near) for template, score, near, _ in found]
    assert told == [
        ("return_policy", 0.45, 0.45),  # its wording makes up for the vector
        ("greeting", 0.5, 0.5),
        ("broken_item", 0.2, 0.2),
        ("return_policy_upset", 0.6, None),  # not found: by what the message is about
        ("greeting_glad", 0.2, None),
    ]
    assert isinstance(found[0][0], Template)
    assert ranked_templates(Catalogue.of(content), {"reading": None, "hits": []}) == []
