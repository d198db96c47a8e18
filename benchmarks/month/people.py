"""Customers and operators of the month, who talk to the server over HTTP as widget and console do.

A customer who is asked back takes the right choice if it is offered, else wants a person. One who
was answered wrongly complains half of the time. Operators answer what is handed over, and say what
it was; some of what was answered well they look through, too. Each errs at a rate of his own.
"""

import http.client
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load.servers import call
from benchmarks.month.world import Line, answer_to, title_of
from index.records import OUT_OF_SCOPE

AT_ONCE = 6  # customers
COMPLAINS = 0.5  # of those who were answered wrongly
LOOKED_THROUGH = 0.05  # of what the desk answered
ENOUGH = 3  # messages that a new intent is made of
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Operator:
    """``errs`` is the share of labels that he gets wrong."""

    name: str
    token: str
    errs: float


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a message: ``outcome`` is answered, chosen (after a question back) or
    handed_over; ``right`` whether the answer was the right one, None without an answer."""

    line: Line
    outcome: str
    right: bool | None


@dataclass
class Floor:
    """What the operators know in common: which intents the desk has, and messages that none fits.

    ``labels`` counts by operator how many he gave and how many of them were wrong.
    """

    intents: set[str]
    waiting: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    labels: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lock: threading.Lock = field(default_factory=threading.Lock)


class Month:
    """The people around one server. ``admin`` is a token that may make intents."""

    def __init__(
        self, port: int, operators: Sequence[Operator], admin: str, intents: Sequence[str]
    ) -> None:
        self.port = port
        self.operators = operators
        self.admin = admin
        self.floor = Floor(set(intents))

    def play(self, day: int, lines: Sequence[Line], seed: int) -> list[Told]:
        """One day: all customers write, and whoever is handed over is looked after."""
        parts = [(number, lines[number::AT_ONCE]) for number in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = pool.map(
                lambda p: self._work(p[1], random.Random(f"{seed} {day} {p[0]}")), parts
            )
            return [told for part in done for told in part]

    def ask(self, lines: Sequence[Line]) -> set[str]:
        """Texts of these lines that the desk does not answer rightly at once."""
        with connected(self.port) as connection:
            visits = [_Visit(self, connection, line, random.Random(0)) for line in lines]
            return {visit.line.text for visit in visits if not visit.is_answered()}

    def _work(self, lines: Sequence[Line], chance: random.Random) -> list[Told]:
        with connected(self.port) as connection:
            return [_Visit(self, connection, line, chance).run() for line in lines]


class _Visit:
    """One customer with one question, and the operator who looks after it if it comes to that."""

    def __init__(
        self,
        month: Month,
        connection: http.client.HTTPConnection,
        line: Line,
        chance: random.Random,
    ) -> None:
        self.month = month
        self.connection = connection
        self.line = line
        self.chance = chance
        self.sent, self.token = 0, ""
        started = self._call("POST", "/conversations", {})
        self.path = f"/conversations/{started['conversation']['id']}"
        self.token = started["token"]

    def run(self) -> Told:
        """The visit from the first message to its end."""
        turn = self._write(self.line.text)
        message, outcome = turn["message"]["id"], "answered"
        if turn["action"] in ("clarify", "ask"):
            turn, outcome = self._choose(turn["suggestions"]), "chosen"
        if turn["action"] != "answer":
            self._be_served(message, turn["ticket"])
            return Told(self.line, "handed_over", None)
        right = self._is_right(turn)
        if not right and self.chance.random() < COMPLAINS:
            self._rate(turn, helpful=False)
            self._be_served(message, self._call("POST", f"{self.path}/handoff", {})["ticket"])
        elif self.chance.random() < LOOKED_THROUGH:
            self._label(self._operator(), message)
        return Told(self.line, outcome, right)

    def is_answered(self) -> bool:
        """Whether the first message gets the right answer; nothing follows from it."""
        turn = self._write(self.line.text)
        return turn["action"] == "answer" and self._is_right(turn)

    def _is_right(self, turn: Mapping[str, Any]) -> bool:
        return bool(turn["reply"]["text"] == answer_to(self.line.intent))

    def _choose(self, offered: Sequence[Mapping[str, Any]]) -> Any:
        fitting = [each["text"] for each in offered if each["intent"] == self.line.intent]
        return self._write(fitting[0] if fitting else "None of these. A person, please.")

    def _be_served(self, message: str, ticket: Mapping[str, Any] | None) -> None:
        """An operator takes the ticket, replies, says what the message was, and resolves it."""
        assert ticket is not None
        who, place = self._operator(), f"/tickets/{ticket['id']}"
        self._call("POST", f"{place}/claim", {}, who.token)
        self.sent += 1
        reply = {"client_id": f"o{self.sent}", "text": "Here is what I can do for you."}
        self._call("POST", f"{place}/messages", reply, who.token)
        self._label(who, message)
        self._call("POST", f"{place}/resolve", {}, who.token)

    def _label(self, who: Operator, message: str) -> None:
        """Say what a message was; of what the desk has no word for, an intent is made when there
        is enough of it."""
        intent, floor = self.line.intent, self.month.floor
        with floor.lock:
            known = sorted(floor.intents)
            if intent not in floor.intents and intent != OUT_OF_SCOPE:
                floor.waiting[intent].append(message)
                if len(floor.waiting[intent]) >= ENOUGH:
                    self._make_intent(intent)
                    for earlier in floor.waiting.pop(intent):
                        self._correct(who, earlier, intent)
                return
            wrong = self.chance.random() < who.errs
            floor.labels[who.name].update(given=1, wrong=int(wrong))
        others = [name for name in known if name != intent]
        self._correct(who, message, self.chance.choice(others) if wrong else intent)

    def _make_intent(self, intent: str) -> None:
        made = {"name": intent, "group": "month", "title": title_of(intent)}
        self._call("POST", "/intents", made, self.month.admin)
        template = {"name": f"{intent}_answer", "intent": intent, "text": answer_to(intent)}
        self._call("POST", "/templates", template, self.month.admin)
        self.month.floor.intents.add(intent)

    def _correct(self, who: Operator, message: str, intent: str) -> None:
        self._call("POST", f"/messages/{message}/correction", {"intent": intent}, who.token)

    def _operator(self) -> Operator:
        return self.chance.choice(self.month.operators)

    def _write(self, text: str) -> Any:
        self.sent += 1
        message = {"client_id": f"c{self.sent}", "text": text}
        return self._call("POST", f"{self.path}/messages", message)

    def _rate(self, turn: Mapping[str, Any], *, helpful: bool) -> None:
        said = {"message_id": turn["reply"]["id"], "helpful": helpful}
        self._call("POST", f"{self.path}/feedback", said)

    def _call(self, method: str, path: str, body: object, token: str = "") -> Any:
        return call(self.connection, method, f"{API}{path}", body, token or self.token)


@contextmanager
def connected(port: int) -> Iterator[http.client.HTTPConnection]:
    """A connection to the server, closed afterwards."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        yield connection
    finally:
        connection.close()
