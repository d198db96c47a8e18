"""The first night on Bitext's answered questions, labels hidden: ``python -m benchmarks.history``.

The history is every question and answer of bitext_answers.jsonl, and, as what nobody asks twice,
the entries of StackFAQ. It goes through the product's own pairing, masking, grouping and proposing
into an empty desk. A person who accepts the first proposals as they are is played, who knows what
each is about: the label that most of its questions have; groups of one label become one intent. The
desk that results is trained with ``--recipe``, and reads questions of Bitext's other generation
run. Writes
benchmarks/results/history-DATE-COMMIT.json and .md.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from click.testing import CliRunner
from sklearn.metrics import homogeneity_completeness_v_measure

from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from finetune.cli import train
from finetune.history import group_pairs
from index.seen import normalise
from service.commands.home import make_home
from service.commands.talking import open_engine
from service.commands.transfer import SAMPLE
from service.config import Config
from service.history.gathering import gather
from service.history.proposing import make_proposals
from service.history.threads import Line, Thread
from service.records.conversations import Dialogue
from service.records.proposals import Acceptance, Group, Proposal
from service.replies import variables
from service.router import decide
from service.store import Store, open_store

DATA = ROOT / ".." / "shared" / "data"
RESULTS = ROOT / "benchmarks" / "results"
FIRST = 20
HELD_OUT = 100  # questions of an intent, or all that there are
STRANGER = "stackfaq"
SEED = 5
Figures = dict[str, Any]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--recipe", type=Path, help="of the training; none: nothing is trained")
    parser.add_argument("--accept", type=int, nargs="+", default=[FIRST, 40], help="proposals")
    parser.add_argument("--sample", type=int, default=SAMPLE, help="conversations, as --sample")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    threads, labels = read_history(options.data)
    with TemporaryDirectory() as name:
        config = Config(home=Path(name) / "home", device="cpu")
        make_home(config, empty=True)
        store = open_store(config)
        figures = propose(config, store, threads, labels, options.sample)
        if options.recipe:
            figures["recipe"] = json.loads(options.recipe.read_text())
            figures["desks"] = run_desks(config, store, options)
        store.close()
    figures |= {"machine": describe_machine("cpu"), **describe_commit()}
    print(json.dumps(figures, indent=2))
    stem = f"history-{datetime.now(UTC).date()}-{figures['commit']}"
    (RESULTS / f"{stem}.json").write_text(json.dumps(figures, indent=2) + "\n")
    (RESULTS / f"{stem}.md").write_text(page(figures))


def read_history(data: Path) -> tuple[list[Thread], dict[str, str]]:
    """The conversations in a mixed order, and the hidden label of each question."""
    pairs = [
        (row["question"], row["answer"], row["intent"]) for row in _rows(data, "bitext_answers")
    ]
    for entry in _rows(data, "stackfaq_entries"):
        pairs.append((entry["question"], entry["answers"][0], STRANGER))
    random.Random(SEED).shuffle(pairs)
    threads = [
        Thread(str(place), (Line("customer", question), Line("operator", answer)))
        for place, (question, answer, _) in enumerate(pairs)
    ]
    return threads, {str(place): label for place, (*_, label) in enumerate(pairs)}


def propose(
    config: Config,
    store: Store,
    threads: Sequence[Thread],
    labels: Mapping[str, str],
    sample: int,
) -> Figures:
    """Put the proposals into the queue, and judge the groups by the hidden labels."""
    began = time.process_time()
    content = store.content()
    gathered = gather(threads, content.settings, sample)
    read = time.process_time() - began
    pairs = gathered.pairs
    groups = group_pairs(config, [p.question for p in pairs], [p.answer for p in pairs])
    proposals = store.replace_proposals("history", make_proposals(gathered, groups, content, ()))
    spent = time.process_time() - began
    truth = [labels[pair.where] for pair in pairs]
    return {
        "conversations": len(threads),
        "looked_at": gathered.drawn,
        "pairs": len(pairs),
        "seconds_of_processor": {"read_pair_mask": round(read, 1), "all": round(spent, 1)},
        "groups": len(groups),
        **_agreement(truth, groups),
        "first": {str(count): _first(proposals, groups, truth, count) for count in (FIRST, 40)},
        "proposals": [
            {
                "name": proposal.name,
                "share": round(proposal.share, 4),
                "labels": Counter(truth[place] for place in group.questions).most_common(3),
                "answer": proposal.answer,
            }
            for proposal, group in zip(proposals, groups, strict=True)
        ],
    }


def _agreement(truth: Sequence[str], groups: Sequence[Group]) -> Figures:
    """Of Bitext's questions; one in no group is a group of its own kind."""
    placed = {place: n for n, group in enumerate(groups) for place in group.questions}
    bitext = [place for place, label in enumerate(truth) if label != STRANGER]
    found = [placed.get(place, -1) for place in bitext]
    h, c, v = homogeneity_completeness_v_measure([truth[place] for place in bitext], found)
    strangers = [place for place, label in enumerate(truth) if label == STRANGER]
    return {
        "v_measure": round(float(v), 4),
        "homogeneity": round(float(h), 4),
        "completeness": round(float(c), 4),
        "in_no_group": round(found.count(-1) / len(found), 4),
        "strangers_in_no_group": round(sum(p not in placed for p in strangers) / len(strangers), 4),
    }


def _first(
    proposals: Sequence[Proposal], groups: Sequence[Group], truth: Sequence[str], count: int
) -> Figures:
    judged = [Counter(truth[place] for place in group.questions) for group in groups[:count]]
    inside = sum(map(sum, (found.values() for found in judged)))
    most = [found.most_common(1)[0] for found in judged]
    return {
        "proposals": len(judged),
        "covered": round(sum(p.share for p in proposals[:count]), 4),
        "purity": round(sum(number for _, number in most) / inside, 4),
        "intents": len({label for label, _ in most}),
        "answers_that_need_no_fact": sum(not variables(p.answer) for p in proposals[:count]),
    }


def run_desks(config: Config, store: Store, options: argparse.Namespace) -> list[Figures]:
    """Accept the first proposals, and more of them; train each time, and read what the other run
    asks."""
    truth = {row["question"]: row["intent"] for row in _rows(options.data, "bitext_answers")}
    rows = held_out(options.data, {normalise(text) for text in truth})
    operator = store.add_operator("judge@example.com", "Judge", "operator", "x")
    meant: dict[str, str] = {}
    desks = []
    for count, proposal in enumerate(store.proposals(), start=1):
        found = Counter(truth.get(text.text, STRANGER) for text in proposal.texts)
        label = found.most_common(1)[0][0]
        known = next((name for name, other in meant.items() if other == label), None)
        store.accept_proposal(proposal.id, operator.id, Acceptance(intent=known))
        if known is None:
            meant[proposal.name] = label
        if count in options.accept or store.count_proposals() == 0:
            desks.append({"accepted": count, **run_desk(config, store, options, meant, rows)})
    return desks


def run_desk(
    config: Config,
    store: Store,
    options: argparse.Namespace,
    meant: Mapping[str, str],
    rows: Sequence[Mapping[str, str]],
) -> Figures:
    """Train the desk as it is now, and judge it by what each of its intents is about."""
    began = time.process_time()
    done = CliRunner().invoke(
        train, ["--recipe", str(options.recipe)], obj=config, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    spent = time.process_time() - began
    engine = open_engine(config, None)
    readings = engine.read([row["text"] for row in rows])
    counts: Counter[str] = Counter()
    inside = set(meant.values())
    for row, reading, hits in zip(rows, readings, engine.search_all(readings), strict=True):
        route = decide(reading, hits, Dialogue(), engine.catalogue, engine.thresholds)
        known = row["intent"] in inside
        right = meant[reading.intents[0].label] == row["intent"]
        sure = engine.thresholds.allow(reading)
        counts.update({"known": known, "right": right, "sure": sure, "kept": sure and right})
        counts.update({"sure_known": sure and known, route.action: 1})
    return {
        "intents": len(inside),
        "examples": len(store.content().examples),
        "training_seconds_of_processor": round(spent),
        "questions": len(rows),
        "of_known_intents": counts["known"],
        "right_of_all": round(counts["right"] / len(rows), 4),
        "right_of_known_intents": round(counts["right"] / counts["known"], 4),
        "sure": round(counts["sure"] / len(rows), 4),
        "right_where_sure": round(counts["kept"] / max(1, counts["sure"]), 4),
        "sure_of_known_intents": round(counts["sure_known"] / counts["known"], 4),
        "right_where_sure_of_known": round(counts["kept"] / max(1, counts["sure_known"]), 4),
        "answered": round(counts["answer"] / len(rows), 4),
    }


def held_out(data: Path, seen: set[str]) -> list[dict[str, str]]:
    """Up to ``HELD_OUT`` questions of each intent from the other run, none of the history."""
    rows = [row for row in _rows(data, "bitext_intents") if row["split"] == "test"]
    random.Random(SEED).shuffle(rows)
    taken: Counter[str] = Counter()
    chosen = []
    for row in rows:
        if taken[row["intent"]] < HELD_OUT and normalise(row["text"]) not in seen:
            taken[row["intent"]] += 1
            chosen.append(row)
    return chosen


def page(figures: Figures) -> str:
    """The figures for people."""
    lines = [
        f"# The first night, {datetime.now(UTC).date()}, commit {figures['commit']}",
        "",
        f"{figures['machine']['processor']}, {figures['machine']['cores']} cores. Bitext's "
        f"{figures['conversations']} questions and answers, StackFAQ's entries among them, labels "
        f"hidden, {figures['looked_at']} drawn by chance; the product's own grouping, into an "
        "empty desk.",
        "",
        f"V-measure {figures['v_measure']:.3f} (homogeneity {figures['homogeneity']:.3f}, "
        f"completeness {figures['completeness']:.3f}); {figures['groups']} groups; "
        f"{figures['strangers_in_no_group']:.0%} of the StackFAQ entries in none of them; "
        f"{figures['seconds_of_processor']['all']} s of processor time.",
        "",
        "| the first | cover | of their questions have the group's label | intents of 27 | answers "
        "that need no fact |",
        "|---|---|---|---|---|",
    ]
    for first in figures["first"].values():
        lines.append(
            f"| {first['proposals']} proposals | {first['covered']:.1%} | {first['purity']:.1%} | "
            f"{first['intents']} | {first['answers_that_need_no_fact']} |"
        )
    if desks := figures.get("desks"):
        lines += [
            "",
            f"The desks that result, on {desks[0]['questions']} questions of the other run, up to "
            f"{HELD_OUT} of each of the 27 intents. Right is what the group was mostly about; "
            "answered, what has an answer that needs no fact.",
            "",
            "| accepted | intents | examples | training, processor s | right, of known intents | "
            "of all | sure | right where sure | the same of known intents | answered |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
    for desk in desks or []:
        shares = (
            "right_of_known_intents",
            "right_of_all",
            "sure",
            "right_where_sure",
            "right_where_sure_of_known",
            "answered",
        )
        lines.append(
            f"| {desk['accepted']} | {desk['intents']} | {desk['examples']} | "
            f"{desk['training_seconds_of_processor']} | "
            + " | ".join(f"{desk[share]:.1%}" for share in shares)
            + " |"
        )
    lines += ["", "| group | share | its labels |", "|---|---|---|"]
    for proposal in figures["proposals"]:
        labels = ", ".join(f"{label} {count}" for label, count in proposal["labels"])
        lines.append(f"| {proposal['name']} | {proposal['share']:.1%} | {labels} |")
    return "\n".join(lines) + "\n"


def _rows(data: Path, name: str) -> list[dict[str, Any]]:
    with (data / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
