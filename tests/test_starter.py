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

FIXTURES = Path(__file__).parent / "fixtures"

pytestmark = [pytest.mark.model, pytest.mark.slow]


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


def test_golden_cases_are_read_rightly_and_acted_on(starter: Starter) -> None:
    cases = read_desk(STARTER).golden
    lines = read_lines(starter.home, [case.text for case in cases])
    pairs = list(zip(cases, lines, strict=True))
    misread = [case.text for case, line in pairs if line["intent"]["label"] != case.intent]
    cautious = [case.text for case, line in pairs if line["route"]["action"] != case.action]
    assert len(cases) >= 150
    assert misread == []
    # All passed when this was written; one may turn with the rounding of another processor.
    assert len(cautious) <= 2, cautious


# Sensible treatments when this was written: 65 and 66 of the 72 that nobody had seen (the goal is
# nine of ten), and 127 and 128 of the 144 that the desk was mended with. A message or two may turn
# with the rounding of another processor.
@pytest.mark.parametrize(("name", "least"), [("strangers", 63), ("strangers_seen", 124)])
def test_strangers_are_answered_or_handed_over_sensibly(
    starter: Starter, name: str, least: int
) -> None:
    lines = (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    readings = read_lines(starter.home, [row["text"] for row in rows])
    missed = []
    for row, line in zip(rows, readings, strict=True):
        route = line["route"]
        # Without an acceptable intent a message may be asked back or handed over, nothing else.
        followed = None if route["action"] == "handoff" and not row["intents"] else route["intent"]
        if route["action"] not in row["actions"] or followed not in (None, *row["intents"]):
            missed.append((row["text"], route, line["intents"][:3]))
    assert len(rows) >= 60
    assert len(rows) - len(missed) >= least, missed


def test_the_same_message_is_read_the_same_alone_and_among_others(starter: Starter) -> None:
    texts = ["where is my parcel KM-482913", "hi", "my tent pole snapped after a year " * 10]
    together = read_lines(starter.home, texts)
    alone = [read_lines(starter.home, [text])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one["intent"]["label"] == other["intent"]["label"]
        assert one["intent"]["confidence"] == pytest.approx(other["intent"]["confidence"], abs=0.01)
