"""Replays: the same dialogue as the desk's, in batches, as of the message's own day."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from fakes import FakeEngine, FakeEngines
from service.desk import Desk
from service.errors import ContentError, EngineAway
from service.metrics import Metrics
from service.records.content import Content
from service.records.past import PastConversation, PastMessage
from service.records.people import Operator
from service.records.settings import Slot
from service.replay import BATCH, Replayed, conversations_of, replay, replayed_json
from service.sqlite import past as past_reads
from service.sqlite.store import SqliteStore
from service.store import Store
from service.times import since

LONG_AGO = "2000-01-01T00:00:00.000Z"

# What happens in a conversation: a text is written; "[intent]text" is a click; the rest are acts.
Act = str
CONVERSATIONS: dict[str, tuple[Act, ...]] = {
    "answered": ("hello", "how do I return it"),
    "asked for a fact, given": ("where is it", "1234", "and where is it now"),
    "asked for a fact twice, not given": ("where is it", "dunno", "no idea"),
    "another wish instead": ("where is it", "how do I return it please", "1234"),
    "asked back, clicked": ("maybe return it or delivery", "[return_policy]How do returns work?"),
    "asked back, typed its number": ("maybe return it or delivery", "2", "AB12"),
    "clicked the welcome's suggestion": ("[track_order]Where is my order?", "LC-1234"),
    "clicked a person": ("hello", "[talk_to_person]Talk to a person"),
    "clicked what is gone": ("[since_removed]Where is it?", "hello"),
    "unclear again": ("blah", "blah"),
    "upset twice": ("terrible! how do I return it", "a disgrace, how do I return it"),
    "upset with nothing to say": ("furious", "<return", "hello"),
    "handed over and given back": (
        "where is it",
        "a person",
        "hello?",
        "<claim",
        "<return",
        "1234",
    ),
    "resolved, then woken": ("where is it", "a person", "<claim", "<resolve", "1234", "1234"),
    "woken in a question": ("a person", "<resolve", "where is it", "1234", "hello"),
    "returned and reopened": (
        "a person",
        "<return",
        "where is it",
        "<reopen",
        "<return",
        "1234",
    ),
    "asked with the button": ("maybe return it or delivery", "<person", "2", "<return", "2"),
    "the model was away": ("where is it", "<away", "1234", "<back", "<return", "where is it"),
}


class Played:
    """Conversations held with the real desk, on the fake engine."""

    def __init__(self, store: Store, engines: FakeEngines, operator: Operator) -> None:
        self.store = store
        self.engines = engines
        self.operator = operator
        self.desk = Desk(store, engines, Metrics())
        self.said: dict[str, list[tuple[str, str | None, tuple[str, ...]]]] = {}

    def hold(self, acts: Sequence[Act]) -> str:
        conversation, _ = self.store.create_conversation(welcome=self.desk.welcome())
        said = self.said.setdefault(conversation.id, [])
        for number, act in enumerate(acts):
            if act.startswith("<"):
                self._do(act[1:], conversation.id)
                continue
            choice, _, text = act.removeprefix("[").rpartition("]")
            current = self.store.conversation(conversation.id)
            key = f"{conversation.id}-{number}"
            turn = self.desk.receive(current, key, text, choice or None)
            reply = turn.reply
            offered = tuple(s.text for s in reply.suggestions) if reply else ()
            said.append((turn.action, reply.text if reply else None, offered))
        return conversation.id

    def _do(self, act: str, conversation_id: str) -> None:
        if act in ("away", "back"):
            self.engines.away = act == "away"
            return
        if act == "person":
            self.desk.request_person(self.store.conversation(conversation_id))
            return
        ticket = next(t for t in self.store.tickets() if t.conversation_id == conversation_id)
        changes: dict[str, Callable[[], object]] = {
            "claim": lambda: self.store.claim_ticket(ticket.id, self.operator.id),
            "return": lambda: self.store.return_ticket(ticket.id, self.operator.id, None),
            "resolve": lambda: self.store.resolve_ticket(ticket.id, self.operator.id, None),
            "reopen": lambda: self.store.reopen_ticket(ticket.id, self.operator.id),
        }
        changes[act]()


@pytest.fixture
def played(store: Store, engines: FakeEngines, olga: Operator) -> Played:
    content = store.content()
    words = {"clarify": ("Which?", "What?", "Sorry?"), "out_of_scope": ("No?", "Not that?")}
    settings = replace(content.settings, replies={**content.settings.replies, **words})
    store.replace_content(replace(content, settings=settings))
    return Played(store, engines, olga)


def replies(found: Sequence[Replayed]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(r.route.action, r.reply.text if r.reply else None, r.said.suggestions) for r in found]


@pytest.mark.parametrize("acts", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_replay_says_what_the_desk_has_just_said(
    played: Played, store: Store, engines: FakeEngines, acts: Sequence[Act]
) -> None:
    conversation_id = played.hold(acts)
    found = list(replay(store.past_conversations(LONG_AGO), engines.current()))
    said, then = played.said[conversation_id], [replayed.message.said for replayed in found]
    away = [number for number, known in enumerate(then) if known and known.release is None]
    assert len(away) == ("<away" in acts)
    for number, (before, now) in enumerate(zip(said, replies(found), strict=True)):
        assert (before != now) == (number in away)
        assert number in away or found[number].said == then[number]


def test_all_conversations_are_read_together_and_do_not_know_each_other(
    played: Played, store: Store, engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_reads, "PAGE", 3)
    held = [played.hold(acts) for acts in CONVERSATIONS.values() if "<away" not in acts]
    engine = engines.current()
    engine.batches.clear()
    found = list(replay(store.past_conversations(LONG_AGO), engine))
    assert replies(found) == [said for one in held for said in played.said[one]]
    assert engine.batches == [len(found)]


def test_batches_are_bounded(content: Content) -> None:
    engine = FakeEngine(content, {})
    past = [
        PastConversation(str(n), (PastMessage("1", "1", "hello"), PastMessage("2", "2", "2")))
        for n in range(BATCH)
    ]
    assert len(list(replay(past, engine))) == 2 * BATCH
    assert engine.batches == [BATCH, BATCH]


def test_a_message_owned_by_a_person_is_read_and_not_routed(
    played: Played, store: Store, engines: FakeEngines
) -> None:
    played.hold(("a person", "furious! where is 1234"))
    second = list(replay(store.past_conversations(LONG_AGO), engines.current()))[1]
    assert (second.route.action, second.route.reason, second.reply) == (
        "none",
        "with_person",
        None,
    )
    assert replayed_json(second)["intent"]["label"] == "track_order"


def test_tomorrow_counts_from_the_messages_own_day(content: Content) -> None:
    slot = Slot("day", "Day", "When?", "", kind="date")
    settings = replace(content.settings, slots=(*content.settings.slots, slot))
    engine = FakeEngine(replace(content, settings=settings), {})
    message = PastMessage("1", "1", "tomorrow", at="2024-02-28T12:00:00.000Z")
    (found,) = replay([PastConversation("1", (message,))], engine)
    assert found.route.slots == {"day": "2024-02-29"}
    (today,) = replay([PastConversation("1", (PastMessage("1", "1", "tomorrow"),))], engine)
    assert today.route.slots["day"] > "2026"


def test_an_engine_that_fails_stops_the_replay(content: Content) -> None:
    engine = FakeEngine(content, {})

    def fail(texts: object, days: object) -> Any:
        raise EngineAway("gone")

    engine.read = fail  # type: ignore[method-assign]
    with pytest.raises(EngineAway, match="gone"):
        list(replay([PastConversation("1", (PastMessage("1", "1", "hello"),))], engine))


# --- what the store keeps ------------------------------------------------------------------------


def test_since_and_limit_count_messages_and_keep_what_led_to_them(
    config: Any, store: Store, engines: FakeEngines, olga: Operator
) -> None:
    clock = [datetime(2026, 11, 1, tzinfo=UTC)]
    store.close()
    timed = SqliteStore.open(config.database, clock=lambda: clock[0])
    played = Played(timed, FakeEngines(timed), olga)
    first, _ = timed.create_conversation()
    for number, text in enumerate(("where is it", "1234", "hello")):
        clock[0] += timedelta(hours=1)
        played.desk.receive(timed.conversation(first.id), f"k{number}", text)
    clock[0] += timedelta(hours=1)
    played.hold(("hello",))
    engine = played.engines.current()

    def texts(start: str, limit: int | None = None) -> list[tuple[str, str]]:
        found = replay(timed.past_conversations(start, limit), engine)
        return [(r.message.text, r.route.action) for r in found]

    everything = [("where is it", "ask"), ("1234", "answer"), ("hello", "answer")]
    assert texts(LONG_AGO) == [*everything, ("hello", "answer")]
    assert texts("2026-11-01T02:00:00.000Z") == [*everything[1:], ("hello", "answer")]
    assert texts(LONG_AGO, 3) == [*everything[1:], ("hello", "answer")]
    assert texts(LONG_AGO, 99) == [*everything, ("hello", "answer")]
    assert texts("2026-11-01T04:00:00.000Z") == [("hello", "answer")]
    assert texts("2027-01-01T00:00:00.000Z", 3) == []
    timed.close()


def test_a_reply_that_came_too_late_is_as_silent_as_a_person(
    played: Played, store: Store, engines: FakeEngines
) -> None:
    """Hands changed while the desk was thinking: what it thought of was neither said nor kept."""
    conversation, _ = store.create_conversation()
    played.desk.request_person(conversation)
    (ticket,) = store.tickets()
    store.return_ticket(ticket.id, played.operator.id, None)
    played.desk.receive(conversation, "late", "where is it")
    store.return_ticket(store.tickets(status="open")[0].id, played.operator.id, None)
    played.desk.receive(store.conversation(conversation.id), "next", "1234")
    found = list(replay(store.past_conversations(LONG_AGO), engines.current()))
    assert [r.route.action for r in found] == ["none", "handoff"]
    assert found[1].said == found[1].message.said


# --- conversations in a file ---------------------------------------------------------------------


def test_a_file_holds_conversations_or_messages(tmp_path: Path, content: Content) -> None:
    file = tmp_path / "past.jsonl"
    file.write_bytes(
        b"\n".join(
            orjson.dumps(line)
            for line in (
                {
                    "conversation": "a",
                    "messages": [
                        {"text": "maybe return it or delivery", "at": "2026-11-01T08:00:00Z"},
                        {"text": "How?", "choice": "return_policy"},
                        {"text": "hello", "with_person": True},
                    ],
                },
                {"text": "where is LC-1234"},
            )
        )
    )
    found = list(replay(conversations_of(file), FakeEngine(content, {})))
    assert [(r.conversation_id, r.route.action, r.route.reason) for r in found] == [
        ("a", "clarify", "unclear"),
        ("a", "answer", "chosen"),
        ("a", "none", "with_person"),
        ("line 2", "answer", "certain"),
    ]
    line = replayed_json(found[3])
    assert line["reply"] == "Order LC-1234 is on its way."
    assert (line["conversation"], line["action"], line["route"]["template"]) == (
        "line 2",
        "answer",
        "track_order",
    )
    assert "then" not in line


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"words": "hello"}', 'neither "messages" nor "text"'),
        (b'{"messages": [{"text": 3}]}', r"messages\[0\].text"),
        (b'{"messages": []}', "messages"),
        (b'{"text": "a", "at": "someday"}', "at"),
        (b"[]", "expected fields"),
        (b"{", "not JSON"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path: Path, line: bytes, told: str) -> None:
    file = tmp_path / "past.jsonl"
    file.write_bytes(b'{"text": "fine"}\n' + line)
    with pytest.raises(ContentError, match=f"line 2: .*{told}"):
        list(conversations_of(file))
    with pytest.raises(ContentError, match="no such file"):
        list(conversations_of(tmp_path / "none"))


def test_since_is_a_span_or_a_time() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert since("7d", now) == "2026-11-15T12:00:00.000Z"
    assert since("90m", now) == "2026-11-22T10:30:00.000Z"
    assert since("2026-11-22T08:00+02:00") == "2026-11-22T06:00:00.000Z"
    assert since("2026-11-22") == "2026-11-22T00:00:00.000Z"
