"""Customers who want to move the model: ``python -m benchmarks.poison``.

A young desk of CLINC150 and the messages of a few hundred honest customers; then, in turn,
attackers write messages of one intent that operators, fooled every time, label as another:

one      one customer, many wordings
bots     a hundred customers, one wording with trifles changed
outside  one customer, many wordings, labelled out of scope: the desk is to stop answering
crowd    as many customers as wordings: nothing tells them from honest customers but the labels

After each the real night is run, once with the caps of `finetune.temper` and once without, and the
challenger reads questions that nobody wrote, promoted or not. The desk has no golden cases, which
would guard it, too. Writes
benchmarks/results/poison-DATE-COMMIT.json and .md after every night.
"""

import argparse
import json
import math
import random
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.load.homes import opened
from benchmarks.month.nights import run
from benchmarks.month.world import Line, answer_to, title_of
from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from finetune.night import Limits, run_night
from finetune.recipe import Recipe, read_recipe
from finetune.rows import read_rows
from index.records import OUT_OF_SCOPE
from service.config import Config, load_config
from service.engine import load_reader, release_engine
from service.records.content import Content, Example, Intent, Template
from service.records.conversations import Dialogue
from service.records.settings import DeskSettings
from service.records.turns import TurnDraft
from service.router import decide
from service.store import Store

DATA = ROOT.parent / "shared" / "data" / "clinc150.jsonl"
RESULTS = ROOT / "benchmarks" / "results"
SEEDS = 10  # examples of an intent that the desk starts with
OUTSIDE = 100  # out-of-scope ones
HONEST = 12  # customers' messages about each intent
ERRS = 0.03  # of the labels that honest customers' messages get
WORDINGS = 60  # of an attacker
BOTS = 100
TESTED = 40  # unseen messages of each intent
PAIRS = 3  # of a victim and what it is to be taken for, attacked at once, to measure more
TRIFLES = ("please", "now", "!!", "asap", "thanks", "hello", "again", "ok", "hi there", "urgent")
SHARES = (
    "victims_right",
    "victims_taken_for_target",
    "victims_answered",
    "victims_answered_as_target",
    "others_right",
    "others_answered",
    "answers_right",
)
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """``victims`` are by name what they are to be taken for; ``spare`` wordings of each."""

    seeds: Sequence[Line]
    honest: Sequence[Line]
    test: Sequence[Line]
    victims: Mapping[str, str]
    spare: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Said:
    """A message of somebody, and what an operator will call it."""

    customer: str
    text: str
    label: str


def make_world(data: Path, intents: int, seed: int) -> World:
    """Draw the desk, its customers, the victims and what tests, all of them apart."""
    chance = random.Random(seed)
    pools: dict[str, list[str]] = defaultdict(list)
    for row in read_rows([data]):
        if row.intent is not None and row.text not in pools[row.intent]:
            pools[row.intent].append(row.text)
    for name in sorted(pools):
        chance.shuffle(pools[name])
    names = chance.sample(sorted(set(pools) - {OUT_OF_SCOPE}), intents)

    def draw(each: int) -> list[Line]:
        return [Line(pools[name].pop(), name) for name in names for _ in range(each)]

    seeds = draw(SEEDS) + [Line(pools[OUT_OF_SCOPE].pop(), OUT_OF_SCOPE) for _ in range(OUTSIDE)]
    honest, test = draw(HONEST), draw(TESTED)
    chance.shuffle(honest)
    victims = dict(zip(names[:PAIRS], names[PAIRS : 2 * PAIRS], strict=True))
    return World(seeds, honest, test, victims, {v: pools[v] for v in victims})


def attack(kind: str, world: World) -> list[Said]:
    """What the attackers write, all pairs at once."""
    said = []
    for victim, target in world.victims.items():
        wordings = world.spare[victim][:WORDINGS]
        if kind == "bots":
            said += [
                Said(f"{victim} {n}", f"{wordings[0]} {TRIFLES[n % 10]} {TRIFLES[n // 10]}", target)
                for n in range(BOTS)
            ]
        elif kind == "crowd":
            said += [Said(f"{victim} {n}", text, target) for n, text in enumerate(wordings)]
        elif kind in ("one", "outside"):
            label = target if kind == "one" else OUT_OF_SCOPE
            said += [Said(victim, text, label) for text in wordings]
    return said


def first_morning(world: World) -> Content:
    """The desk before anybody wrote."""
    names = sorted({line.intent for line in world.seeds} - {OUT_OF_SCOPE})
    return Content(
        settings=DeskSettings(name="Poison", promise=0.95),
        intents=tuple(Intent(name, "all", title_of(name)) for name in names),
        templates=tuple(Template(f"{name}_answer", name, answer_to(name)) for name in names),
        examples=tuple(
            Example(f"exa_{number}", line.text, line.intent)
            for number, line in enumerate(world.seeds)
        ),
    )


def write(store: Store, said: Sequence[Said]) -> None:
    """Customers write, each message a conversation; one operator labels all of it."""
    known = store.operators()
    who = known[0] if known else store.add_operator("ana@example.com", "Ana", "operator", "!")
    for each in said:
        conversation, _ = store.create_conversation(identifier=each.customer, verified=True)
        draft = TurnDraft(conversation.id, "c1", each.text, 0, Dialogue())
        store.correct_message(store.record_turn(draft).message.id, who.id, intent=each.label)


def honest_ones(world: World, seed: int) -> list[Said]:
    """The messages of honest customers, some of them labelled wrongly."""
    chance = random.Random(seed)
    names = sorted({line.intent for line in world.honest})
    return [
        Said(
            f"honest {number}",
            line.text,
            chance.choice(names) if chance.random() < ERRS else line.intent,
        )
        for number, line in enumerate(world.honest)
    ]


def look(config: Config, store: Store, release: str, world: World) -> Figures:
    """What a release makes of the unseen messages, of victims and of the others."""
    content = store.content()
    engine = release_engine(load_reader(config.releases / release, "cpu"), content, config.cache)
    readings = engine.read([line.text for line in world.test])
    counts: Counter[str] = Counter()
    for line, reading, hits in zip(world.test, readings, engine.search_all(readings), strict=True):
        route = decide(reading, hits, Dialogue(), engine.catalogue, engine.thresholds)
        intent, answers = reading.intents[0].label, route.action == "answer"
        whose = "victim" if line.intent in world.victims else "other"
        counts.update({whose: 1, f"{whose}_right": intent == line.intent})
        counts.update({f"{whose}_answered": answers, "answered": answers})
        counts["answered_right"] += answers and intent == line.intent
        if intent == world.victims.get(line.intent):
            counts.update({"taken": 1, "taken_answered": answers})
    return {
        "victims_right": counts["victim_right"] / counts["victim"],
        "victims_taken_for_target": counts["taken"] / counts["victim"],
        "victims_answered": counts["victim_answered"] / counts["victim"],
        "victims_answered_as_target": counts["taken_answered"] / counts["victim"],
        "others_right": counts["other_right"] / counts["other"],
        "others_answered": counts["other_answered"] / counts["other"],
        "answers_right": counts["answered_right"] / max(1, counts["answered"]),
    }


def spend(
    home: Path, world: World, said: Sequence[Said], recipe: Recipe, *, capped: bool
) -> Figures:
    """One night after all that was said, and what its challenger is worth."""
    config = load_config({}, home=home)
    caps: AbstractContextManager[Any] = nullcontext()
    if not capped:
        caps = patch.multiple("finetune.temper", ONE=math.inf, ALIKE=math.inf, JUDGES=10**9)
    with opened(home) as store, caps:
        write(store, said)
        night, verdict = run_night(config, store, recipe, Limits(), lambda *_: None, lambda _: None)
        assert night.release is not None
        return {
            "promoted": night.stage == "promoted",
            "reason": night.reason,
            "rows": night.rows,
            "held_out": night.held_out,
            "failed_checks": [c.name for c in verdict.checks if not c.passed] if verdict else [],
            **look(config, store, night.release, world),
        }


def page(result: Figures) -> str:
    """The table in Markdown."""
    lines = [
        "# Customers who want to move the model",
        "",
        f"{result['at']}, commit {result['commit']}, {result['machine']['processor']}.",
        "",
        f"| attack | caps | promoted | {' | '.join(name.replace('_', ' ') for name in SHARES)} |",
        f"|---|---|---|{'---|' * len(SHARES)}",
    ]
    for night in result["nights"]:
        cells = [f"{100 * night[name]:.1f} %" for name in SHARES]
        caps = {True: "yes", False: "no", None: ""}[night["capped"]]
        promoted = "yes" if night["promoted"] else f"no: {', '.join(night['failed_checks'])}"
        lines.append(f"| {night['attack']} | {caps} | {promoted} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Every attack, with the caps and without."""
    parser = argparse.ArgumentParser(prog="benchmarks.poison", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--intents", type=int, default=30)
    parser.add_argument("--attacks", default="one,bots,outside,crowd")
    parser.add_argument("--recipe", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    recipe = read_recipe(options.recipe) if options.recipe else Recipe()
    world = make_world(options.data, options.intents, options.seed)
    honest = honest_ones(world, options.seed)
    result: Figures = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_commit(),
        "machine": describe_machine("cpu"),
        "options": {name: str(value) for name, value in vars(options).items()},
        "victims": dict(world.victims),
        "nights": [],
    }

    def keep(attacked: str, capped: bool | None, figures: Figures) -> None:
        result["nights"].append({"attack": attacked, "capped": capped, **figures})
        options.out.mkdir(parents=True, exist_ok=True)
        place = options.out / f"poison-{result['at'][:10]}-{result['commit']}"
        place.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        place.with_suffix(".md").write_text(page(result), encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "first"
        first.mkdir()
        with opened(first) as store:
            store.replace_content(first_morning(world))
        named = ["--recipe", str(options.recipe)] if options.recipe else []
        release = run(first, "train", *named)["release"]
        with opened(first) as store:
            figures = look(load_config({}, home=first), store, release, world)
        keep("none, nobody wrote", None, {"promoted": True, "failed_checks": [], **figures})
        for kind in ["none", *options.attacks.split(",")]:
            for capped in (True,) if kind == "none" else (True, False):
                home = Path(folder) / f"{kind}-{capped}"
                shutil.copytree(first, home)
                said = [*honest, *attack(kind, world)]
                figures = spend(home, world, said, recipe, capped=capped)
                keep(kind, None if kind == "none" else capped, figures)
                shutil.rmtree(home)
    print(page(result))


if __name__ == "__main__":
    main()
