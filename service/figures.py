"""What is told of a release where releases are listed: what it was measured at, and what it weighs.

Reads the release's own files, of any version; what is missing or damaged there is null here. Called
by the web; loads no model.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

log = logging.getLogger("frontdesk.figures")

METRICS = "metrics.json"
# What is shown, by the head of the metrics and its figure.
FIGURES = {
    "accuracy": ("intent", "accuracy"),
    "out_of_scope": ("out_of_scope", "recall"),
    "known_kept": ("out_of_scope", "known_kept"),
    "sentiment": ("sentiment", "accuracy"),
    "entities": ("entities", "f1"),
    "answered": ("promise", "answered"),
    "precision": ("promise", "precision"),
    "promised": ("promise", "promise"),
}


def figures_of(folder: Path) -> dict[str, float | bool | None]:
    """Shares between 0 and 1, null where they were not measured.

    ``kept`` is whether the rows at hand are in keeping with the promise: what was ``promised`` lies
    within the interval of the ``precision`` of its answers, or below it.
    """
    try:
        metrics = orjson.loads((folder / METRICS).read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        log.warning("%s cannot be read: %s", folder / METRICS, error)
        metrics = {}
    figures: dict[str, float | bool | None] = {
        name: _number(metrics, *place) for name, place in FIGURES.items()
    }
    highest = _number(metrics, "promise", "precision_interval", 1)
    promised = figures["promised"]
    figures["kept"] = None if highest is None or promised is None else highest >= promised
    return figures


def size_of(folder: Path) -> int:
    """Bytes of all its files."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # it may be on its way out
                size += os.path.getsize(os.path.join(place, name))
    return size


def _number(value: Any, *steps: str | int) -> float | None:
    """The number at the end of the steps into nested JSON; none where there is no such place."""
    for step in steps:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None
