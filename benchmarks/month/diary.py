"""What an interrupted month goes on from: the figures so far, and what the people know.

Written by the command after every day and every night; the desk's home is the other half of it.
"""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.month.nights import Marks
from benchmarks.month.people import Floor
from index.release import replace_text

Figures = dict[str, Any]


@dataclass
class Diary:
    """``marks`` are of the champion, ``failing`` texts of golden cases that it answers wrongly;
    ``today`` is the day whose night is still to come, empty when there is none, and ``known`` the
    intents that the desk had on its morning."""

    result: Figures
    marks: Marks
    failing: list[str] = field(default_factory=list)
    today: Figures = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    waiting: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, place: Path) -> "Diary | None":
        """The diary of a month that was begun, if it was."""
        if not place.is_file():
            return None
        kept = json.loads(place.read_text(encoding="utf-8"))
        return cls(**{**kept, "marks": Marks(**kept["marks"])})

    def save(self, place: Path, floor: Floor) -> None:
        """Write all of it, never half."""
        self.intents, self.waiting = sorted(floor.intents), dict(floor.waiting)
        self.result["labels"] = {name: dict(labels) for name, labels in floor.labels.items()}
        replace_text(place, json.dumps(asdict(self)) + "\n")

    def recall(self, floor: Floor) -> None:
        """Tell the people what they knew."""
        floor.intents.update(self.intents)
        floor.waiting.update(self.waiting)
        for name, labels in self.result["labels"].items():
            floor.labels[name] = Counter(labels)
