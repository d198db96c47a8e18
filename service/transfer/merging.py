"""Imported pieces into a desk's content: adds and updates, never removes.

Called by ``frontdesk import``. Pure: the same import a second time changes nothing more.
"""

from dataclasses import dataclass, replace
from typing import Any

from service.labels import undisputed
from service.records.content import Content, Example, Template
from service.records.settings import DeskSettings, Slot
from service.replies import variables
from service.transfer.pieces import Found, Imported, Note

CORRECTION = "correction"
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """The content with the pieces in it, and what is to be told of them."""

    content: Content
    not_carried_over: tuple[Note, ...]
    notes: tuple[Note, ...]


def merge(content: Content, imported: Imported) -> Merged:
    """The desk's content with everything that was imported.

    An intent that is there stays as it is. A template's text is replaced by name, and its intent
    and mood stay. An example is known by its text and intent: its other labels are filled in, and
    a person's correction is never touched. A slot and a reply that the desk has stay as they are. A
    variable that the desk lacks becomes a fact without a value, so that its template is never sent
    half filled.
    """
    lost, notes = list(imported.not_carried_over), list(imported.notes)
    intents = {intent.name: intent for intent in content.intents}
    needless = _needless(content, imported)
    for found in imported.intents:
        if found.record.name not in needless:
            intents.setdefault(found.record.name, found.record)
    templates = _templates(content, imported, lost)
    settings = _settings(content.settings, imported, lost)
    settings = _with_facts(settings, imported, notes)
    merged = replace(
        content,
        settings=settings,
        intents=tuple(intents.values()),
        templates=tuple(templates.values()),
        examples=_examples(content.examples, imported.examples, lost, notes),
    )
    return Merged(merged, tuple(lost), tuple(notes))


def taught(example: Example) -> tuple[object, ...]:
    """What training learns from it: two examples that are equal in this are one."""
    spans = tuple(sorted((e["start"], e["end"], e["label"]) for e in example.entities or ()))
    return (example.text, example.intent, example.sentiment, example.split, spans)


def _needless(content: Content, imported: Imported) -> set[str]:
    """Intents that are there only for templates which the desk has under another one."""
    homes = {template.name: template.intent for template in content.templates}
    needed = {found.record.intent for found in imported.examples}
    away: set[str] = set()
    for found in imported.templates:
        template = found.record
        moved = homes.get(template.name, template.intent) != template.intent
        (away if moved else needed).add(template.intent)
    return away - needed


def _templates(content: Content, imported: Imported, lost: list[Note]) -> dict[str, Template]:
    templates = {template.name: template for template in content.templates}
    for found in imported.templates:
        new = found.record
        if not new.text.strip():
            lost.append(Note(f"template {new.name}", found.where, "nothing is left of its text"))
            continue
        known = templates.get(new.name)
        templates[new.name] = new if known is None else replace(known, text=new.text)
    return templates


def _settings(settings: DeskSettings, imported: Imported, lost: list[Note]) -> DeskSettings:
    slots = {slot.name: slot for slot in settings.slots}
    for found in imported.slots:
        slot = found.record
        if settings.facts.get(slot.name):
            lost.append(Note(f"slot {slot.name}", found.where, "the desk has a fact of that name"))
        elif _differs(slots.setdefault(slot.name, slot), slot):
            lost.append(Note(f"slot {slot.name}", found.where, "the desk's own one stays"))
    replies = dict(settings.replies)
    for words in imported.replies:
        name, variants = words.record
        if any(variables(text) for text in variants):
            lost.append(Note(f"reply {name}", words.where, "the desk's own words know no slots"))
        elif replies.setdefault(name, variants) != variants:
            lost.append(Note(f"reply {name}", words.where, "the desk's own words stay"))
    return replace(settings, slots=tuple(slots.values()), replies=replies)


def _differs(known: Slot, slot: Slot) -> bool:
    return (known.pattern, known.ask) != (slot.pattern, slot.ask)


def _with_facts(settings: DeskSettings, imported: Imported, notes: list[Note]) -> DeskSettings:
    """The settings with an empty fact for every variable that the desk does not know."""
    facts = dict(settings.facts)
    slots = {slot.name for slot in settings.slots}
    uses: dict[str, list[Found[Template]]] = {}
    for found in imported.templates:
        for name in variables(found.record.text):
            if name not in slots and not facts.setdefault(name, ""):
                uses.setdefault(name, []).append(found)
    for name, users in uses.items():
        some = ", ".join(user.record.name for user in users[:SHOWN])
        more = f" and {len(users) - SHOWN} more" if len(users) > SHOWN else ""
        why = (
            f"the fact {name} has no value yet, so that the desk never sends these templates: "
            "give it one, make it a slot, or change the texts"
        )
        notes.append(Note(f"{{{name}}} in {some}{more}", users[0].where, why))
    return replace(settings, facts=facts)


def _examples(
    known: tuple[Example, ...],
    imported: tuple[Found[Example], ...],
    lost: list[Note],
    notes: list[Note],
) -> tuple[Example, ...]:
    examples = list(known)
    places: dict[object, list[int]] = {}  # text and intent -> where in the list
    equal: dict[object, int] = {}
    intents: dict[str, set[str]] = {}
    for place, example in enumerate(examples):
        places.setdefault((example.text, example.intent), []).append(place)
        for same in (example, *undisputed([example])):  # as an export has it
            equal.setdefault(taught(same), place)
        intents.setdefault(example.text, set()).add(example.intent or "")
    fresh: dict[object, Found[Example]] = {}
    for found in imported:
        fresh.setdefault(taught(found.record), found)
    if len(fresh) < len(imported):
        doubled = next(f for f in imported if fresh[taught(f.record)] is not f)
        what = f"{len(imported) - len(fresh)} examples that are there before"
        lost.append(Note(what, doubled.where, "an example counts once"))
    claimed = {equal[key] for key in fresh if key in equal}
    for key, found in fresh.items():
        if key in equal:
            continue
        example = found.record
        here = places.get((example.text, example.intent), [])
        free = [p for p in here if p not in claimed and examples[p].source != CORRECTION]
        if free:
            claimed.add(free[0])
            examples[free[0]] = _filled(examples[free[0]], example)
            continue
        examples.append(example)
        others = intents.get(example.text, set()) - {"", example.intent or ""}
        if example.intent is not None and others:
            why = f"the desk has the same text as {', '.join(sorted(others))}; both stay"
            notes.append(Note(f"example {example.text[:60]!r}", found.where, why))
    return tuple(examples)


def _filled(known: Example, new: Example) -> Example:
    """The known example with the labels that the new one has."""
    labels: dict[str, Any] = {"sentiment": new.sentiment, "split": new.split}
    labels = {name: value for name, value in labels.items() if value is not None}
    if new.entities:
        labels["entities"] = new.entities
    return replace(known, **labels)
