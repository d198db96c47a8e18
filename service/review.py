"""What a person should decide next, out of what the desk was not sure of: the review queue, anew.

Called by `frontdesk review`. Reads the messages with the release of today, so that what it knows by
now is not asked for; proposes, and never labels anything itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.records import OUT_OF_SCOPE, Reading
from index.seen import normalise
from service.clusters import (
    ALIKE,
    SMALLEST,
    Vectors,
    dense_groups,
    find_words,
    like_groups,
    make_name,
)
from service.engine import Engine
from service.records.content import Content
from service.records.past import DecidedMessage
from service.records.proposals import Proposal, ProposalKind, ProposedText

MOST_TEXTS = 200  # of a proposal: what does not fit comes back the next time
MOST_CLUSTERED = 4000  # wordings: their distances are held all at once
BATCH = 512
HANDED_OVER = 1.0  # what a message costs beyond its own uncertainty
UNHELPFUL = 2.0
KNOWN_FROM = 0.8  # cosine of a cluster's middle to an example from which it is no new intent


@dataclass(frozen=True, slots=True)
class Wording:
    """A text with every message that says just that, and how the release reads it."""

    messages: tuple[DecidedMessage, ...]
    reading: Reading

    @property
    def cost(self) -> float:
        """How unsure the desk is, for every message, by what that led to."""
        return sum(map(_cost, self.messages)) * (1 - self.reading.certainty)


def propose(
    messages: Sequence[DecidedMessage],
    content: Content,
    engine: Engine,
    dismissed: Sequence[Proposal] = (),
    most: int = 300,
) -> list[Proposal]:
    """What to decide about these messages, which are the newest first: the ``most`` valuable
    proposals, the best first.

    Nothing is proposed for what an operator has labelled, nor for what is like a text of a
    dismissed proposal.
    """
    wordings = _read([message for message in messages if message.intent is None], engine)
    wordings = _without(wordings, [p for p in dismissed if p.kind != "answer"], engine)
    sure = [w for w in wordings if engine.thresholds.allow(w.reading)]
    unsure = [w for w in wordings if not engine.thresholds.allow(w.reading)]
    unsure += [w for w in sure if any(message.unhelpful for message in w.messages)]
    review = _Review(content, engine, len(messages))
    unanswered = [w for w in unsure if not all(m.answered for m in w.messages)][:MOST_CLUSTERED]
    groups = [[unanswered[row] for row in rows] for rows in dense_groups(_stack(unanswered))]
    clustered = {id(wording) for group in groups for wording in group}
    rest = [w for w in unsure if id(w) not in clustered]
    groups += [[rest[row] for row in rows] for rows in like_groups(_stack(rest))]
    groups = sorted(groups, key=lambda group: -sum(wording.cost for wording in group))[:most]
    passed = {p.intent for p in dismissed if p.kind == "answer"}
    found = [*review.decisions(groups), *review.answers(sure, messages, passed)]
    return sorted(found, key=lambda proposal: -proposal.value)[:most]


class _Review:
    """One look at the messages; what every proposal needs is kept once here."""

    def __init__(self, content: Content, engine: Engine, total: int) -> None:
        self.content = content
        self.engine = engine
        self.total = total

    def decisions(self, groups: Sequence[Sequence[Wording]]) -> list[Proposal]:
        """For every group a label, or a new intent where nothing that the desk knows is near."""
        placed = [(group, self._nearest(group)) for group in groups]
        fresh = [group for group, near in placed if near is None and len(group) >= SMALLEST]
        found = [
            self._make("label", group, intent=near or self._guess(group))
            for group, near in placed
            if near or len(group) < SMALLEST
        ]
        names = [intent.name for intent in self.content.intents] + [OUT_OF_SCOPE]
        for group, words in zip(fresh, find_words(_texts(fresh), self._taught()), strict=True):
            names.append(make_name(words, names))
            title = " ".join(words).capitalize() or "New intent"
            found.append(self._make("intent", group, name=names[-1], title=title))
        return found

    def answers(
        self, sure: Sequence[Wording], messages: Sequence[DecidedMessage], passed: set[str | None]
    ) -> list[Proposal]:
        """For every intent that is answered but has no template: the messages that are of it, as
        the desk is sure or an operator said."""
        answered = {template.intent for template in self.content.templates} | passed
        bare = {i.name for i in self.content.intents if i.action == "answer"} - answered
        by_intent: dict[str, list[DecidedMessage]] = defaultdict(list)
        for wording in sure:
            top = wording.reading.intent
            if top:
                by_intent[top.label] += wording.messages
        for message in messages:
            if message.intent:
                by_intent[message.intent].append(message)
        return [
            replace(self._proposal("answer", found, sum(map(_cost, found))), intent=name)
            for name, found in sorted(by_intent.items())
            if name in bare
        ]

    def _nearest(self, group: Sequence[Wording]) -> str | None:
        """The intent of the example that is nearest to the middle of a group, if it is near."""
        middle = _stack(group).mean(axis=0)
        vector = np.asarray(middle / np.linalg.norm(middle), np.float32)
        hits = self.engine.search(replace(group[0].reading, vector=vector))
        nearest = next((hit for hit in hits if hit.kind == "example"), None)
        return nearest.intent if nearest and nearest.score >= KNOWN_FROM else None

    def _guess(self, group: Sequence[Wording]) -> str | None:
        """What the release thinks most of, over the group."""
        in_scope = np.mean([wording.reading.in_scope for wording in group])
        if in_scope < self.engine.thresholds.in_scope:
            return OUT_OF_SCOPE
        known = {intent.name for intent in self.content.intents}
        votes: dict[str, float] = defaultdict(float)
        for wording in group:
            for scored in wording.reading.intents:
                votes[scored.label] += scored.confidence
        return max(known & votes.keys(), key=lambda name: votes[name], default=None)

    def _taught(self) -> list[list[str]]:
        by_intent: dict[str, list[str]] = defaultdict(list)
        for example in self.content.examples:
            if example.intent:
                by_intent[example.intent].append(example.text)
        return list(by_intent.values())

    def _make(
        self,
        kind: ProposalKind,
        group: Sequence[Wording],
        *,
        name: str = "",
        title: str = "",
        intent: str | None = None,
    ) -> Proposal:
        messages = [message for wording in group for message in wording.messages]
        certain = sum(w.reading.certainty * len(w.messages) for w in group) / len(messages)
        return replace(
            self._proposal(kind, messages, sum(wording.cost for wording in group)),
            name=name,
            title=title,
            intent=intent,
            confidence=round(certain, 3),
        )

    def _proposal(
        self, kind: ProposalKind, messages: Sequence[DecidedMessage], value: float
    ) -> Proposal:
        return Proposal(
            kind=kind,
            source="review",
            texts=tuple(ProposedText(m.text, m.id) for m in messages[:MOST_TEXTS]),
            count=len(messages),
            value=round(value, 3),
            share=round(len(messages) / self.total, 5),
            handed_over=sum(message.handed_over for message in messages),
            unhelpful=sum(message.unhelpful for message in messages),
        )


def _read(messages: Iterable[DecidedMessage], engine: Engine) -> list[Wording]:
    """Every wording once, read by the release of today."""
    same: dict[str, list[DecidedMessage]] = defaultdict(list)
    for message in messages:
        same[normalise(message.text)].append(message)
    groups = list(same.values())
    wordings = []
    for start in range(0, len(groups), BATCH):
        batch = groups[start : start + BATCH]
        readings = engine.read([group[0].text for group in batch])
        wordings += [Wording(tuple(g), r) for g, r in zip(batch, readings, strict=True)]
    return wordings


def _without(
    wordings: list[Wording], dismissed: Sequence[Proposal], engine: Engine
) -> list[Wording]:
    """Those that are not like any text that somebody has dismissed."""
    texts = list({normalise(text.text): text.text for p in dismissed for text in p.texts}.values())
    if not texts or not wordings:
        return wordings
    passed = np.concatenate(
        [
            np.stack([reading.vector for reading in engine.read(texts[start : start + BATCH])])
            for start in range(0, len(texts), BATCH)
        ]
    )
    nearest = (_stack(wordings) @ passed.T).max(axis=1)
    return [w for w, cosine in zip(wordings, nearest, strict=True) if cosine < ALIKE]


def _cost(message: DecidedMessage) -> float:
    return 1 + HANDED_OVER * message.handed_over + UNHELPFUL * message.unhelpful


def _texts(groups: Sequence[Sequence[Wording]]) -> list[list[str]]:
    return [[wording.reading.text for wording in group] for group in groups]


def _stack(wordings: Sequence[Wording]) -> Vectors:
    vectors = [wording.reading.vector for wording in wordings]
    return np.stack(vectors) if vectors else np.zeros((0, 1), np.float32)
