"""The entries under ``nlu`` of a Rasa project: examples, regexes, synonyms and lookup tables.

Used by ``service.transfer.rasa``. Reads both forms of examples: lines of one text, and a list.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.transfer.pieces import Tally
from service.transfer.placed import Fields, Items, Text, line_of, wrong_kind
from service.transfer.rasa_files import Project

KINDS = ("intent", "synonym", "regex", "lookup")


@dataclass(frozen=True, slots=True)
class Row:
    """One example of an intent or one regex: its entry's name, its text and metadata."""

    name: str
    text: str
    path: Path
    line: int
    meta: Any = None

    @property
    def where(self) -> str:
        """Its place, for notes."""
        return f"{self.path}:{self.line}"

    @property
    def place(self) -> str:
        """Its place, for errors."""
        return f"{self.path}, line {self.line}"


@dataclass
class Nlu:
    """The entries, sorted by kind; ``intents`` tells the first place of each name."""

    intents: dict[str, str] = field(default_factory=dict)
    examples: list[Row] = field(default_factory=list)
    regexes: list[Row] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def read_nlu(project: Project) -> Nlu:
    """All entries; ``ContentError`` names file, line and field of a mistake."""
    nlu = Nlu()
    for file, entry, line in project.lists("nlu"):
        if not isinstance(entry, Fields):
            raise wrong_kind(file, line, "nlu", "entries with an intent and examples", entry)
        kind = next((kind for kind in KINDS if kind in entry), None)
        if kind is None:
            what = f"nlu entry with {', '.join(entry) or 'nothing'}"
            nlu.tally.add(what, f"{file}:{line}", "neither an intent nor a regex")
            continue
        name = entry[kind]
        if not isinstance(name, Text) or not name.strip():
            raise wrong_kind(file, line, kind, "a name", name)
        _read_entry(nlu, kind, name.strip(), file, entry)
    return nlu


def _read_entry(nlu: Nlu, kind: str, name: str, file: Path, entry: Fields) -> None:
    where = f"{file}:{entry.line}"
    rows = list(_listed(nlu, kind, name, file, entry))
    if kind == "intent":
        nlu.intents.setdefault(name, where)
        nlu.examples += rows
        if entry.get("metadata") is not None:
            nlu.tally.add(f"metadata of intent {name}", where, "the desk has no place for it")
    elif kind == "regex":
        nlu.regexes += rows
    else:
        why = "the desk keeps the words of the message"
        nlu.tally.add(f"{kind} {name} ({len(rows)} entries)", where, why)


def _listed(nlu: Nlu, kind: str, name: str, file: Path, entry: Fields) -> Iterator[Row]:
    """An entry's examples, in either form."""
    examples = entry.get("examples")
    line = line_of(examples, entry.line)
    if isinstance(examples, Text):
        for number, written in enumerate(examples.split("\n"), start=line):
            text = written.strip()
            if text.startswith("-"):
                if text[1:].strip():
                    yield Row(name, text[1:].strip(), file, number)
            elif text:
                why = "it begins without a dash; Rasa passes it over, too"
                nlu.tally.add(f"line of {kind} {name}: {text[:60]!r}", f"{file}:{number}", why)
    elif isinstance(examples, Items):
        for example in examples:
            place = line_of(example, line)
            fields = example if isinstance(example, Fields) else {"text": example}
            words = fields.get("text")
            if not isinstance(words, Text) or not words.strip():
                raise wrong_kind(file, place, f"{kind} {name}: examples", "texts", words)
            text = words.strip("\n\r ")
            yield Row(name, text, file, line_of(words, place), fields.get("metadata"))
    elif examples is not None:
        raise wrong_kind(file, line, f"{kind} {name}: examples", "a text or a list", examples)
