"""Which texts a release has seen: fingerprints in its folder; and marks where one was erased.

Written by training and by ``frontdesk erase``; read by whoever lists releases. A fingerprint tells
whether a text that one has is the same, not what it says. Imports no torch.
"""

import hashlib
import json
import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from index.errors import ReleaseError
from index.release import write_json

SEEN = "seen.json"
MARKS = "erased.json"  # beside the releases, whose own folders do not change
QUOTED = (280, 80)  # characters of a long text that reports and metrics quote
ELLIPSES = ("…", "...")


def normalise(text: str) -> str:
    """The form in which texts are compared: Unicode NFKC, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def fingerprint(text: str) -> str:
    """Half of the sha256 of the normalised text."""
    return hashlib.sha256(normalise(text).encode("utf-8", "replace")).hexdigest()[:16]


def fingerprints(text: str) -> tuple[str, ...]:
    """Of the text, and of its beginnings as they are quoted: ``is_quote_of`` knows those."""
    found = [fingerprint(text)]
    for longest in QUOTED:
        if len(text) > longest:
            found += [fingerprint(text[: longest - len(mark)]) for mark in ELLIPSES]
    return tuple(dict.fromkeys(found))


def is_quote_of(quote: str, erased: frozenset[str]) -> bool:
    """Whether a quote, whole or cut, is of a text with one of these ``fingerprints``."""
    bare = next((quote.removesuffix(m) for m in ELLIPSES if quote.endswith(m)), quote)
    return fingerprint(quote) in erased or fingerprint(bare) in erased


def write_fingerprints(
    folder: Path,
    learned: Iterable[str],
    tested: Iterable[str] = (),
    originals: Iterable[str] = (),
) -> None:
    """Keep in the release ``folder`` which texts it was trained and calibrated on, and which only
    tested it. ``originals`` are fingerprints of texts that it learned from in another form."""
    texts = {fingerprint(text) for text in learned} | set(originals)
    only = {fingerprint(text) for text in tested} - texts
    write_json(folder / SEEN, {"texts": sorted(texts), "tested": sorted(only)})


def read_fingerprints(folder: Path, *, tested: bool = False) -> set[str] | None:
    """Of the texts that a release has learned from, or also of the tested ones; none when it is of
    a version that kept none. Raises ``ReleaseError``."""
    try:
        seen = json.loads((folder / SEEN).read_bytes())
        return {*seen["texts"], *(seen.get("tested", ()) if tested else ())}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{folder / SEEN} cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class Mark:
    """That a release has seen erased texts: since when it is known, and of each erasure how many.

    ``unknown`` is a release of a version that kept no fingerprints: nobody can tell.
    """

    at: str
    erasures: Mapping[str, int] = field(default_factory=dict)
    unknown: bool = False

    @property
    def texts(self) -> int:
        """How many erased texts it has seen."""
        return sum(self.erasures.values())

    def describe(self) -> str:
        """The mark in words."""
        if self.unknown:
            return "may have learned from erased messages; retrain to replace it"
        plural = "" if self.texts == 1 else "s"
        return f"learned from {self.texts} erased message{plural}; retrain to replace it"

    def to_json(self) -> dict[str, object]:
        """As commands and the API tell it."""
        return {"at": self.at, "texts": None if self.unknown else self.texts}


def read_marks(releases: Path) -> dict[str, Mark]:
    """The marked releases by their ids. Raises ``ReleaseError``."""
    path = releases / MARKS
    try:
        return {name: Mark(**mark) for name, mark in json.loads(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}") from None


def write_marks(releases: Path, marks: Mapping[str, Mark]) -> None:
    """Replace the marks in one step; the caller sees to it that nobody else does at this moment."""
    draft = releases / f".{MARKS}.draft"
    with draft.open("w", encoding="utf-8") as file:
        json.dump({name: asdict(mark) for name, mark in sorted(marks.items())}, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(releases / MARKS)
