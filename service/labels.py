"""What the labels of messages come to: which one counts, who contradicts whom, what trains.

Pure functions of labels, for any store and for the web. A label is what an operator said of a
message (a correction, a confirmation) or what follows from a reply (reply, takeover); the model's
own guesses are none. Nothing is averaged: what operators contradict each other in does not train.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from index.records import OUT_OF_SCOPE
from service.records.content import Example
from service.records.labels import Correction, Label, LabelConflict, LabelKind

FIELDS = ("intent", "sentiment")
WEIGHTS: Mapping[LabelKind, float] = {
    "correction": 1.0,
    "confirmation": 1.0,
    "reply": 0.5,
    "takeover": 0.5,
}
SUPPORTED, DOUBTED = 1.25, 0.75  # what a customer's thumb makes of a weight


def counting(labels: Sequence[Label]) -> Correction | None:
    """What one message's ``labels``, oldest first, say together; None when all are undone.

    Each field is what was said last of it. Once somebody has said something, what follows from
    replies counts no more. An intent without a template forgets the template of before.
    """
    standing = _standing(labels)
    if not standing:
        return None
    intent = sentiment = template = None
    for label in standing:
        template = label.template or (None if label.intent else template)
        intent, sentiment = label.intent or intent, label.sentiment or sentiment
    last = standing[-1]
    return Correction(
        id=last.id,
        message_id=last.message_id,
        operator_id=last.operator_id,
        intent=intent,
        sentiment=sentiment,
        template=template,
        at=last.at,
        kind=last.kind,
        weight=last.weight,
        operator_name=last.operator_name,
    )


def conflicts(labels: Iterable[Label]) -> list[LabelConflict]:
    """Where operators contradict each other, in the order of the messages that began it."""
    found = []
    for group in _groups(labels):
        told = {field: _told(group, field) for field in FIELDS}
        fields = tuple(field for field in FIELDS if _differ(told[field], field))
        if fields:
            said = {label.id for field in fields for label in _voices(told[field])}
            found.append(LabelConflict(fields, tuple(e for e in group if e.id in said)))
    return found


def contested(group: Sequence[Label]) -> dict[str, tuple[str, ...]]:
    """Of messages that are alike, by their ids: the fields in which they must not train.

    Those in which operators contradict each other; and where somebody has said what it is, those
    in which only a reply says otherwise.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for field in FIELDS:
        told = _told(group, field)
        differ = _differ(told, field)
        said = {getattr(label, field) for label in told if label.explicit}
        for own in _by(told, "message_id"):
            weak = said and any(getattr(label, field) not in said for label in own)
            if differ or weak:
                found[own[0].message_id].append(field)
    return {message_id: tuple(fields) for message_id, fields in found.items()}


def undisputed(examples: Iterable[Example]) -> list[Example]:
    """The examples without the labels that operators contradict each other in, and without those
    that have no other label: what trains, and what leaves the desk."""
    kept = []
    for example in examples:
        intent = None if "intent" in example.contested else example.intent
        sentiment = None if "sentiment" in example.contested else example.sentiment
        if not example.contested:
            kept.append(example)
        elif intent or sentiment:
            kept.append(replace(example, intent=intent, sentiment=sentiment, contested=()))
    return kept


def kind_of(
    intent: str | None, sentiment: str | None, template: str | None, trace: Mapping[str, Any] | None
) -> LabelKind:
    """Whether an operator confirms what the desk read in a message, or corrects it."""
    reading, route = (trace or {}).get("reading"), (trace or {}).get("route") or {}
    if not reading:
        return "correction"
    intents, moods = reading.get("intents") or [{}], reading.get("sentiments") or [{}]
    read = {intents[0].get("label")}
    if reading.get("in_scope", 1) < ((trace or {}).get("thresholds") or {}).get("in_scope", 0):
        read.add(OUT_OF_SCOPE)
    right = (
        intent is None or intent in read,
        sentiment in (None, moods[0].get("label")),
        template in (None, route.get("template")),
    )
    return "confirmation" if all(right) else "correction"


def thumb_factor(intent: str | None, answered: str | None, helpful: bool | None) -> float:
    """What a thumb for the desk's answer makes of the weight of a label of the question.

    It speaks for the label when the customer liked an answer to that intent, or disliked one to
    another; else against it. Without an intent on either side it says nothing.
    """
    if helpful is None or intent is None or answered is None:
        return 1.0
    return SUPPORTED if helpful == (intent == answered) else DOUBTED


def _standing(labels: Sequence[Label]) -> list[Label]:
    """Of one message's labels those that count; whose intent was removed may say nothing."""
    kept = [label for label in labels if label.undone_by is None and _says(label)]
    said = [label for label in kept if label.explicit]
    return said or kept


def _says(label: Label) -> bool:
    return label.intent is not None or label.sentiment is not None


def _told(group: Sequence[Label], field: str) -> list[Label]:
    """Who says what of each message of a group in a field: the last label of each operator since
    it was last settled."""
    found: list[Label] = []
    for labels in _by(group, "message_id"):
        telling = [label for label in _standing(labels) if getattr(label, field) is not None]
        settled = [place for place, label in enumerate(telling) if label.settles]
        since = telling[settled[-1] if settled else 0 :]
        found += {label.operator_id: label for label in since}.values()
    return found


def _voices(told: Sequence[Label]) -> list[Label]:
    """What was said; only where nobody has said anything, what follows from replies."""
    return [label for label in told if label.explicit] or list(told)


def _differ(told: Sequence[Label], field: str) -> bool:
    """Whether two operators contradict each other."""
    values: dict[object, set[str]] = defaultdict(set)
    for label in _voices(told):
        values[getattr(label, field)].add(label.operator_id)
    return len(values) > 1 and len(set().union(*values.values())) > 1


def _groups(labels: Iterable[Label]) -> list[list[Label]]:
    return _by(labels, "alike")


def _by(labels: Iterable[Label], field: str) -> list[list[Label]]:
    """The labels that have a field in common together, in their order."""
    groups: dict[str, list[Label]] = {}
    for label in labels:
        groups.setdefault(getattr(label, field), []).append(label)
    return list(groups.values())
