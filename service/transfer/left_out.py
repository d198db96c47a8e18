"""What a format cannot hold of a desk, for the report of an export. Pure."""

from collections.abc import Callable, Collection, Iterable

from index.records import OUT_OF_SCOPE
from service.records.content import Content
from service.replies import variables
from service.transfer.pieces import Note, title_from

SHOWN = 5
# Part of a desk -> the names of all that the desk has of it.
PARTS: dict[str, Callable[[Content], Iterable[str]]] = {
    "intents": lambda c: [i.name for i in c.intents],
    "intents without examples": lambda c: [
        i.name for i in c.intents if all(e.intent != i.name for e in c.examples)
    ],
    "titles of intents": lambda c: [i.name for i in c.intents if i.title != title_from(i.name)],
    "groups": lambda c: sorted({i.group for i in c.intents}),
    "descriptions": lambda c: [i.name for i in c.intents if i.description],
    "slots that intents need": lambda c: [i.name for i in c.intents if i.slots],
    "intents that a person handles": lambda c: [i.name for i in c.intents if i.action != "answer"],
    "priorities": lambda c: [i.name for i in c.intents if i.priority != "normal"],
    "templates": lambda c: [t.name for t in c.templates],
    "intents of templates": lambda c: [t.name for t in c.templates if t.name != t.intent],
    "moods of templates": lambda c: [t.name for t in c.templates if t.sentiment],
    "variables in templates": lambda c: [t.name for t in c.templates if variables(t.text)],
    "examples": lambda c: [e.text[:40] for e in c.examples if e.intent],
    "examples without an intent": lambda c: [e.text[:40] for e in c.examples if e.intent is None],
    "examples of intents that are gone": lambda c: [
        e.text[:40]
        for known in [{None, OUT_OF_SCOPE, *(i.name for i in c.intents)}]
        for e in c.examples
        if e.intent not in known
    ],
    "weights of examples": lambda c: [e.text[:40] for e in c.examples if e.weight != 1],
    "contested labels": lambda c: [e.text[:40] for e in c.examples if e.contested],
    "slots": lambda c: [s.name for s in c.settings.slots],
    "titles of slots": lambda c: [
        s.name for s in c.settings.slots if s.title != title_from(s.name)
    ],
    "formats of slots": lambda c: [
        s.name for s in c.settings.slots if s.ask_again or s.format != "{0}"
    ],
    "kinds of slots": lambda c: [s.name for s in c.settings.slots if s.kind],
    "facts": lambda c: list(c.settings.facts),
    "replies": lambda c: list(c.settings.replies),
    "suggested intents": lambda c: list(c.settings.suggested),
    "protected intents": lambda c: list(c.settings.protected),
    "articles": lambda c: [a.id for a in c.articles],
    "golden cases": lambda c: [g.text[:40] for g in c.golden],
}


def left_out(content: Content, why: str, parts: Collection[str]) -> list[Note]:
    """A note for each of the parts that the desk has."""
    notes = []
    for part in parts:
        names = list(PARTS[part](content))
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            notes.append(Note(f"{part} ({len(names)})", ", ".join(names[:SHOWN]) + more, why))
    return notes
