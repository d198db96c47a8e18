"""Two replays of the same messages, or a replay and what was really said: which replies change.

Pure. Changes are grouped by what the desk did and would do, those first that matter most. What is
put together here holds customers' words.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.records.past import PastMessage, Said
from service.trace import said_json

EXAMPLES = 5  # of each group, all of different texts
CONFIDENCE_FROM = 0.01  # less is rounding: 8-bit networks read a little differently in company

# In the order of how much they matter: the first two can be wrong answers, or right ones lost.
KINDS: Mapping[str, str] = {
    "other_intent": "answered as something else",
    "answer_lost": "no longer answered",
    "answer_gained": "answered now",
    "other_action": "asks back or hands over instead",
    "other_template": "the same intent with another template",
    "other_words": "the same in other words, or with other choices",
}


@dataclass(slots=True)
class _Group:
    """Replies that change in the same way."""

    count: int = 0
    messages: list[str] = field(default_factory=list)
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)


Key = tuple[str, tuple[str | None, ...], tuple[str | None, ...]]


class Comparison:
    """Counts pairs of what was said before and after."""

    def __init__(self) -> None:
        self.pairs = 0
        self.with_person = 0
        self.same_reply = Counter[str]()
        self.actions: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self.releases: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        self._groups: dict[Key, _Group] = {}

    def add(
        self, conversation_id: str, message: PastMessage, before: Said, after: Said
    ) -> str | None:
        """Count one message; the kind of change, or none when the customer would not notice."""
        if message.with_person:
            self.with_person += 1
            return None
        self.pairs += 1
        for said, actions, releases in zip(
            (before, after), self.actions, self.releases, strict=True
        ):
            actions[said.action] += 1
            releases[said.release or "none"] += 1
        kind = kind_of(before, after)
        if kind is None:
            self._count_same(before, after)
            return None
        group = self._groups.setdefault((kind, _side(before), _side(after)), _Group())
        group.count += 1
        group.messages.append(message.id)
        if len(group.examples) < EXAMPLES and message.text not in group.examples:
            group.examples[message.text] = {
                "conversation": conversation_id,
                "message": message.id,
                "at": message.at,
                "text": message.text,
                "before": said_json(before),
                "after": said_json(after),
            }
        return kind

    def report(self) -> dict[str, Any]:
        """Everything, as JSON."""
        changed = sum(group.count for group in self._groups.values())
        kinds = Counter[str]()
        for (kind, *_), group in self._groups.items():
            kinds[kind] += group.count
        return {
            "messages": self.pairs,
            "with_person": self.with_person,
            "before": self._totals(0),
            "after": self._totals(1),
            "changed": changed,
            "changed_share": self._share(changed),
            "kinds": {kind: kinds[kind] for kind in KINDS},
            "same_reply": {
                "count": self.pairs - changed,
                "other_intent": self.same_reply["other_intent"],
                "other_confidence": self.same_reply["other_confidence"],
            },
            "groups": [self._group_json(key, group) for key, group in self._sorted()],
        }

    def _count_same(self, before: Said, after: Said) -> None:
        if before.intent != after.intent:
            self.same_reply["other_intent"] += 1
        elif abs((before.confidence or 0) - (after.confidence or 0)) >= CONFIDENCE_FROM:
            self.same_reply["other_confidence"] += 1

    def _totals(self, side: int) -> dict[str, Any]:
        actions = self.actions[side]
        return {
            "releases": dict(self.releases[side]),
            "actions": {name: actions[name] for name in ("answer", "clarify", "ask", "handoff")},
            "answered_share": self._share(actions["answer"]),
            "handoff_share": self._share(actions["handoff"]),
        }

    def _share(self, count: int) -> float:
        return round(count / self.pairs, 4) if self.pairs else 0.0

    def _sorted(self) -> list[tuple[Key, _Group]]:
        order = list(KINDS)
        found = self._groups.items()
        return sorted(found, key=lambda entry: (order.index(entry[0][0]), -entry[1].count))

    def _group_json(self, key: Key, group: _Group) -> dict[str, Any]:
        kind, before, after = key
        return {
            "kind": kind,
            "from": dict(zip(("action", "intent", "template"), before, strict=True)),
            "to": dict(zip(("action", "intent", "template"), after, strict=True)),
            "count": group.count,
            "share": self._share(group.count),
            "messages": group.messages,
            "examples": list(group.examples.values()),
        }


def kind_of(before: Said, after: Said) -> str | None:
    """How the reply changes; none when a customer sees the same.

    A release without content answers in no words: then another intent is another reply.
    """
    shown = [(s.action, s.reply or s.intent, s.suggestions) for s in (before, after)]
    if shown[0] == shown[1]:
        return None
    if before.action == after.action == "answer":
        if before.intent != after.intent:
            return "other_intent"
        return "other_template" if before.template != after.template else "other_words"
    if before.action == "answer":
        return "answer_lost"
    if after.action == "answer":
        return "answer_gained"
    return "other_action" if before.action != after.action else "other_words"


def _side(said: Said) -> tuple[str | None, ...]:
    return said.action, said.intent, said.template
