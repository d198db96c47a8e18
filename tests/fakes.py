"""Fakes that tests put in the place of models: deterministic, numpy only."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np

from index.recognisers import recognise
from index.records import OUT_OF_SCOPE, SENTIMENTS, Entity, Hit, Reading, Scored, Thresholds, Vector
from service.catalogue import Catalogue
from service.config import Config
from service.engine import OnTrial, local_today, recognisers
from service.errors import EngineAway
from service.records.content import Content, Template
from service.store import Store
from small_desk import KEYWORDS

HIDDEN = 32
THRESHOLDS = Thresholds(promise=0.95, risk=0.05, answer=0.7, clarify=0.25, in_scope=0.5)
UPSETTING = ("terrible", "furious", "disgrace")
PLEASING = ("thanks", "lovely")


def vector_of(text: str) -> Vector:
    """A unit vector of the text's words: equal texts are near, others far."""
    total = np.zeros(HIDDEN, np.float32)
    for word in text.casefold().split() or [""]:
        digest = hashlib.shake_128(word.encode("utf-8", "replace")).digest(HIDDEN)
        total += np.frombuffer(digest, np.uint8).astype(np.float32) - 127.5
    return np.asarray(total / np.linalg.norm(total), np.float32)


def reading_of(
    text: str,
    intents: Mapping[str, float] | None = None,
    mood: str = "neutral",
    *,
    in_scope: float = 0.99,
    entities: tuple[Entity, ...] = (),
    release: str = "rel_fake",
    sureness: float = 0.9,
) -> Reading:
    """A reading with these intents, most likely first, and one mood."""
    ranked = sorted((intents or {}).items(), key=lambda entry: -entry[1])
    rest = (1 - sureness) / 2
    moods = [Scored(mood, sureness), *(Scored(s, rest) for s in SENTIMENTS if s != mood)]
    return Reading(
        text=text,
        vector=vector_of(text),
        intents=tuple(Scored(label, confidence) for label, confidence in ranked),
        sentiments=tuple(moods) if mood else (),
        in_scope=in_scope,
        entities=entities,
        release=release,
    )


class FakeEngine:
    """Reads by keywords, or exactly what ``script`` says of a text."""

    thresholds = THRESHOLDS

    def __init__(
        self, content: Content, script: Mapping[str, Reading], release: str = "rel_fake"
    ) -> None:
        self.release = release
        self.batches: list[int] = []
        self.catalogue = Catalogue.of(content)
        self.script = script
        self.recognisers = recognisers(self.catalogue)
        self.entries = [Hit("template", t.name, 0, t.intent, t.text) for t in content.templates]
        self.entries += [Hit("example", e.id, 0, e.intent, e.text) for e in content.examples]
        self.vectors = np.array([vector_of(e.text) for e in self.entries]).reshape(-1, HIDDEN)

    def read(
        self,
        texts: Sequence[str],
        days: Sequence[date] | None = None,
        *,
        until: float | None = None,
    ) -> list[Reading]:
        self.batches.append(len(texts))
        days = days or [local_today()] * len(texts)
        pairs = zip(texts, days, strict=True)
        return [self.script.get(text) or self._read(text, day) for text, day in pairs]

    def read_idly(self, texts: Sequence[str]) -> list[Reading]:
        return self.read(texts)

    def search_all(self, readings: Sequence[Reading]) -> list[list[Hit]]:
        return [self.search(reading) for reading in readings]

    def search(self, reading: Reading) -> list[Hit]:
        scores = self.vectors @ reading.vector
        best = np.argsort(-scores, kind="stable")[:5]
        return [replace(self.entries[row], score=float(scores[row])) for row in best]

    def _read(self, text: str, day: date) -> Reading:
        lower = text.casefold()
        found = [intent for words, intent in KEYWORDS.items() if words in lower]
        others = {name: 0.02 for name in self.catalogue.intents if name not in found}
        if not found:
            intents = others | {OUT_OF_SCOPE: 0.1}
        elif "maybe" in lower:
            intents = others | {name: 0.4 - 0.05 * n for n, name in enumerate(found)}
        else:
            intents = others | dict.fromkeys(found, 0.03) | {found[0]: 0.95}
        mood = "negative" if any(w in lower for w in UPSETTING) else "neutral"
        mood = "positive" if any(w in lower for w in PLEASING) else mood
        entities = recognise(text, self.recognisers, day)
        # A bare fact is known to the desk even when no intent is.
        in_scope = 0.99 if found or entities else 0.1
        return reading_of(
            text, intents, mood, in_scope=in_scope, entities=entities, release=self.release
        )


class FakeEngines:
    """A source that follows the store's content, and can be away; ``tried`` is on trial."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.away = False
        self.problem = ""
        self.script: dict[str, Reading] = {}
        self.engine: FakeEngine | None = None
        self.tried: OnTrial | None = None

    def on_trial(self) -> OnTrial | None:
        return self.tried

    def current(self) -> FakeEngine:
        if self.away:
            raise EngineAway("The model is away.")
        revision = self.store.content_revision()
        if self.engine is None or self.engine.catalogue.revision != revision:
            self.engine = FakeEngine(self.store.content(), self.script)
        return self.engine


TRAINED = "2025-12-01T00:00:00+00:00"


@dataclass
class FakeReader:
    """A release without weights."""

    id: str
    thresholds: Thresholds = THRESHOLDS
    encoded: list[str] = field(default_factory=list)
    warmed: bool = False
    backend: Any = field(default_factory=lambda: SimpleNamespace(name="fake cpu", lanes=1))
    labels: Any = field(default_factory=lambda: SimpleNamespace(intents=("greeting", "returns")))

    @property
    def release(self) -> Any:
        return SimpleNamespace(id=self.id, manifest=SimpleNamespace(created_at=TRAINED))

    def warm_up(self) -> None:
        self.warmed = True

    def warm_up_batches(self) -> None:
        pass

    def encode(self, texts: Sequence[str]) -> Any:
        self.encoded += texts
        return np.array([vector_of(t) for t in texts], np.float32).reshape(-1, HIDDEN)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return [reading_of(text, {"greeting": 0.9}, release=self.id) for text in texts]


def crown(config: Config, release: str) -> None:
    """Make a release the champion, as ``index.champion`` does."""
    (config.releases / release).mkdir(parents=True, exist_ok=True)
    fresh = config.releases / ".champion"
    fresh.write_text(f"{release}\n")
    os.replace(fresh, config.releases / "champion")


def save(store: Store, text: str) -> None:
    store.save_template(Template("greeting", "greeting", text))
