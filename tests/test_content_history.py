"""The operators' API for the history of content, golden cases, facts and the test box."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlite_utils import Database

from calls import Caller, start
from fakes import FakeEngines
from index.trial import Trial
from service.engine import OnTrial
from service.errors import EngineAway
from service.records.people import Operator
from service.sqlite.migrations.order import MIGRATIONS
from service.store import Store
from test_content_api import API, ARTICLE, INTENT, TEMPLATE, ok

GREETING = f"{API}/templates/greeting"
ATTACK = '<img src=x onerror="alert(1)">{{7*7}}'


def history(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    return list(ok(caller.get(f"{API}/content/history?{query}"))["changes"])


def version_of(caller: Caller, kind: str, key: str, name: str) -> str:
    entries = ok(caller.get(f"{API}/{kind}"))[kind]
    return str(next(entry["version"] for entry in entries if entry[key] == name))


# --- history -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "key", "value", "kind", "change"),
    [
        ("intents", "name", INTENT, "intent", {"title": "Wave at me"}),
        ("templates", "name", TEMPLATE, "template", {"text": ATTACK.replace("{{7*7}}", "")}),
        ("articles", "id", ARTICLE, "article", {"text": ATTACK}),
    ],
)
def test_what_is_deleted_comes_back_and_any_version_with_it(
    path: str,
    key: str,
    value: dict[str, Any],
    kind: str,
    change: dict[str, Any],
    operator: Caller,
    olga: Operator,
) -> None:
    ok(operator.post(f"{API}/{path}", {key: "waving", **value}), 201)
    ok(operator.put(f"{API}/{path}/waving", {**value, **change}))
    operator.delete(f"{API}/{path}/waving")
    deleted, edited, added = history(operator, f"kind={kind}&name=waving")
    assert (added["before"], deleted["after"]) == (None, None)
    assert edited["operator"] == {"id": olga.id, "name": olga.name}
    (field,) = change
    assert (edited["before"][field], edited["after"][field]) == (value[field], change[field])
    undo = f"{API}/content/history/{deleted['id']}/restore"
    restored = ok(operator.post(undo, {}))
    assert version_of(operator, path, key, "waving") == restored["version"]
    older = f"{API}/content/history/{edited['id']}/restore"
    ok(operator.post(older, {"side": "before", "version": restored["version"]}))
    (found,) = [e for e in ok(operator.get(f"{API}/{path}"))[path] if e[key] == "waving"]
    assert found[field] == value[field]
    assert len(history(operator, f"kind={kind}&name=waving")) == 5
    assert operator.post(older, {"version": "0" * 12}).status_code == 409
    nothing = operator.post(f"{API}/content/history/{added['id']}/restore", {})
    assert nothing.status_code == 422


def test_an_example_comes_back_with_its_spans_and_its_id(operator: Caller, store: Store) -> None:
    spans = [{"start": 4, "end": 8, "label": "product"}]
    body = {"text": "the lamp", "intent": "greeting", "entities": spans}
    made = ok(operator.post(f"{API}/examples", body), 201)["example"]
    operator.delete(f"{API}/examples/{made['id']}")
    (deleted, _) = history(operator, f"kind=example&name={made['id']}")
    ok(operator.post(f"{API}/content/history/{deleted['id']}/restore", {}))
    found = next(e for e in store.content().examples if e.id == made["id"])
    assert (found.text, found.entities) == ("the lamp", tuple(spans))


def test_a_version_that_no_longer_fits_is_not_brought_back(operator: Caller) -> None:
    ok(operator.post(f"{API}/intents", {"name": "waving", **INTENT}), 201)
    ok(operator.post(f"{API}/templates", {**TEMPLATE, "name": "wave", "intent": "waving"}), 201)
    operator.delete(f"{API}/templates/wave")
    operator.delete(f"{API}/intents/waving")
    (change, _) = history(operator, "kind=template&name=wave")
    response = operator.post(f"{API}/content/history/{change['id']}/restore", {})
    assert response.status_code == 422
    assert "waving" in response.text


def test_history_is_for_operators_only(client: Caller, operator: Caller) -> None:
    ok(operator.put(GREETING, {**TEMPLATE, "text": "Hi!"}))
    (change,) = history(operator)
    for path in ("content/history", "golden", "facts"):
        assert client.get(f"{API}/{path}").status_code == 401
    restore = f"{API}/content/history/{change['id']}/restore"
    assert client.post(restore, {}).status_code == 401
    assert client.post(f"{API}/try", {"text": "hello"}).status_code == 401
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for method, path in (("POST", restore), ("PUT", f"{API}/facts"), ("POST", f"{API}/golden")):
        assert operator.call(method, path, {}, headers=foreign).status_code == 403
    assert len(history(operator)) == 1


# --- two people ----------------------------------------------------------------------------------


def test_the_second_of_two_edits_sees_the_first(operator: Caller, colleague: Caller) -> None:
    seen = version_of(operator, "templates", "name", "greeting")
    ok(operator.put(GREETING, {**TEMPLATE, "text": "Olga's.", "version": seen}))
    response = colleague.put(GREETING, {**TEMPLATE, "text": "Karl's.", "version": seen})
    assert response.status_code == 409
    problem = response.json or {}
    assert (problem["code"], problem["current"]["text"]) == ("edited", "Olga's.")
    assert problem["edited_by"] == "Olga"
    late = colleague.delete(f"{GREETING}?version={seen}")
    assert late.status_code == 409
    again = {**TEMPLATE, "text": "Karl's.", "version": problem["version"]}
    assert ok(colleague.put(GREETING, again))["template"]["text"] == "Karl's."


# --- golden cases and facts ----------------------------------------------------------------------


def test_golden_cases_are_added_changed_removed(operator: Caller, store: Store) -> None:
    body = {"text": "hello there", "intent": "greeting", "action": "answer"}
    made = ok(operator.post(f"{API}/golden", body), 201)["golden_case"]
    path = f"{API}/golden/{made['id']}"
    changed = ok(operator.put(path, {**body, "action": "clarify", "version": made["version"]}))
    assert changed["golden_case"]["action"] == "clarify"
    assert operator.put(path, {**body, "version": made["version"]}).status_code == 409
    assert operator.put(path, {**body, "intent": "no_such"}).status_code == 422
    assert operator.post(f"{API}/golden", {**body, "action": "none"}).status_code == 422
    assert len(ok(operator.get(f"{API}/golden"))["golden"]) == 3
    assert operator.delete(path).status_code == 204
    assert operator.put(path, body).status_code == 404
    assert len(store.content().golden) == 2


def test_a_fact_is_what_the_desk_says_next(client: Caller, operator: Caller) -> None:
    facts = ok(operator.get(f"{API}/facts"))
    assert facts["used"]["return_days"] == ["return_policy", "return_policy_upset"]
    changed = {**facts["facts"], "return_days": "45", "phone": "<b>1</b>"}
    ok(operator.put(f"{API}/facts", {"facts": changed, "version": facts["version"]}))
    assert start(client).say("return it")["reply"]["text"] == "You have 45 days."
    assert start(client).say("phone")["reply"]["text"] == "Call <b>1</b>."
    late = operator.put(f"{API}/facts", {"facts": changed, "version": facts["version"]})
    assert late.status_code == 409


@pytest.mark.parametrize(
    "facts", [{}, {"Two Words": "x"}, {"shop_name": 3}, {"shop_name": "x\0"}, ["shop_name"]]
)
def test_facts_that_do_not_fit_are_refused(facts: Any, operator: Caller, store: Store) -> None:
    before = store.content()
    assert operator.put(f"{API}/facts", {"facts": facts}).status_code == 422
    assert store.content() == before


# --- what the lint would say ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "intent", "kinds"),
    [
        ("so hello please", "gift_card", ["conflict"]),
        ("So, HELLO please!", "gift_card", ["near_conflict"]),
        ("so hello please", "greeting", ["duplicate"]),
        ("x" * 2001, "greeting", ["too_long"]),
        ("something of its own", "greeting", []),
    ],
)
def test_a_doubtful_example_is_saved_and_told(
    text: str, intent: str, kinds: list[str], operator: Caller
) -> None:
    made = ok(operator.post(f"{API}/examples", {"text": text, "intent": intent}), 201)
    assert [doubt["kind"] for doubt in made["doubts"]] == kinds


def test_examples_are_found_by_words(operator: Caller) -> None:
    found = ok(operator.get(f"{API}/examples?q=MOTH"))
    assert [entry["text"] for entry in found["examples"]] == ["does the Moth lamp run hot"]
    assert ok(operator.get(f"{API}/examples?q=%25"))["total"] == 0


def test_templates_tell_how_often_they_were_sent(client: Caller, operator: Caller) -> None:
    customer = start(client)
    reply = customer.say("hello")["reply"]["id"]
    body = {"message_id": reply, "helpful": False}
    client.post(f"{customer.path}/feedback", body, token=customer.token)
    customer.say("hello")
    listed = ok(operator.get(f"{API}/templates"))["templates"]
    (greeting,) = [entry for entry in listed if entry["name"] == "greeting"]
    assert (greeting["used"], greeting["helpful"], greeting["unhelpful"]) == (2, 0, 1)


# --- the test box --------------------------------------------------------------------------------


def test_trying_says_what_the_desk_would_and_writes_nothing(
    client: Caller, operator: Caller, store: Store
) -> None:
    before = store.last_event(), ok(operator.get(f"{API}/reports?to=2100-01-01"))["turns"]
    tried = ok(operator.post(f"{API}/try", {"text": "hello"}))
    trace = tried["trace"]
    assert (trace["route"]["action"], trace["route"]["reason"]) == ("answer", "certain")
    assert tried["reply"]["text"] == "Hello!"
    assert (tried["behind"], tried["challenger"]) == (False, None)
    assert trace["hits"][0]["score"] > 0
    ok(operator.put(GREETING, {**TEMPLATE, "text": "Hi!"}))
    assert ok(operator.post(f"{API}/try", {"text": "hello"}))["reply"]["text"] == "Hi!"
    for text in ("a person please, this is terrible", "where is it", "will it rain"):
        ok(operator.post(f"{API}/try", {"text": text}))
    assert ok(operator.get(f"{API}/reports?to=2100-01-01"))["turns"] == before[1]
    assert ok(operator.get(f"{API}/tickets"))["tickets"] == []
    kinds = {event.kind for event in store.events(after=before[0])}
    assert kinds == {"content"}


def test_trying_also_asks_the_release_on_trial(operator: Caller, engines: FakeEngines) -> None:
    trial = Trial("trl_1", "rel_new", "rel_fake", "shadow", 0.2, "2026-03-01T00:00:00Z")
    engines.tried = OnTrial(trial, engines.current(), "")
    tried = ok(operator.post(f"{API}/try", {"text": "hello", "challenger": True}))
    assert tried["challenger"]["said"]["reply"]["text"] == "Hello!"
    engines.tried = OnTrial(trial, None, "It is being loaded.")
    tried = ok(operator.post(f"{API}/try", {"text": "hello", "challenger": True}))
    assert tried["challenger"]["problem"] == "It is being loaded."


def test_without_a_model_trying_says_so(operator: Caller, engines: FakeEngines) -> None:
    engines.away = True
    response = operator.post(f"{API}/try", {"text": "hello"})
    assert response.status_code == EngineAway.status
    engines.away = False
    assert operator.post(f"{API}/try", {"text": "x" * 501}).status_code == 422
    assert operator.post(f"{API}/try", {"text": " "}).status_code == 422


# --- an old desk ---------------------------------------------------------------------------------


def test_an_old_desk_gets_ids_for_its_golden_cases() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        db = Database(connection)
        MIGRATIONS.apply(db, stop_before="m010_content_history")
        old = [{"text": f"case {n % 2}", "intent": "x", "action": "answer"} for n in range(40)]
        db.table("golden_case").insert_all(old)
        MIGRATIONS.apply(db)
        ids = [row["id"] for row in db.table("golden_case").rows]
        assert len(set(ids)) == 40
        assert all(id_.startswith("gld_") for id_ in ids)
