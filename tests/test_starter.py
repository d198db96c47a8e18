"""The starter desk as a customer meets it: what its first release reaches on rows it never saw."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.commands.home import STARTER
from service.content import read_desk
from starter_desk import Starter

STRANGERS = Path(__file__).parent / "fixtures" / "strangers.jsonl"

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(1500)]


def read_lines(home: Path, texts: list[str]) -> list[dict[str, Any]]:
    """What ``frontdesk read`` says of the texts."""
    done = subprocess.run(
        [sys.executable, "-m", "service", "--home", str(home), "read"],
        input="".join(f"{text}\n" for text in texts).encode(),
        capture_output=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_held_out_rows_reach_what_the_desk_needs(starter: Starter) -> None:
    metrics = starter.metrics
    assert metrics["measured_on"] == "test"
    assert metrics["intent"]["accuracy"] >= 0.93
    assert metrics["sentiment"]["macro_f1"] >= 0.85


def test_the_promise_holds_on_held_out_rows(starter: Starter) -> None:
    promise = starter.metrics["promise"]
    assert promise["promise"] == 0.95
    assert promise["precision"] >= 0.95
    assert promise["answered_in_scope"] >= 0.6


def test_golden_cases_are_read_rightly_and_nearly_all_acted_on(starter: Starter) -> None:
    """Every intent is right. The action may fall back to asking, rarely: the goal is never."""
    cases = read_desk(STARTER).golden
    lines = read_lines(starter.home, [case.text for case in cases])
    pairs = list(zip(cases, lines, strict=True))
    misread = [case.text for case, line in pairs if line["intent"]["label"] != case.intent]
    cautious = [case.text for case, line in pairs if line["route"]["action"] != case.action]
    assert len(cases) >= 150
    assert misread == []
    assert len(cautious) <= 6, cautious


def test_strangers_are_answered_or_handed_over_sensibly(starter: Starter) -> None:
    rows = [json.loads(line) for line in STRANGERS.read_text(encoding="utf-8").splitlines()]
    lines = read_lines(starter.home, [row["text"] for row in rows])
    missed = []
    for row, line in zip(rows, lines, strict=True):
        route = line["route"]
        # Without an acceptable intent a message may be asked back or handed over, nothing else.
        followed = None if route["action"] == "handoff" and not row["intents"] else route["intent"]
        if route["action"] not in row["actions"] or followed not in (None, *row["intents"]):
            missed.append((row["text"], route, line["intents"][:3]))
    assert len(rows) >= 60
    # The goal is nine of ten; the first release reached 63 of 72.
    assert len(rows) - len(missed) >= 60, missed


def test_the_same_message_is_read_the_same_alone_and_among_others(starter: Starter) -> None:
    texts = ["where is my parcel KM-482913", "hi", "my tent pole snapped after a year " * 10]
    together = read_lines(starter.home, texts)
    alone = [read_lines(starter.home, [text])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one["intent"]["label"] == other["intent"]["label"]
        assert one["intent"]["confidence"] == pytest.approx(other["intent"]["confidence"], abs=0.01)
