"""The trace: everything that the decision saw, as JSON."""

import orjson
import pytest

from fakes import THRESHOLDS, reading_of
from index.records import Entity, Hit
from service.catalogue import Catalogue
from service.records.content import Content
from service.records.conversations import Dialogue
from service.router import Route, decide
from service.trace import line_json, reading_json, route_json, trace_json

NUMBER = Entity(6, 10, "order_number", "1234", "LC-1234", exact=True)
MANY = {f"intent_{n}": 0.5 / 2**n for n in range(7)}


def test_trace_tells_what_was_seen_and_why(content: Content) -> None:
    reading = reading_of("order 1234", {"track_order": 0.912345, **MANY}, entities=(NUMBER,))
    hits = [Hit("template", "track_order", 0.87654321, "track_order", "text", 0.123456)]
    route = decide(reading, hits, Dialogue(), Catalogue.of(content), THRESHOLDS)
    trace = orjson.loads(
        orjson.dumps(trace_json(reading, hits, route, THRESHOLDS, {"read": 12.3456, "search": 1}))
    )
    assert trace["release"] == "rel_fake"
    assert trace["reading"]["text"] == "order 1234"
    assert trace["reading"]["intents"][0] == {"label": "track_order", "confidence": 0.9123}
    assert len(trace["reading"]["intents"]) == 5
    assert trace["reading"]["certainty"] == round(0.912345 * 0.99, 4)
    assert trace["reading"]["entities"] == [
        {"start": 6, "end": 10, "label": "order_number", "text": "1234", "value": "LC-1234"}
    ]
    assert trace["hits"] == [
        {
            "kind": "template",
            "id": "track_order",
            "score": 0.8765,
            "intent": "track_order",
            "text": "text",
            "lexical": 0.1235,
        }
    ]
    assert trace["route"]["action"] == "answer"
    assert trace["route"]["reason_text"] == "the desk is sure enough of the intent"
    assert trace["route"]["slots"] == {"order_number": "LC-1234"}
    assert trace["thresholds"]["answer"] == THRESHOLDS.answer
    assert trace["took_ms"] == {"read": 12.35, "search": 1}


def test_trace_holds_the_beginning_of_a_long_hit(content: Content) -> None:
    reading, long = reading_of("x", {"greeting": 0.9}), "A long passage. " * 100
    route = decide(reading, [], Dialogue(), Catalogue.of(content), THRESHOLDS)
    hits = [Hit("passage", "a#0", 0.5, None, long, 0.0)]
    [hit] = trace_json(reading, hits, route, THRESHOLDS, {})["hits"]
    assert hit["text"] == long[:160]


def test_trace_holds_no_vector(content: Content) -> None:
    assert "vector" not in reading_json(reading_of("x", {"greeting": 0.9}))


def test_route_with_an_untold_reason_is_a_defect() -> None:
    with pytest.raises(KeyError):
        route_json(Route("answer", "because"))


def test_line_has_the_shape_of_the_contract(content: Content) -> None:
    reading = reading_of("order 1234", {"track_order": 0.9, **MANY}, entities=(NUMBER,))
    route = decide(reading, [], Dialogue(), Catalogue.of(content), THRESHOLDS)
    line = line_json(reading, route)
    assert set(line) == {
        "text", "intent", "intents", "sentiment", "in_scope", "entities", "route", "release",
    }  # fmt: skip
    assert line["intent"] == {"label": "track_order", "confidence": 0.9}
    assert len(line["intents"]) == 5
    assert set(line["sentiment"]) == {"label", "confidence", "scores"}
    assert set(line["sentiment"]["scores"]) == {"negative", "neutral", "positive"}
    assert line["entities"] == [{"start": 6, "end": 10, "label": "order_number", "text": "1234"}]
    assert {"action", "reason", "template"} <= set(line["route"])


def test_line_of_a_release_that_learned_nothing(content: Content) -> None:
    reading = reading_of("x", {}, "")
    route = decide(reading, [], Dialogue(), Catalogue.of(content), THRESHOLDS)
    line = line_json(reading, route)
    assert (line["intent"], line["intents"], line["sentiment"]) == (None, [], None)
