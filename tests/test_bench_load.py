"""The load bench's homes, pages and pictures; what drives servers needs wrk and is not run here."""

import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.load.__main__ import middle, write
from benchmarks.load.bench import LADDER, OFFERED
from benchmarks.load.homes import copy_home, fill_conversations, grow_templates
from benchmarks.plotting import decades, even
from benchmarks.soak.__main__ import write as write_soak
from benchmarks.soak.page import verdict
from benchmarks.soak.processes import ROLES, measure
from service.config import Config
from service.store import open_store
from small_desk import small_desk

SVG = "{http://www.w3.org/2000/svg}"
FACTS: dict[str, Any] = {
    "at": "2026-01-02T03:04:05+00:00",
    "commit": "abc1234",
    "dirty": False,
    "machine": {"processor": "Some <CPU> & more", "cores": 2, "memory_gib": 8},
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "releases").mkdir(parents=True)
    store = open_store(Config(home=home))
    store.replace_content(small_desk())
    store.create_conversation()
    store.close()
    return home


def test_copy_has_the_content_and_no_conversations(home: Path, tmp_path: Path) -> None:
    copy = copy_home(home, tmp_path / "copy")
    store = open_store(Config(home=copy))
    own = small_desk()
    assert store.content().templates == own.templates
    assert [e.text for e in store.content().examples] == [e.text for e in own.examples]
    assert store.last_event() == 1  # of the content alone
    store.close()
    assert grow_templates(copy, 50) == 50
    store = open_store(Config(home=home))
    assert store.content().templates == own.templates
    store.close()


def test_grown_templates_differ_and_begin_with_the_fewer(home: Path, tmp_path: Path) -> None:
    copy = copy_home(home, tmp_path / "copy")
    texts = []
    for count in (0, 100, 2000):
        grow_templates(copy, count)
        store = open_store(Config(home=copy))
        texts.append([template.text for template in store.content().templates])
        store.close()
    own, few, many = texts
    assert (len(own), len(few), len(many)) == (len(small_desk().templates), 100, 2000)
    assert few[: len(own)] == own
    assert many[:100] == few
    assert len(set(many)) == len(many) - len(own) + len(set(own))


def test_filled_conversations_open_to_their_tokens(home: Path) -> None:
    places = fill_conversations(home, 2, 20)
    store = open_store(Config(home=home))
    for path, token in places:
        conversation = store.authorized_conversation(path.split("/")[4], token)
        assert not conversation.owned_by_person
        assert len(store.messages(conversation.id)) == 20
    store.close()


def a_load(rate: float, ms: float) -> dict[str, Any]:
    actions = {"answer": 0.6, "clarify": 0.05, "ask": 0.1, "handoff": 0.2, "none": 0.05}
    times = {"median_ms": ms, "p90_ms": 2 * ms, "p99_ms": 3 * ms}
    return {"rate": rate, "failed": 0, **times, "actions": actions}


def a_result() -> dict[str, Any]:
    found = {name: {"full": a_load(100, 9), "one": a_load(9, 20)} for name in ("mosec", "litserve")}
    found["flask"] = {"full": a_load(10, 900), "one": a_load(5, 80)}
    found["frontdesk"] = {
        "full": a_load(260, 90),
        "one": a_load(120, 8),
        "offered": {str(share): a_load(2.6 * share, 10 + share) for share in OFFERED},
    }
    found["bare"] = {"rate": 1000, "one_ms": 4.0, "tokens": 13.0, "how": "int8 cpu"}
    size = {"templates": 109, "ready_seconds": 4.2, "many": a_load(230, 60), "one": a_load(99, 9)}
    return {
        **FACTS,
        "busy_cores": 0.1,
        "seconds": 8,
        "rounds": [found],
        "median": middle([found, found]),
        "ladder": [{"customers": n, **a_load(50 * n**0.5, 8 * n)} for n in LADDER],
        "templates": [size, {"templates": 50_000, "ready_seconds": None}],
        "lengths": [
            {"messages": n, "turns": 200, "median_ms": ms, "p90_ms": 2 * ms}
            for n, ms in ((0, 8.0), (10_000, 9.0))
        ],
    }


def test_load_is_written_as_page_and_picture(tmp_path: Path) -> None:
    page = write(a_result(), tmp_path)
    assert page == (tmp_path / "load-2026-01-02-abc1234.md").read_text()
    assert "![Throughput and latency](load-2026-01-02-abc1234.svg)" in page
    assert "| turns, of mosec's embeddings | ≥ 2.5 | 2.60 | met |" in page
    assert "| half the peak rate: p99, in bare passes | ≤ 4 | 45.00 | missed |" in page
    assert "| a turn after 10,000 messages, of one after 0 | ≤ 1.1 | 1.12 | missed |" in page
    assert "| 50 % | 130 | 60.0 | 120.0 | 180.0 | 5 % |" in page
    assert "| 50,000 | not within 120 | | | |" in page
    root = ET.parse(tmp_path / "load-2026-01-02-abc1234.svg").getroot()
    assert root.find(f"{SVG}style") is not None
    assert len(root.findall(f"{SVG}g")) == 4
    assert len(root.findall(f".//{SVG}polyline")) == 1 + 3 + 3
    titles = [text.text for text in root.iter(f"{SVG}text")]
    assert {"frontdesk", "LitServe", "p99", "90 %", "64"} <= set(titles)


def test_page_says_when_others_used_the_machine(tmp_path: Path) -> None:
    assert "Others used" not in write(a_result(), tmp_path)
    assert "Others used" in write({**a_result(), "busy_cores": 2.3}, tmp_path)


def test_drawn_points_lie_within_their_panel(tmp_path: Path) -> None:
    write(a_result(), tmp_path)
    root = ET.parse(tmp_path / "load-2026-01-02-abc1234.svg").getroot()
    for line in root.iter(f"{SVG}polyline"):
        places = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert all(0 < x < 450 and 60 < y < 300 for x, y in places)
        assert len(set(places)) == len(places)


@pytest.mark.parametrize("most", [0.3, 1, 7, 99, 100, 101, 250, 3100])
def test_even_axis_ends_just_above(most: float) -> None:
    axis = even(most, "")
    assert axis.ticks[-2][0] < most <= axis.ends[1] == axis.ticks[-1][0]
    assert 3 <= len(axis.ticks) <= 6


@pytest.mark.parametrize("values", [(8.1, 359), (5, 5), (0.02, 3), (100, 1000)])
def test_logarithmic_axis_holds_its_values(values: tuple[float, ...]) -> None:
    axis = decades(values, "")
    assert 10 ** axis.ends[0] <= min(values) * 1.0001
    assert 10 ** axis.ends[1] >= max(values) * 0.9999
    assert len(axis.ticks) == len({name for _, name in axis.ticks}) >= 1


def a_soak(minutes: int, growth: float = 0.0, replaced: bool = False) -> dict[str, Any]:
    samples = []
    for minute in range(1, minutes + 1):
        grown = 1 + growth * max(0, minute - 10) / max(1, minutes - 10)
        roles = {
            role: {
                "pids": [at],
                "memory_mib": 300 * grown,
                "anonymous_mib": 200 * grown,
                "files": 20,
                "threads": 9,
            }
            for at, role in enumerate(ROLES)
        }
        if replaced and minute > minutes / 2:
            roles["model"]["pids"] = [99]
        samples.append({"minute": float(minute), **a_load(20, 9), "roles": roles})
    actions = {"answer": 90.0, "none": 10.0}
    return {**FACTS, "actions": actions, "edits": 5, "console_failed": 0, "samples": samples}


@pytest.mark.parametrize(
    ("soak", "said"),
    [
        (a_soak(60, 0.05), "met"),
        (a_soak(60, 0.07), "wanted ≤ 5 %: missed"),
        (a_soak(60, replaced=True), "a process ended and was replaced"),
        (a_soak(12), "No verdict"),
    ],
)
def test_soak_is_judged_from_the_tenth_minute(soak: dict[str, Any], said: str) -> None:
    assert said in verdict(soak)


def test_soak_is_written_as_page_and_picture(tmp_path: Path) -> None:
    page = write_soak(a_soak(60, 0.5), tmp_path)
    assert "| **all** | memory, MiB | " in page
    assert "| web | open files | 20 | 20 | +0.0 % |" in page
    root = ET.parse(tmp_path / "soak-2026-01-02-abc1234.svg").getroot()
    assert len(root.findall(f".//{SVG}polyline")) == 4 + 2 + 3 + 3


def test_processes_are_measured_by_role() -> None:
    use = measure(os.getpid())["master"]
    assert use["pids"] == [os.getpid()]
    assert use["memory_mib"] >= use["anonymous_mib"] > 10
    assert use["files"] >= 3
    assert use["threads"] >= 1
