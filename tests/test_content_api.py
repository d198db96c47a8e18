"""The operators' API for content: what is saved fits together, and is what the desk then says."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from calls import Caller, start
from service.content import check
from service.records.people import Operator
from service.store import Store

API = "/api/v1"

INTENT = {
    "group": "small_talk",
    "title": "Wave",
    "description": "",
    "slots": ["order_number"],
    "action": "answer",
    "priority": "low",
}
TEMPLATE = {"intent": "greeting", "text": "Hi from {shop_name}!", "sentiment": None}
ARTICLE = {"title": "Lamps", "text": "# Lamps\n\nThey glow.", "intents": ["greeting"]}


def ok(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json
    return body


# --- one round through each kind -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "one", "key", "value", "change"),
    [
        ("intents", "intent", "name", INTENT, {"title": "Wave at somebody"}),
        ("templates", "template", "name", TEMPLATE, {"text": "Hello again!"}),
        ("articles", "article", "id", ARTICLE, {"title": "More lamps"}),
    ],
)
def test_added_changed_removed(
    kind: str,
    one: str,
    key: str,
    value: dict[str, Any],
    change: dict[str, Any],
    operator: Caller,
    store: Store,
) -> None:
    def listed() -> dict[str, Any] | None:
        entries = ok(operator.get(f"{API}/{kind}"))[kind]
        return next((entry for entry in entries if entry[key] == "waving"), None)

    revision = store.content_revision()
    added = ok(operator.post(f"{API}/{kind}", {key: "waving", **value}), 201)[one]
    assert {name: added[name] for name in value} == value
    found = listed()
    assert found
    assert {name: found[name] for name in value} == value
    assert operator.post(f"{API}/{kind}", {key: "waving", **value}).status_code == 409
    changed = ok(operator.put(f"{API}/{kind}/waving", value | change))[one]
    assert {name: changed[name] for name in value} == value | change
    found = listed()
    assert found
    assert {name: found[name] for name in value} == value | change
    assert operator.delete(f"{API}/{kind}/waving").status_code == 204
    assert listed() is None
    assert operator.delete(f"{API}/{kind}/waving").status_code == 404
    assert operator.put(f"{API}/{kind}/waving", value).status_code == 404
    assert listed() is None
    assert store.content_revision() == revision + 3
    check(store.content(), "content")


def test_example_added_changed_removed(operator: Caller, store: Store) -> None:
    value = {
        "text": "the Moth lamp glows",
        "intent": "greeting",
        "sentiment": "positive",
        "entities": [{"start": 4, "end": 13, "label": "product"}],
        "split": "test",
    }
    added = ok(operator.post(f"{API}/examples", value), 201)["example"]
    assert added["id"].startswith("exa_")
    assert {name: added[name] for name in value} == value
    page = ok(operator.get(f"{API}/examples?intent=greeting&limit=1"))
    assert page["examples"][0]["id"] == added["id"]  # the newest first
    assert page["total"] == 4
    path = f"{API}/examples/{added['id']}"
    changed = ok(operator.put(path, {"text": "it glows", "intent": "out_of_scope"}))["example"]
    assert (changed["id"], changed["text"], changed["intent"]) == (
        added["id"],
        "it glows",
        "out_of_scope",
    )
    kept = next(e for e in store.content().examples if e.id == added["id"])
    assert (kept.text, kept.intent, kept.sentiment, kept.entities) == (
        "it glows",
        "out_of_scope",
        None,
        None,
    )
    assert operator.delete(path).status_code == 204
    assert operator.delete(path).status_code == 404
    assert operator.put(path, value).status_code == 404


def test_examples_come_in_pages(operator: Caller, store: Store) -> None:
    count = len(store.content().examples)
    pages = [
        ok(operator.get(f"{API}/examples?limit=10&offset={offset}"))
        for offset in range(0, count + 10, 10)
    ]
    ids = [example["id"] for page in pages for example in page["examples"]]
    assert len(ids) == len(set(ids)) == count == pages[0]["total"]


def test_an_example_of_a_correction_keeps_its_message(
    client: Caller, operator: Caller, store: Store, olga: Operator
) -> None:
    """Editing what a correction taught must not cut it from its message."""
    message = start(client).say("will it rain")["message"]["id"]
    ok(operator.post(f"{API}/messages/{message}/correction", {"intent": "greeting"}), 201)
    (example,) = [e for e in store.content().examples if e.message_id == message]
    ok(operator.put(f"{API}/examples/{example.id}", {"text": "rain?", "intent": "return_policy"}))
    (edited,) = [e for e in store.content().examples if e.message_id == message]
    assert (edited.source, edited.text, edited.intent) == ("correction", "rain?", "return_policy")


def test_intents_tell_how_many_examples_they_have(operator: Caller) -> None:
    counts = {i["name"]: i["examples"] for i in ok(operator.get(f"{API}/intents"))["intents"]}
    assert (counts["greeting"], counts["gift_card"]) == (3, 3)


def test_intent_in_use_is_not_removed(operator: Caller, store: Store) -> None:
    response = operator.delete(f"{API}/intents/greeting")
    assert response.status_code == 409
    assert any(intent.name == "greeting" for intent in store.content().intents)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "intents", INTENT, "name"),
        ("POST", "intents", {**INTENT, "name": "Two Words"}, "name"),
        ("POST", "intents", {**INTENT, "name": "out_of_scope"}, "out_of_scope"),
        ("POST", "intents", {**INTENT, "name": "waving", "slots": ["no_such"]}, "no_such"),
        ("POST", "intents", {**INTENT, "name": "waving", "action": "dance"}, "action"),
        ("POST", "intents", {**INTENT, "name": "waving", "examples": 3}, "examples"),
        ("PUT", "intents/greeting", {**INTENT, "title": " "}, "title"),
        ("PUT", "intents/greeting", {**INTENT, "name": "other"}, "name"),
        ("PUT", "intents/greeting", {"title": "x"}, "group"),
        ("POST", "templates", {**TEMPLATE, "name": "w", "intent": "no_such"}, "no_such"),
        ("POST", "templates", {**TEMPLATE, "name": "w", "intent": "out_of_scope"}, "out_of_scope"),
        ("POST", "templates", {**TEMPLATE, "name": "w", "text": "hi {nobody}"}, "{nobody}"),
        ("POST", "templates", {**TEMPLATE, "name": "w", "text": ""}, "text"),
        ("PUT", "templates/greeting", {**TEMPLATE, "sentiment": "sad"}, "sentiment"),
        ("PUT", "templates/greeting", {**TEMPLATE, "text": "x" * 100_001}, "text"),
        ("POST", "examples", {"text": "x"}, "intent or a sentiment"),
        ("POST", "examples", {"text": "x", "intent": "no_such"}, "no_such"),
        ("POST", "examples", {"text": "  ", "intent": "greeting"}, "text"),
        ("POST", "examples", {"text": "x", "intent": "greeting", "split": "dev"}, "split"),
        (
            "POST",
            "examples",
            {"text": "x", "intent": "greeting", "entities": [{"start": 0, "end": 2, "label": "a"}]},
            "entities",
        ),
        (
            "POST",
            "examples",
            {
                "text": "xy",
                "intent": "greeting",
                "entities": [{"start": 1, "end": 1, "label": "a"}],
            },
            "entities",
        ),
        ("POST", "articles", {**ARTICLE, "id": "../etc"}, "id"),
        ("POST", "articles", {**ARTICLE, "id": "lamps", "intents": ["no_such"]}, "no_such"),
        ("PUT", "articles/returns", {**ARTICLE, "text": 3}, "text"),
    ],
)
def test_what_does_not_fit_is_refused(
    method: str, path: str, body: Any, told: str, operator: Caller, store: Store
) -> None:
    before = store.content()
    response = operator.call(method, f"{API}/{path}", body)
    assert response.status_code == 422, response.text
    assert told in response.json["detail"]  # type: ignore[index]
    assert store.content() == before


def test_spans_of_an_example_mean_the_text_as_sent(operator: Caller) -> None:
    """Spaces around a text are cut; spans that counted them must not slip."""
    spans = [{"start": 7, "end": 11, "label": "mood"}, {"start": 2, "end": 6, "label": "product"}]
    body = {"text": "  lamp glow  ", "intent": "greeting", "entities": spans}
    made = ok(operator.post(f"{API}/examples", body), 201)["example"]
    assert made["text"] == "lamp glow"
    assert [(made["text"][s["start"] : s["end"]], s["label"]) for s in made["entities"]] == [
        ("lamp", "product"),
        ("glow", "mood"),
    ]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "limit=x"])
def test_wrong_page_is_named(query: str, operator: Caller) -> None:
    response = operator.get(f"{API}/examples?{query}")
    assert response.status_code == 422
    assert query.partition("=")[0] in response.json["detail"]  # type: ignore[index]


# --- what it changes -----------------------------------------------------------------------------


def test_changed_template_is_what_the_desk_says_next(client: Caller, operator: Caller) -> None:
    customer = start(client)
    assert customer.say("hello")["reply"]["text"] == "Hello!"
    ok(operator.put(f"{API}/templates/greeting", {**TEMPLATE, "text": "Hi!"}))
    assert customer.say("hello")["reply"]["text"] == "Hi!"


def test_intent_without_its_last_template_goes_to_a_person(
    client: Caller, operator: Caller
) -> None:
    for name in ("greeting", "greeting_glad"):
        assert operator.delete(f"{API}/templates/{name}").status_code == 204
    turn = start(client).say("hello")
    assert turn["action"] == "handoff"
    assert turn["ticket"]


# --- reports -------------------------------------------------------------------------------------


def test_report_counts_what_happened(client: Caller, operator: Caller) -> None:
    customer = start(client)
    reply = customer.say("hello")["reply"]["id"]
    body = {"message_id": reply, "helpful": True, "rating": 4}
    customer.caller.post(f"{customer.path}/feedback", body, token=customer.token)
    customer.say("furious, a person")
    customer.say("are you there?")
    report = ok(operator.get(f"{API}/reports?from=2020-01-01&to=2100-01-01"))
    assert report["conversations"] == 1
    assert report["messages"] == {"customer": 3, "desk": 3, "operator": 0}
    assert report["turns"]["total"] == 3
    assert (report["turns"]["answer"], report["turns"]["handoff"]) == (1, 1)
    assert report["answered_share"] == 0.5
    assert report["sentiments"]["negative"] == 1
    assert report["handoff_reasons"] == {"asked_for_person": 1}
    assert report["tickets"]["active"] == 1
    assert report["ratings"]["average"] == 4
    assert {entry["intent"] for entry in report["intents"]} >= {"greeting", "talk_to_person"}
    empty = ok(operator.get(f"{API}/reports?from=2001-01-01&to=2001-02-01"))
    assert (empty["conversations"], empty["answered_share"]) == (0, None)


def test_report_is_of_the_last_thirty_days_by_default(operator: Caller) -> None:
    report = ok(operator.get(f"{API}/reports"))
    since, until = (datetime.fromisoformat(report[name]) for name in ("from", "to"))
    assert until - since == timedelta(days=30)


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-13-01",
        "from=2026-02-01&to=2026-01-01",
        "from=0002-01-01&to=0001-01-01",
        "to=9999-12-31T23:59:59-05:00",
        "from=0001-01-01T00:00:00%2B05:00",
    ],
)
def test_wrong_times_are_refused(query: str, operator: Caller) -> None:
    assert operator.get(f"{API}/reports?{query}").status_code == 422


@pytest.mark.parametrize(
    "query", ["from=2026-01-01", "from=2026-01-01T08:00Z&to=2026-01-02", "from="]
)
def test_times_may_be_dates_or_moments(query: str, operator: Caller) -> None:
    assert ok(operator.get(f"{API}/reports?{query}"))["to"]
