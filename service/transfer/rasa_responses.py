"""The responses of a Rasa project as templates, and as the desk's own words.

Used by ``service.transfer.rasa``. A response answers the intent in its name (``utter_faq/refund``)
and those from which a rule leads to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from index.records import OUT_OF_SCOPE, SENTIMENTS
from service.records.content import Template
from service.transfer.pieces import Found, Names, Note, valid_names
from service.transfer.placed import Fields, Items, Text, line_of, wrong_kind
from service.transfer.placeholders import RASA, adapt
from service.transfer.rasa_files import Project

UTTER = "utter_"
FALLBACK = "nlu_fallback"
REPLIES = {OUT_OF_SCOPE: "out_of_scope", FALLBACK: "clarify_open"}
CARRIED = ("text", "id", "metadata")
VARIANT = {
    "channel": "the desk has one text for every channel",
    "condition": "the desk chooses by intent and mood only",
}


@dataclass(frozen=True, slots=True)
class Responses:
    """What is known before: intents by their names in the files, variables, used-up responses."""

    intents: Mapping[str, str]
    variables: frozenset[str]
    questions: set[str]


@dataclass
class Answers:
    """What the responses became."""

    templates: list[Found[Template]] = field(default_factory=list)
    replies: list[Found[tuple[str, tuple[str, ...]]]] = field(default_factory=list)
    lost: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Variant:
    """One text of a response."""

    text: str
    id: str | None
    sentiment: str | None
    where: str


def read_responses(project: Project, known: Responses) -> Answers:
    """Templates for the responses that answer an intent; the others are listed."""
    answers = Answers()
    rules = _rules(project)
    read = [
        (name, f"{path}:{line}", list(_variants(path, name, value, line, known, answers)))
        for path, name, value, line in project.fields("responses")
    ]
    ids = {v.id for _, _, variants in read for v in variants if v.id}
    names = Names("template", valid_names(ids))
    used: set[str] = set()
    replies: dict[str, list[Variant]] = {}
    for response, where, variants in read:
        if response in known.questions:
            continue
        intents = _answered(response, rules, known.intents)
        if not intents and variants:
            why = "no intent has its name, and no rule leads from one to it"
            answers.lost.append(Note(f"response {response}", where, why))
        for intent in intents:
            if intent in REPLIES:
                replies.setdefault(REPLIES[intent], []).extend(variants)
                continue
            for variant in variants:
                free = variant.id is not None and variant.id not in used
                name = names.of(str(variant.id)) if free else names.new(intent)
                used |= {variant.id} if variant.id else set()
                template = Template(name, intent, variant.text, variant.sentiment)
                answers.templates.append(Found(template, variant.where))
    for name, found in replies.items():
        texts = tuple(dict.fromkeys(variant.text for variant in found))
        if texts:
            answers.replies.append(Found((name, texts), found[0].where))
    return answers


def _answered(
    response: str, rules: Mapping[str, list[str]], intents: Mapping[str, str]
) -> list[str]:
    """The desk's intents that a response answers."""
    own = response.removeprefix(UTTER)
    named = [FALLBACK if own == "default" else own, *rules.get(response, ())]
    return list(dict.fromkeys(intents[name] for name in named if name in intents))


def _rules(project: Project) -> dict[str, list[str]]:
    """By response: the intents from which a rule of two steps leads to it."""
    found: dict[str, list[str]] = {}
    for _, rule, _ in project.lists("rules"):
        steps = rule.get("steps") if isinstance(rule, Fields) else None
        if isinstance(steps, Items) and len(steps) == 2 and "condition" not in rule:
            first, second = (step if isinstance(step, Fields) else {} for step in steps)
            intent, action = first.get("intent"), second.get("action")
            if isinstance(intent, Text) and isinstance(action, Text):
                found.setdefault(str(action), []).append(str(intent))
    return found


def _variants(
    path: Path, name: str, value: Any, line: int, known: Responses, answers: Answers
) -> Iterator[Variant]:
    """The texts of a response; its other fields, and variants without a text, are listed."""
    if not isinstance(value, Items):
        raise wrong_kind(path, line, f"responses: {name}", "a list of variants", value)
    for number, entry in enumerate(value, start=1):
        place = line_of(entry, line)
        where = f"{path}:{place}"
        fields = entry if isinstance(entry, Fields) else {"text": entry}
        what = f"response {name}, variant {number}"
        special = next((key for key in VARIANT if fields.get(key)), None)
        text = fields.get("text")
        if text is not None and not isinstance(text, Text):
            raise wrong_kind(path, place, f"responses: {name}: text", "a text", text)
        if special is not None or not (text or "").strip():
            why = VARIANT[special] if special else "it has no text"
            answers.lost.append(Note(what, where, why))
            continue
        for key in fields:
            if key not in CARRIED:
                answers.lost.append(Note(f"{key} of {what}", where, "a template is a text"))
        meta = fields.get("metadata")
        mood = meta.get("sentiment") if isinstance(meta, Fields) else None
        if meta is not None and (mood not in SENTIMENTS or len(meta) > 1):
            answers.lost.append(Note(f"metadata of {what}", where, "a template is a text"))
        reply = adapt(str(text), known.variables, what, where, RASA)
        answers.notes += reply.notes
        answers.lost += reply.lost
        label = fields.get("id")
        mood = str(mood) if mood in SENTIMENTS else None
        yield Variant(reply.text, str(label) if isinstance(label, Text) else None, mood, where)
