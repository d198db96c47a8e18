"""Files that people write, read as values: every mistake named with its file, line or field.

Used by the desk folder and by the importers. Knows UTF-8 text, YAML and JSON lines; never what the
values mean. A file made to be hard to read (endless nesting, values repeated without end) is a
mistake like any other.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import orjson
import yaml
from pydantic import BaseModel, ValidationError

from service.errors import ContentError

M = TypeVar("M", bound=BaseModel)
IMPLICIT = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
MOST_CHARACTERS = 100_000_000
MOST_VALUES = 1_000_000
SURROGATE = re.compile("[\ud800-\udfff]")


def read_text(path: Path, newline: str | None = None) -> str:
    """The text of a UTF-8 file, without a byte order mark; ``newline`` as ``open`` takes it."""
    try:
        with path.open(encoding="utf-8-sig", newline=newline) as file:
            text = file.read(MOST_CHARACTERS + 1)
    except UnicodeDecodeError as error:
        line = bytes(error.object[: error.start]).count(b"\n") + 1
        raise ContentError(f"{path}, line {line}: not UTF-8 (byte {error.start}).") from None
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}.") from None
    if len(text) > MOST_CHARACTERS:
        raise ContentError(f"{path}: longer than {MOST_CHARACTERS} characters.")
    return text


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file beside its place and move it there: it is never half written.

    A ``private`` one is for the desk's own user only.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        if private:
            draft.unlink(missing_ok=True)
            draft.touch(0o600, exist_ok=False)
        draft.write_text(text, encoding="utf-8", newline="")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


class AsWritten(yaml.SafeLoader):
    """YAML whose values are the text that is written: 0301234567, 9:00, yes, 1.10 and dates too.

    What a field means as a number, its schema reads. The same field twice is an error.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._values = 0
        self._sizes: dict[str | None, int] = {}  # by anchor: of how many values it is

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Fields as written: merging ``<<``, which comes later, may rightly add one again."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the field {key.value!r} is there twice"
                raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        return node

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        """A text, which an escape may have made one that no file can hold."""
        text = super().construct_scalar(node)
        if isinstance(text, str) and SURROGATE.search(text):
            problem = "half a character (a surrogate)"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return text

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Count the values, those of an alias each time again: they could double at every step."""
        before, event = self._values, self.peek_event()  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            self._values += self._sizes.get(event.anchor, 1)
        else:
            self._values += 1
            if event.anchor is not None:
                self._sizes[event.anchor] = self._values - before
        if self._values > MOST_VALUES:
            problem = f"more than {MOST_VALUES} values, repeated ones counted"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return node


AsWritten.yaml_implicit_resolvers = {
    first: [(tag, rx) for tag, rx in resolvers if tag in IMPLICIT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


# Texts, lists and fields; another tag would construct something that no schema expects.
AsWritten.yaml_constructors = {
    tag: construct
    for tag, construct in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in ("null", "str", "seq", "map")
}


def load_yaml(path: Path, loader: type[AsWritten] = AsWritten) -> Any:
    """The value of a YAML file."""
    return yaml_value(read_text(path), path, loader=loader)


def yaml_value(text: str, path: Path, offset: int = 0, loader: type[AsWritten] = AsWritten) -> Any:
    """The value of YAML text that begins after ``offset`` lines of the file."""
    try:
        return yaml.load(text, loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 + offset if error.problem_mark else "?"
        raise ContentError(f"{path}, line {line}: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise ContentError(f"{path}: {error}.") from None
    except RecursionError:
        raise ContentError(f"{path}: nested too deeply.") from None


def json_value(path: Path) -> Any:
    """The value of a JSON file."""
    text = read_text(path)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = f"{path}, line {error.lineno}"
        raise ContentError(f"{place}: not JSON: {error.msg}.") from None


def json_lines(path: Path) -> Iterator[tuple[Path, int, Any]]:
    """File, number and value of every line that is not blank; none for a file that is missing."""
    if not path.is_file():
        return
    # Not splitlines(): a text may hold U+2028 and its like.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            try:
                yield path, number, orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise ContentError(f"{path}, line {number}: not JSON: {error.msg}.") from None


def parse(model: type[M], value: Any, path: Path, line: int | None = None) -> M:
    """The value as a checked model; ``ContentError`` names the field of its first mistake."""
    place = f"{path}, line {line}" if line else str(path)
    if not isinstance(value, dict):
        raise ContentError(f"{place}: expected fields with values, got {type(value).__name__}.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"]]
        field = "".join(steps).lstrip(".")
        named = _name_at(value, first["loc"])
        raise ContentError(f"{place}: {field}{named}: {first['msg']}.") from None


def _name_at(value: Any, loc: tuple[int | str, ...]) -> str:
    """The name of the innermost named entry on the way to a mistake, as `` (track_order)``."""
    found = ""
    for step in loc:
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            found = f" ({value['name']})"
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            break
    return found
