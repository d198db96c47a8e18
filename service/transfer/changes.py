"""What an import changes: the difference between two contents, kind by kind. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from service.records.content import Content, Example
from service.records.settings import DeskSettings
from service.transfer.merging import CORRECTION, taught


@dataclass(frozen=True, slots=True)
class Change:
    """How many of a kind there are before and after; ``names`` are of those that change."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    names: Mapping[str, tuple[str, ...]] | None = None

    @property
    def any(self) -> bool:
        """Whether something changes."""
        return bool(self.added or self.updated or self.removed)


def changes(before: Content, after: Content) -> dict[str, Change]:
    """The difference, in the words of the report; examples that corrections made stay."""
    old, new = before.settings, after.settings
    rest = [f.name for f in fields(DeskSettings) if f.name not in ("slots", "facts", "replies")]
    return {
        "intents": _by_name(_named(before.intents), _named(after.intents)),
        "templates": _by_name(_named(before.templates), _named(after.templates)),
        "examples": _examples(before.examples, after.examples),
        "articles": _by_name(
            {a.id: (a.title, a.text, a.intents) for a in before.articles},
            {a.id: (a.title, a.text, a.intents) for a in after.articles},
        ),
        "golden_cases": _by_name(
            {case.text: case for case in before.golden}, {case.text: case for case in after.golden}
        ),
        "slots": _by_name(_named(old.slots), _named(new.slots)),
        "facts": _by_name(old.facts, new.facts),
        "replies": _by_name(old.replies, new.replies),
        "settings": _by_name(
            {name: getattr(old, name) for name in rest}, {name: getattr(new, name) for name in rest}
        ),
    }


def _named(records: tuple[Any, ...]) -> dict[str, Any]:
    return {record.name: record for record in records}


def _by_name(before: Mapping[str, object], after: Mapping[str, object]) -> Change:
    names = {
        "added": tuple(name for name in after if name not in before),
        "updated": tuple(n for n in after if n in before and before[n] != after[n]),
        "removed": tuple(name for name in before if name not in after),
    }
    same = len(after) - len(names["added"]) - len(names["updated"])
    counts = {kind: len(found) for kind, found in names.items()}
    return Change(**counts, unchanged=same, names=names)


def _examples(before: tuple[Example, ...], after: tuple[Example, ...]) -> Change:
    """Examples have names only in the store: those from files are known by what they teach."""
    known = {example.id: example for example in before if example.id}
    kept = {e.id for e in after if e.id in known}
    left = Counter(taught(e) for e in before if e.id not in kept)
    stay = Counter(taught(e) for e in before if e.id not in kept and e.source == CORRECTION)
    added = updated = unchanged = 0
    for example in after:
        if example.id in kept:
            same = taught(example) == taught(known[example.id])
            updated, unchanged = updated + (not same), unchanged + same
        elif left[taught(example)]:
            left[taught(example)] -= 1
            unchanged += 1
        else:
            added += 1
    corrections = (left & stay).total()
    return Change(added, updated, left.total() - corrections, unchanged + corrections)
