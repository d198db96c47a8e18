"""The files of a Rasa project, merged by their top-level keys.

Used by ``service.transfer.rasa``. What is no training data, no domain and no response is listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.errors import ContentError
from service.files import read_text
from service.transfer.pieces import Note
from service.transfer.placed import Fields, Items, line_of, load_placed, wrong_kind

READ = ("nlu", "responses", "intents", "entities", "slots", "forms", "rules")
FOREIGN = ("node_modules", "site-packages")
SETTINGS = "a setting of Rasa's, not content"
PASSED_OVER = {
    "stories": "the desk routes by itself; it has no stories",
    "rules": "the desk routes by itself; a rule from an intent to a response places the response",
    "forms": "the desk asks for the slots that an intent or its template needs",
    "actions": "the desk runs no code of its owner's",
    "e2e_actions": "the desk runs no code of its owner's",
    "flows": "the desk has no flows",
    "session_config": SETTINGS,
    "config": SETTINGS,
    "pipeline": SETTINGS,
    "policies": SETTINGS,
    "language": SETTINGS,
    "recipe": SETTINGS,
    "assistant_id": SETTINGS,
}
OLD = "the format of Rasa 1; `rasa data convert nlu` makes YAML of it"
OLD_MARKS = ("## intent:", '"rasa_nlu_data"')


@dataclass(frozen=True, slots=True)
class Part:
    """A value under a top-level key, and where it is."""

    path: Path
    line: int
    value: Any


@dataclass
class Project:
    """Everything that was read, by top-level key."""

    parts: dict[str, list[Part]] = field(default_factory=dict)
    lost: list[Note] = field(default_factory=list)

    def lists(self, key: str) -> Iterator[tuple[Path, Any, int]]:
        """The entries of all lists under a key, each with its file and line."""
        for part in self.parts.get(key, ()):
            if not isinstance(part.value, Items | None):
                raise wrong_kind(part.path, part.line, key, "a list", part.value)
            for entry in part.value or ():
                yield part.path, entry, line_of(entry, part.line)

    def fields(self, key: str) -> Iterator[tuple[Path, str, Any, int]]:
        """The fields of all mappings under a key: file, name, value and line."""
        for part in self.parts.get(key, ()):
            if not isinstance(part.value, Fields | None):
                raise wrong_kind(part.path, part.line, key, "fields", part.value)
            if part.value is not None:
                for name, value in part.value.items():
                    yield part.path, str(name), value, part.value.lines.get(name, part.line)


def read_project(path: Path) -> Project:
    """All YAML files of a folder, or the one file; ``ContentError`` names what is broken."""
    if not path.exists():
        raise ContentError(f"{path}: there is no such file or folder.")
    project = Project()
    for file in _files(path):
        if file.suffix.lower() in (".yml", ".yaml"):
            _add(project, file, alone=file == path)
        elif _is_old(file, alone=file == path):
            if file == path:
                raise ContentError(f"{path}: {OLD}.")
            project.lost.append(Note(file.name, str(file), OLD))
        elif file == path:
            raise ContentError(f"{path}: not a YAML file.")
    if not any(key in project.parts for key in ("nlu", "responses", "intents")):
        raise ContentError(f"{path} holds no Rasa project: no nlu, no domain, no responses.")
    return project


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix.lower() in (".yml", ".yaml", ".md", ".json")
        and file.is_file()
        and not any(p.startswith(".") or p in FOREIGN for p in file.relative_to(path).parts)
    ]


def _is_old(file: Path, alone: bool) -> bool:
    """Whether it is training data of Rasa 1; beside others it may be any file at all."""
    try:
        text = read_text(file)
    except ContentError:
        if alone:
            raise
        return False
    return any(mark in text for mark in OLD_MARKS)


def _add(project: Project, file: Path, alone: bool) -> None:
    value = load_placed(file)
    if value is None:
        return
    if not isinstance(value, Fields):
        if alone:
            raise wrong_kind(file, 1, "the file", "fields", value)
        project.lost.append(Note(file.name, str(file), "not a file of Rasa's"))
        return
    for key, inner in value.items():
        line = value.lines.get(key, 1)
        if key in READ:
            project.parts.setdefault(key, []).append(Part(file, line, inner))
        if key in PASSED_OVER or key not in (*READ, "version"):
            many = f" ({len(inner)})" if isinstance(inner, Items | Fields) else ""
            why = PASSED_OVER.get(key, "not a key of Rasa's training data or domain")
            project.lost.append(Note(f"{key}{many}", f"{file}:{line}", why))
