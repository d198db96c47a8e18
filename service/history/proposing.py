"""From groups of past questions to proposals: a name, an answer with its slots, its share of all.

Called by ``import FORMAT PATH --history``. Pure; what people have decided before is not proposed
again.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from index.seen import normalise
from service.clusters import find_words, make_name
from service.history.gathering import Gathered
from service.history.pairing import Pair
from service.history.slots import find_slots
from service.records.content import Content
from service.records.proposals import Group, Proposal, ProposedText
from service.replies import variables
from service.transfer.pieces import title_from

MOST_TEXTS = 200  # of a proposal
CENTRAL = 12  # answers, the most central ones, of which one with fewer unknown variables is taken
ALIKE = 40  # answers that slots are looked for in
DECIDED = 0.5  # share of its texts that somebody decided about, from which a group is left out


def make_proposals(
    gathered: Gathered, groups: Sequence[Group], content: Content, decided: Collection[str]
) -> list[Proposal]:
    """The groups as proposals, those of the most conversations first.

    ``decided`` are texts of earlier proposals that people accepted or dismissed. ``count``
    estimates how many of all conversations in the files a group stands for.
    """
    known = {normalise(example.text) for example in content.examples} | {*map(normalise, decided)}
    today = datetime.now(UTC).date()
    scale = gathered.seen / max(1, gathered.drawn)
    asked = max(1, gathered.drawn - gathered.unasked)
    fresh: list[tuple[Group, tuple[ProposedText, ...]]] = []
    for group in groups:
        texts = _texts([gathered.pairs[place].question for place in group.questions])
        if sum(normalise(t.text) in known for t in texts) < DECIDED * len(texts):
            fresh.append((group, texts))
    names = _names([[text.text for text in texts] for _, texts in fresh], content)
    proposals = [
        Proposal(
            kind="intent",
            source="history",
            texts=texts,
            count=round(len(group.questions) * scale),
            value=len(group.questions) * scale,
            name=name,
            title=title_from(name),
            answer=_answer(gathered.pairs, group, content, today),
            share=len(group.questions) / asked,
        )
        for (group, texts), name in zip(fresh, names, strict=True)
    ]
    return sorted(proposals, key=lambda proposal: -proposal.value)


def _names(groups: Sequence[Sequence[str]], content: Content) -> list[str]:
    """A name for each group, none of them an intent's and none twice."""
    names: list[str] = []
    for words in find_words(groups, ()):
        names.append(make_name(words, [*names, *(intent.name for intent in content.intents)]))
    return names


def _texts(questions: Sequence[str]) -> tuple[ProposedText, ...]:
    """Different texts, in their order; the same but for case and spaces counts once."""
    different = {normalise(question): question for question in reversed(questions)}
    first = dict.fromkeys(normalise(question) for question in questions)
    return tuple(ProposedText(different[text]) for text in list(first)[:MOST_TEXTS])


def _answer(pairs: Sequence[Pair], group: Group, content: Content, today: date) -> str:
    """The most central answer, with its slots; of the first few one that needs the fewest facts
    which the desk has not."""
    settings = content.settings
    facts = {name for name, value in settings.facts.items() if value}
    known = facts | {slot.name for slot in settings.slots}
    others = [pairs[place].answer for place in group.answers[:ALIKE]]
    made = [
        find_slots(pairs[place].answer, pairs[place].question, others, settings, today)
        for place in group.answers[:CENTRAL]
    ]
    return min(
        made, key=lambda text: sum(name not in known for name in variables(text)), default=""
    )
