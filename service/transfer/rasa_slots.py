"""The slots of a Rasa project that a desk can ask for or recognise.

Used by ``service.transfer.rasa``. A slot needs a question (``utter_ask_…``) or a regex that is safe
to run on every message; all others are listed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.records import Slot
from service.replies import variables
from service.transfer.patterns import unsafe
from service.transfer.pieces import Found, Names, Note, title_from, valid_names
from service.transfer.placed import Fields, Items, Text
from service.transfer.rasa_files import Project
from service.transfer.rasa_nlu import Row

ASK = "utter_ask_"
OWN = ("requested_slot", "session_started_metadata")


@dataclass
class Slots:
    """The slots, and the responses that became their questions."""

    slots: list[Found[Slot]] = field(default_factory=list)
    questions: set[str] = field(default_factory=set)
    lost: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_slots(
    project: Project, regexes: Sequence[Row], labels: set[str], intents: set[str]
) -> Slots:
    """A slot for everything that has a question or a safe pattern."""
    found = Slots()
    places = {
        name: f"{path}:{line}" for path, name, _, line in project.fields("slots") if name not in OWN
    }
    known = {*places, *labels, *_entities(project), *_required(project)}
    questions = _questions(project, known, intents)
    found.questions = {name for _, name, _ in questions.values()}
    patterns = _patterns(regexes, known, found.lost)
    names = Names("slot", valid_names(known))
    for original in sorted({*questions, *patterns}, key=lambda name: places.get(name, name)):
        text, _, where = questions.get(original, (None, "", ""))
        pattern, place = patterns.get(original, (None, where))
        name = names.of(original, where or place)
        title = title_from(original)
        if text is None or variables(text):
            why = f"there is no question {ASK}{original} without variables; it is made of the name"
            found.notes.append(Note(f"question of slot {name}", where or place, why))
            text = f"{title}?"
        found.slots.append(Found(Slot(name, title, text, "", pattern), where or place))
    made = {*questions, *patterns}
    why = f"the desk needs a question ({ASK}…) or a safe pattern"
    found.lost += [Note(f"slot {n}", place, why) for n, place in places.items() if n not in made]
    found.notes += names.notes
    return found


def _questions(
    project: Project, known: set[str], intents: set[str]
) -> dict[str, tuple[str | None, str, str]]:
    """By slot: the text of its question, the response's name and place."""
    forms = [name for _, name, _, _ in project.fields("forms")]
    asked: dict[str, tuple[str | None, str, str]] = {}
    for path, response, variants, line in project.fields("responses"):
        name = response.removeprefix(ASK)
        if name == response or response.removeprefix("utter_") in intents:
            continue
        of_form = (name.removeprefix(f"{form}_") for form in forms)
        slot = next((n for n in (name, *of_form) if n in known), None)
        if slot is not None and slot not in asked:
            asked[slot] = (_first_text(variants), response, f"{path}:{line}")
    return asked


def _first_text(variants: Any) -> str | None:
    for variant in variants if isinstance(variants, Items) else ():
        text = variant.get("text") if isinstance(variant, Fields) else variant
        if isinstance(text, Text) and text.strip():
            return text.strip()
    return None


def _patterns(
    regexes: Sequence[Row], known: set[str], lost: list[Note]
) -> dict[str, tuple[str, str]]:
    """By slot: one pattern for all its regexes, whose whole match is the value, and its place."""
    by_name: dict[str, list[tuple[str, str]]] = {}
    for row in regexes:
        why = "no entity or slot has its name" if row.name not in known else unsafe(row.text)
        if why is None:
            by_name.setdefault(row.name, []).append((row.text, row.where))
        else:
            lost.append(Note(f"regex {row.name}: {row.text[:80]}", row.where, why))
    return {name: (_joined(p for p, _ in found), found[0][1]) for name, found in by_name.items()}


def _joined(patterns: Iterable[str]) -> str:
    every = list(patterns)
    pattern = every[0] if len(every) == 1 else "|".join(f"(?:{p})" for p in every)
    return f"({pattern})" if re.compile(pattern).groups else pattern


def _entities(project: Project) -> set[str]:
    named = [entry for _, entry, _ in project.lists("entities")]
    return {str(n) if isinstance(n, Text) else str(next(iter(n), "")) for n in named if n}


def _required(project: Project) -> set[str]:
    """The slots that forms ask for, in the forms of Rasa 2 and 3."""
    found: set[str] = set()
    for _, _, form, _ in project.fields("forms"):
        wanted = form.get("required_slots", form) if isinstance(form, Fields) else ()
        found |= {str(name) for name in wanted or () if isinstance(name, Text)}
    return found
