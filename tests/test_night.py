"""The nightly job learns from corrections, promotes only what is proven better, and survives."""

import fcntl
import json
import shutil
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import finetune.night
from fakes import FakeEngine, reading_of
from finetune import batches, calibrate
from finetune.cli_retrain import retrain
from finetune.erasing import erase
from finetune.freeze import freeze, freeze_desk, is_held_out, mask_row, read_frozen, write_frozen
from finetune.night import _alone
from finetune.rows import Row, Span
from finetune.verdict import (
    CALIBRATION,
    CAUTIOUS,
    Bench,
    Kept,
    Verdict,
    _check_better,
    _check_calibration,
    _check_cost,
    _check_golden,
    _check_intents,
    _failed,
    _look_at_traffic,
    choose_rows,
    judge,
)
from index.backend import Raw
from index.calibration import Calibration
from index.champion import champion, list_releases, promote
from index.masking import names_of
from index.recognisers import personal
from index.records import Hit, Thresholds
from index.release import Labels
from index.seen import fingerprint, read_fingerprints, read_marks
from index.tokens import Tokenizer
from service.config import Config
from service.engine import ReleaseEngine, load_reader, release_engine
from service.nights import Check, list_nights
from service.records.content import Content, Example, GoldenCase, Intent, Template
from service.records.conversations import Dialogue, ReplyDraft
from service.records.past import Origin
from service.records.settings import DeskSettings
from service.records.turns import TurnDraft
from service.store import Store, open_store
from tiny import HELP, WORDS, make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

MORE = ["", "okay", "you see", "right away", "x1"]
NEW = ["my tent leaks", "the tent has a hole", "tent is wet inside", "water in the tent"]


@pytest.fixture
def recipe_file(encoder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(tiny_recipe(encoder, int8=False).to_json()))
    return path


@pytest.fixture
def desk(config: Config) -> Store:
    """A home whose desk knows three intents."""
    config.home.mkdir(parents=True, exist_ok=True)
    store = open_store(config)
    intents = tuple(Intent(name, "all", name.replace("_", " ").title()) for name in WORDS)
    rows = [replace(r, text=f"{r.text} {more}".strip()) for r in make_rows() for more in MORE]
    examples = tuple(
        Example(f"e{number}", row.text, row.intent, row.sentiment)
        for number, row in enumerate(rows)
    )
    settings = DeskSettings(name="Tiny", language="en", promise=0.8)
    store.replace_content(Content(settings, intents, (), examples, ()))
    return store


def night(config: Config, recipe_file: Path, *arguments: object) -> Result:
    given = ["--recipe", str(recipe_file), "--json", *map(str, arguments)]
    return CliRunner().invoke(retrain, given, obj=config, help_option_names=HELP)


def told(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout.splitlines()[-1])


def write(store: Store, text: str, name: str | None = None) -> tuple[str, str]:
    """A customer's message; its id and its conversation's."""
    conversation, _ = store.create_conversation(name=name)
    draft = TurnDraft(conversation.id, "c-1", text, 0, Dialogue(), None, None, None)
    return store.record_turn(draft).message.id, conversation.id


def correct(store: Store, texts: list[str], intent: str) -> list[str]:
    """Customers write, an operator says what it was; the conversations."""
    known = store.operators()
    operator = known[0] if known else store.add_operator("a@b.c", "Ana", "operator", "x")
    places = []
    for text in texts:
        message, conversation = write(store, text)
        store.correct_message(message, operator.id, intent=intent)
        places.append(conversation)
    return places


def test_first_night_makes_a_champion_and_the_next_has_nothing_to_learn(
    config: Config, desk: Store, recipe_file: Path
) -> None:
    first = night(config, recipe_file)
    assert first.exit_code == 0, first.output
    made = told(first)
    assert champion(config.releases) == made["night"]["release"]
    assert made["night"]["stage"] == "promoted"
    assert [check["name"] for check in made["verdict"]["checks"]] == ["golden", "promise"]
    folder = config.home / "nights" / made["night"]["id"]
    assert (folder / "rows.jsonl").stat().st_mode & 0o777 == 0o600
    assert json.loads((folder / "verdict.json").read_text())["better"] is True

    second = night(config, recipe_file)
    assert second.exit_code == 3, second.output
    assert told(second)["night"]["reason"].startswith("Nothing was learned")
    assert told(second)["verdict"] is None
    assert champion(config.releases) == made["night"]["release"]
    assert [each.stage for each in list_nights(config.home)] == ["kept", "promoted"]


def test_night_learns_a_new_intent_from_corrections_and_is_proven_better(
    config: Config, desk: Store, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert night(config, recipe_file).exit_code == 0
    before = champion(config.releases)
    desk.save_intent(Intent("leaking_tent", "all", "A tent leaks"))
    words = ["today", "please", "again", "now", "thanks", "my friend", "then", "hey", "hello"]
    texts = [f"{text} {word}" for text in NEW for word in words]
    held = set(correct(desk, texts, "leaking_tent")[::3])
    monkeypatch.setattr("finetune.freeze.is_held_out", held.__contains__)
    monkeypatch.setattr("finetune.freeze.ENOUGH", 1)
    result = night(config, recipe_file)
    made = told(result)
    assert result.exit_code == 0, made["night"]["reason"]
    assert made["night"]["held_out"] == len(held)
    assert made["night"]["champion"] == before
    assert champion(config.releases) == made["night"]["release"] != before
    names = ["better", "intents", "golden", "promise"]
    names += ["moods", "calibration", "latency", "size"]
    assert [check["name"] for check in made["verdict"]["checks"]] == names
    assert all(check["passed"] for check in made["verdict"]["checks"])
    assert made["verdict"]["figures"]["rows"] >= len(held)


def test_challenger_that_is_not_proven_better_leaves_the_champion(
    config: Config, desk: Store, recipe_file: Path
) -> None:
    """A handful of wrong corrections: nothing gets better for it."""
    assert night(config, recipe_file).exit_code == 0
    before = champion(config.releases)
    correct(desk, ["where is my parcel now", "hello there thanks"], "cancel_order")
    result = night(config, recipe_file)
    assert result.exit_code == 3, result.output
    made = told(result)
    assert made["night"]["stage"] == "kept"
    assert champion(config.releases) == before
    failed = [check["name"] for check in made["verdict"]["checks"] if not check["passed"]]
    assert "better" in failed
    assert "no proof" in made["night"]["reason"]
    assert made["night"]["release"] in {each.id for each in list_releases(config.releases)}


@pytest.mark.parametrize("where", ["train_release", "judge", "promote", "_end"])
def test_killed_night_goes_on_where_it_was(
    where: str, config: Config, desk: Store, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(finetune.night, where, die)
        with pytest.raises(Killed):
            CliRunner().invoke(
                retrain, ["--recipe", str(recipe_file)], obj=config, catch_exceptions=False
            )
    [cut] = list_nights(config.home)
    stages = {"train_release": "frozen", "judge": "trained"}
    assert cut.stage == stages.get(where, "judged")
    correct(desk, ["never seen before"], "greeting")  # comes too late for this night
    result = night(config, recipe_file)
    assert result.exit_code == 0, result.output
    made = told(result)["night"]
    assert (made["id"], made["dataset"]) == (cut.id, cut.dataset)
    assert [each.id for each in list_releases(config.releases)] == [made["release"]]
    assert champion(config.releases) == made["release"]


def test_night_killed_before_it_named_its_release_takes_that_release(
    config: Config, desk: Store, recipe_file: Path
) -> None:
    assert night(config, recipe_file).exit_code == 0
    [done] = list_nights(config.home)
    folder = config.home / "nights" / done.id
    state = json.loads((folder / "night.json").read_text())
    state |= {"stage": "frozen", "release": None, "ended_at": None}
    (folder / "night.json").write_text(json.dumps(state))
    (config.releases / "champion").unlink()
    result = night(config, recipe_file)
    assert result.exit_code == 0, result.output
    assert told(result)["night"]["release"] == done.release
    assert len(list_releases(config.releases)) == 1


def test_two_nights_never_run_at_once(config: Config, desk: Store, recipe_file: Path) -> None:
    with _alone(config.home / "retrain.lock"):
        result = night(config, recipe_file)
    assert result.exit_code != 0
    assert "is running" in str(result.exception)
    assert list_releases(config.releases) == []


def test_a_look_whether_a_night_runs_holds_none_up(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as look:
        fcntl.flock(look, fcntl.LOCK_SH)
        threading.Timer(0.05, fcntl.flock, (look, fcntl.LOCK_UN)).start()
        with _alone(tmp_path / "lock"):
            pass


@pytest.mark.parametrize(
    ("option", "value", "words"), [("--minutes", 1e-9, "minutes"), ("--memory", 1e-3, "memory")]
)
def test_night_that_takes_too_much_fails_and_leaves_the_champion(
    option: str, value: float, words: str, config: Config, desk: Store, recipe_file: Path
) -> None:
    assert night(config, recipe_file).exit_code == 0
    before = champion(config.releases)
    correct(desk, ["something else"], "greeting")
    result = night(config, recipe_file, option, value)
    assert result.exit_code == 1
    assert "The champion stays" in str(result.exception)
    assert words in str(result.exception)
    assert champion(config.releases) == before
    assert list_nights(config.home)[0].stage == "failed"
    assert not list(config.releases.glob(".draft-*"))
    assert night(config, recipe_file).exit_code in (0, 3)  # the next one is not held up by it


def test_desk_without_examples_fails_in_words(config: Config, recipe_file: Path) -> None:
    config.home.mkdir(parents=True, exist_ok=True)
    open_store(config).close()
    result = night(config, recipe_file)
    assert result.exit_code == 1
    assert "nothing to train on" in str(result.exception)


def test_golden_case_that_breaks_keeps_the_champion(
    config: Config, desk: Store, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert night(config, recipe_file).exit_code == 0
    before = champion(config.releases)
    desk.save_intent(Intent("leaking_tent", "all", "A tent leaks"))
    correct(desk, [f"{text} {n}" for text in NEW for n in range(10)], "leaking_tent")

    def fail(engine: Any, golden: Any, *_: Any, **__: Any) -> set[str]:
        return {"hello there"} if engine.release != before else set()

    content = desk.content()
    desk.replace_content(
        replace(content, golden=(GoldenCase("hello there", "greeting", "answer"),))
    )
    monkeypatch.setattr("finetune.verdict._failed", fail)
    result = night(config, recipe_file)
    assert result.exit_code == 3, result.output
    assert "golden cases break: 'hello there'" in told(result)["night"]["reason"]
    assert champion(config.releases) == before


def test_rejected_challengers_do_not_pile_up(
    config: Config, desk: Store, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert night(config, recipe_file).exit_code == 0
    monkeypatch.setattr("finetune.verdict.CHANCE", -1.0)  # nothing is ever proven
    made = []
    for number in range(3):
        correct(desk, [f"hello there {number}"], "greeting")
        result = night(config, recipe_file)
        assert result.exit_code == 3, result.output
        made.append(told(result)["night"]["release"])
    left = {each.id for each in list_releases(config.releases)}
    assert left == {champion(config.releases), made[-1]}


def test_frozen_rows_tell_nobody(config: Config, desk: Store, recipe_file: Path) -> None:
    operator = desk.add_operator("a@b.c", "Ana", "operator", "x")
    text = "I am marisol vega (Marísol!), mail marisol@vega.example or 4111111111111111, order 12"
    message, _ = write(desk, text, name="Marisol von Vega")
    message, _ = write(desk, text, name="Marisol Vega")
    desk.correct_message(message, operator.id, intent="greeting")
    assert night(config, recipe_file).exit_code == 0
    written = [*(config.home / "nights").rglob("*"), *config.releases.rglob("*")]
    for path in written:
        words = path.read_text(errors="replace").casefold() if path.is_file() else ""
        assert not any(name in words for name in ("marisol", "marísol", "vega", "4111111111111111"))
    rows, held = read_frozen(next((config.home / "nights").glob("*/rows.jsonl")))
    [row] = [row for row in (*rows, *held) if "order 12" in row.text]
    assert row.text == "I am Alex (Alex!), mail name@example.com or 4111 1111 1111 1111, order 12"
    assert held == []  # one corrected conversation is too few to hold any out


def test_what_follows_from_a_reply_trains_and_never_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Example("e1", "where is it", "track", source="correction", message_id="m1")
    implied = replace(said, id="e2", text="is it here", message_id="m2", weight=0.625)
    origins = {"m1": Origin("c1", ""), "m2": Origin("c2", "")}
    content = Content(examples=(said, implied))
    assert [(r.text, r.weight) for r in freeze(content, origins, {}).rows] == [
        ("where is it", 1.0),
        ("is it here", 0.625),
    ]
    monkeypatch.setattr("finetune.freeze.ENOUGH", 1)
    monkeypatch.setattr("finetune.freeze.is_held_out", lambda _: True)
    frozen = freeze(content, origins, {})
    assert ([row.text for row in frozen.held_out], frozen.rows) == (["where is it"], [])


def test_labels_of_one_who_contradicts_everybody_are_left_out(
    desk: Store, config: Config, recipe_file: Path
) -> None:
    names = ("ana", "bob", "cem")
    people = {n: desk.add_operator(f"{n}@b.c", n.title(), "operator", "x") for n in names}
    reading = {"certainty": 0.98, "in_scope": 0.99, "sentiments": []}
    for number in range(60):
        who = names[number % 3]
        conversation, _ = desk.create_conversation()
        known = [{"label": name, "confidence": 0.98} for name in ("greeting", *WORDS)]
        trace = {"reading": {**reading, "intents": known}, "route": {"action": "answer"}}
        text = f"hello {number} {'x' * number}"
        draft = TurnDraft(
            conversation.id, "c-1", text, 0, Dialogue(), ReplyDraft("Hi.", "answer"), trace=trace
        )
        message = desk.record_turn(draft).message.id
        wrong = who == "bob" and number % 4
        desk.correct_message(
            message, people[who].id, intent="cancel_order" if wrong else "greeting"
        )
    content = desk.content()
    frozen, all_of_them = (
        freeze_desk(desk, content, config.releases, trusting=trusting) for trusting in (False, True)
    )
    assert frozen.left_out == {"Bob": 20}
    assert all_of_them.left_out == {}
    ours = [row for row in frozen.rows if row.text.startswith("hello")]
    theirs = [row for row in all_of_them.rows if row.text.startswith("hello")]
    taught = {row.intent for row in ours if "x" in row.text}
    assert taught == {"greeting"}
    assert {row.intent for row in theirs if "x" in row.text} == {"greeting", "cancel_order"}
    told_of = night(config, recipe_file)
    assert "Bob stands out from the others: 20 labels are left out." in told_of.stderr
    assert told(told_of)["night"]["left_out"] == {"Bob": 20}
    assert told(night(config, recipe_file, "--trust-all"))["night"]["left_out"] == {}


def test_what_was_new_to_the_desk_counts_as_it_was_read_then(
    desk: Store, config: Config, recipe_file: Path
) -> None:
    assert night(config, recipe_file).exit_code == 0
    release = champion(config.releases)
    ana = desk.add_operator("ana@b.c", "Ana", "operator", "x")
    desk.save_intent(Intent("leaking_tent", "all", "A tent leaks"))
    scores = {"certainty": 0.75, "in_scope": 0.9, "sentiments": []}
    known = [{"label": "greeting", "confidence": 0.8}]

    def correct_one(text: str, intent: str, by: str | None) -> None:
        conversation, _ = desk.create_conversation()
        trace = {
            "release": by,
            "reading": {**scores, "intents": known},
            "route": {"action": "answer"},
        }
        reply = ReplyDraft("Hi.", "answer")
        draft = TurnDraft(conversation.id, "c-1", text, 0, Dialogue(), reply, trace=trace)
        desk.correct_message(desk.record_turn(draft).message.id, ana.id, intent=intent)

    correct_one("my tent leaks", "leaking_tent", release)
    correct_one("hello desk", "greeting", release)
    correct_one("what is the weather", "out_of_scope", release)
    correct_one("water in the tent", "leaking_tent", "rel_gone")
    content = desk.content()
    rows = freeze_desk(desk, content, config.releases).rows
    then = {row.text: row.then for row in rows if row.place.startswith("example") and row.then}
    assert then == {"my tent leaks": (0.75, 0.9)}

    write_frozen(config.home / "rows", freeze_desk(desk, content, config.releases))
    assert read_frozen(config.home / "rows")[0] == rows

    labels = Labels(("greeting", "leaking_tent"), (), ())
    tokenizer = Tokenizer.load(config.releases / str(release) / "encoder")
    held = batches.number(
        [row for row in rows if row.text in ("my tent leaks", "hello desk")], labels, tokenizer
    )
    sure = np.array([[9.0, 0.0], [0.0, 9.0]], np.float32)[held.intents]
    none = np.zeros((2, 0), np.float32)
    raw = Raw(none, sure, np.zeros(2, np.float32), none, [none[0].astype(int)] * 2)
    judged = calibrate.judge(
        raw, held, Calibration(Thresholds(0.95, 0.05, 0, 0, 0), scope_offset=9)
    )
    new = judged.outliers
    assert new.sum() == 1
    assert judged.certainty[new] == pytest.approx(0.75)
    assert judged.in_scope[new] == pytest.approx(0.9)
    assert judged.right.tolist() == (~new).tolist()
    assert judged.certainty[~new] > 0.9


def test_a_perfectly_calibrated_release_is_not_held_to_luck() -> None:
    def figures(before: float, after: float, lucky: float) -> Any:
        errors = ((before, 0.1), (after, lucky))
        names = ("champion", "challenger")
        return {
            name: {"intent": dict(zip(CALIBRATION, pair, strict=True))}
            for name, pair in zip(names, errors, strict=True)
        }

    assert _check_calibration(figures(0.035, 0.0552, 0.05)).passed
    assert not _check_calibration(figures(0.035, 0.08, 0.05)).passed
    assert not _check_calibration(figures(0.035, 0.0552, 0.01)).passed
    assert _check_calibration(figures(0.09, 0.1, 0.01)).passed
    assert _check_calibration(figures(0.0, 0.05, 0.0)).passed


@pytest.mark.parametrize(
    ("name", "text", "masked"),
    [
        ("Will Smith", "I will wait, Will said. WILL SMITH", "I will wait, Alex said. Alex"),
        ("Jürgen Weiß", "hier ist Weiss, JÜRGEN WEISS, juergen", "hier ist Alex, Alex, juergen"),
        ("Anna von der Heide", "habe von der Heide gehört", "habe von der Alex gehört"),
        ("Bo Li", "bo li here, about the libo", "Alex here, about the libo"),
        ("José Núñez", "soy jose nunez", "soy Alex"),
        ("Anne-Marie O'Neil", "Anne wrote to O'Neil", "Alex wrote to Alex"),
        (None, "nobody is named", "nobody is named"),
    ],
)
def test_names_are_found_and_words_are_left(name: str | None, text: str, masked: str) -> None:
    names = names_of(name)
    assert mask_row(Row(text), [], names).text == masked


def test_entities_move_with_what_is_replaced() -> None:
    text = "mail a@b.io about the red tent, a@b.io"
    spans = (Span(text.index("red"), text.index("red") + 8, "product"), Span(6, 9, "broken"))
    row = mask_row(Row(text, entities=spans), personal(DeskSettings().locale))
    assert row.text == "mail name@example.com about the red tent, name@example.com"
    [span] = row.entities
    assert row.text[span.start : span.end] == "red tent"


def test_promotion_by_hand_meanwhile_is_judged_against(
    config: Config, desk: Store, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night compares with whoever is champion when it promotes, not when it began."""
    assert night(config, recipe_file).exit_code == 0
    first = champion(config.releases)
    correct(desk, ["hello there friend"], "greeting")
    judged, whole = [], finetune.night.judge

    def judge(challenger: Any, before: Any, bench: Any) -> Verdict:
        whole(challenger, before, bench)
        judged.append(before.release)
        if len(judged) == 1:  # somebody trains by hand
            shutil.copytree(config.releases / first, config.releases / "rel_by_hand")
            manifest = config.releases / "rel_by_hand" / "manifest.json"
            manifest.write_text(manifest.read_text().replace(first, "rel_by_hand"))
            promote(config.releases, "rel_by_hand")
        return Verdict([Check("better", len(judged) == 1, "because")], {})

    monkeypatch.setattr(finetune.night, "judge", judge)
    result = night(config, recipe_file)
    assert result.exit_code == 3, result.output
    assert judged == [first, "rel_by_hand"]
    assert champion(config.releases) == "rel_by_hand"


def test_copies_prove_nothing() -> None:
    learned = [Row("where is my parcel", "track_order")]
    rows = [
        *(
            Row(f"cancel my order please{end}", "cancel_order")
            for end in ("", "!", "?!", " please")
        ),
        Row("Where is MY parcel?", "track_order"),
        Row("good evening", "greeting"),
        Row("seen before", "greeting"),
        Row("no intent", sentiment="negative"),
    ]
    kept = choose_rows(rows, learned, {fingerprint("seen before")})
    assert sorted(row.text for row in kept) == ["cancel my order please", "good evening"]


@pytest.mark.parametrize(
    ("usual", "corrected", "passes"),
    [
        ([(2, 2)] * 50, [(1, 3)] * 8, True),
        ([(2, 2)] * 50, [(1, 3)] * 4, False),  # four could be chance
        ([(3, 2)] * 9 + [(2, 2)] * 50, [(1, 3)] * 40, False),  # others pay for it
        ([(2, 3)] * 9 + [(3, 2)], [], True),
        ([(2, 3)] * 5 + [(3, 2)] * 5, [], False),
    ],
)
def test_better_is_proven_on_all_and_not_denied_by_the_usual(
    usual: list[tuple[int, int]], corrected: list[tuple[int, int]], passes: bool
) -> None:
    assert _check_better([*usual, *corrected], usual).passed is passes


@pytest.mark.parametrize(
    ("worse", "better", "protected", "passes"),
    [
        (5, 0, {}, False),  # a chance of 1 in 16
        (7, 1, {}, False),  # a chance of 1 in 14: at one in ten it counts
        (6, 1, {}, True),  # of 1 in 8
        (4, 0, {}, True),  # too few to tell
        (1, 0, {"refund": 0}, False),  # told or not
        (2, 2, {"refund": 0}, True),
        (2, 0, {"refund": 2}, True),
        (3, 0, {"refund": 2}, False),
        (6, 0, {"refund": 9}, False),  # a tolerance is no licence
        (3, 0, {"other": 0}, True),
    ],
)
def test_no_intent_pays_and_a_protected_one_not_by_chance_either(
    worse: int, better: int, protected: dict[str, int], passes: bool
) -> None:
    changes = [(2, 1)] * worse + [(2, 3)] * better + [(3, 3)] * 9
    rows = [Row(f"refund {number}", "refund") for number in range(len(changes))]
    check = _check_intents(rows, changes, protected)
    assert check.passed is passes
    assert ("other" in check.told) is ("other" in protected)  # nothing judges it: that is told


def test_protected_intent_keeps_the_champion_and_is_part_of_what_a_night_decides_by(
    config: Config, desk: Store, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert night(config, recipe_file).exit_code == 0
    judged = []

    def judge(_challenger: Any, _before: Any, bench: Any) -> Verdict:
        judged.append(dict(bench.protected))
        return Verdict([Check("better", False, "because")], {})

    monkeypatch.setattr(finetune.night, "judge", judge)
    content = desk.content()
    settings = replace(content.settings, protected={"greeting": 1})
    desk.replace_content(replace(content, settings=settings))
    assert night(config, recipe_file).exit_code == 3
    assert judged == [{"greeting": 1}]
    assert night(config, recipe_file).exit_code == 3
    assert len(judged) == 1  # known by now


def test_release_with_another_recipe_hides_none_that_the_night_made(
    config: Config, desk: Store, recipe_file: Path
) -> None:
    """Somebody trained by hand on the same rows between the night's training and its death."""
    assert night(config, recipe_file).exit_code == 0
    [done] = list_nights(config.home)
    by_hand = config.releases / "rel_99991231T000000Z_00000000"
    shutil.copytree(config.releases / str(done.release), by_hand)
    manifest = by_hand / "manifest.json"
    manifest.write_text(manifest.read_text().replace(str(done.release), by_hand.name))
    recipe = json.loads((by_hand / "recipe.json").read_text())
    (by_hand / "recipe.json").write_text(json.dumps(recipe | {"seed": 99}))
    folder = config.home / "nights" / done.id
    state = json.loads((folder / "night.json").read_text())
    state |= {"stage": "frozen", "release": None, "ended_at": None}
    (folder / "night.json").write_text(json.dumps(state))
    result = night(config, recipe_file)
    assert told(result)["night"]["release"] == done.release
    assert len(list_releases(config.releases)) == 2


def test_messages_of_a_conversation_are_on_one_side(config: Config, desk: Store) -> None:
    places = correct(desk, [f"hello there {number}" for number in range(60)], "greeting")
    told = [e.message_id for e in desk.content().examples if e.message_id]
    frozen = freeze(desk.content(), desk.origins(told), {})
    held = {frozen.origins[row.place].conversation_id for row in frozen.held_out}
    trained = {o.conversation_id for o in frozen.origins.values()} - held
    assert held == {place for place in places if is_held_out(place)}
    assert held
    assert trained
    assert not any(row.support for row in frozen.held_out)


def test_erasure_reaches_the_nights(config: Config, desk: Store, recipe_file: Path) -> None:
    operator = desk.add_operator("a@b.c", "Ana", "operator", "x")
    places = []
    for text in ("my zanzibarquilt is lost", "zanzibarquilt again, mail me at z@y.example"):
        message, place = write(desk, text)
        desk.correct_message(message, operator.id, intent="track_order")
        places.append(place)
    assert night(config, recipe_file).exit_code == 0
    [rows] = (config.home / "nights").glob("*/rows.jsonl")
    assert rows.read_text().count("zanzibarquilt") == 2
    marked = champion(config.releases)
    for place in places:
        done = CliRunner().invoke(erase, [place, "--yes"], obj=config, help_option_names=HELP)
        assert done.exit_code == 0, done.output
    desk.close()
    left = [p for p in config.home.rglob("*") if p.is_file() and b"zanzibarquilt" in p.read_bytes()]
    assert left == []
    assert len(read_frozen(rows)[0]) > 100
    assert list(read_marks(config.releases)) == [marked]
    assert sum(read_marks(config.releases)[marked].erasures.values()) == 2


def test_a_release_that_8_bits_would_harm_may_still_win(tmp_path: Path) -> None:
    """It is half as fast and has a larger compiled network; more than that is too much."""

    def engine(name: str, ms: float, compiled: int, weights: int) -> Any:
        folder = tmp_path / name
        (folder / "compiled").mkdir(parents=True)
        (folder / "compiled" / "network.bin").write_bytes(b"0" * compiled)
        (folder / "model.safetensors").write_bytes(b"0" * weights)
        reader = SimpleNamespace(read=lambda texts: time.sleep(ms / 1000))
        return SimpleNamespace(release=name, reader=reader)

    champion = engine("rel_8", 10, 300, 1000)
    rows = [Row("hello")] * 5
    folders = {name: tmp_path / name for name in ("rel_8", "rel_floats", "rel_slow", "rel_large")}
    good = _check_cost(engine("rel_floats", 16, 900, 1000), champion, rows, folders)
    assert [check.passed for check in good] == [True, True]
    slow = _check_cost(engine("rel_slow", 30, 900, 1000), champion, rows, folders)
    assert [check.passed for check in slow] == [False, True]
    large = _check_cost(engine("rel_large", 10, 300, 2000), champion, rows, folders)
    assert [check.passed for check in large] == [True, False]


# --- a champion that breaks its promise ----------------------------------------------------------


def champion_of_night(config: Config, desk: Store, recipe_file: Path) -> ReleaseEngine:
    assert night(config, recipe_file).exit_code == 0
    return load_champion(config, desk)


def load_champion(config: Config, desk: Store) -> ReleaseEngine:
    reader = load_reader(config.releases / str(champion(config.releases)), "cpu")
    return release_engine(reader, desk.content(), config.cache)


def test_that_a_champion_answers_what_it_should_not_is_nothing_to_be_held_to(
    config: Config, desk: Store, recipe_file: Path
) -> None:
    """The challenger reads the same and is only more careful: on what the champion answers rightly
    it asks back, which is worse, unless that was luck."""
    templates = tuple(Template(name, name, f"About {name}.") for name in WORDS)
    desk.replace_content(replace(desk.content(), templates=templates))
    before = champion_of_night(config, desk, recipe_file)
    careful = load_champion(config, desk)
    careful.release = "rel_careful"
    careful.thresholds = replace(careful.thresholds, answer=1.0)
    folder = config.releases / before.release
    texts = [f"{row.text} {more}" for row in make_rows() for more in ("now", "today")]
    answered = [
        reading
        for reading in before.read(texts)
        if reading.certainty >= before.thresholds.answer
        and reading.in_scope >= before.thresholds.in_scope
        and reading.certainty < 1
    ]
    labelled = [Row(reading.text, reading.intent and reading.intent.label) for reading in answered]
    rows = choose_rows(labelled, [], read_fingerprints(folder) or set())
    assert len(rows) > 30
    misread = [replace(row, intent="something_else") for row in rows[::3]]
    usual = [row for row in rows if row not in rows[::3]]
    golden = [GoldenCase(row.text, str(row.intent), "answer") for row in usual[:3]]
    assert _failed(before, golden) == set()
    folders = {before.release: folder, careful.release: folder}
    bench = Bench(usual, misread, [], golden, folders)
    kept = judge(careful, before, bench)
    assert not kept.better
    failed = {check.name for check in kept.checks if not check.passed}
    assert {"better", "golden"} <= failed
    assert "counts for nothing" not in kept.checks[0].told

    traffic = [replace(row, stands=1.0) for row in (*misread, *usual)]
    proven = judge(careful, before, replace(bench, traffic=traffic))
    told = proven.checks[0].told
    assert [check for check in proven.checks if not check.passed] == []
    assert f"it handles {len(misread)} better and 0 worse" in told
    assert f"{len(usual)} of {len(rows)} answers of the champion are right" in told
    assert told.endswith("that it answers more counts for nothing.")
    assert proven.figures["traffic"] == asdict(Kept(len(usual), len(rows), broken=True))


def test_how_a_champion_keeps_its_promise_is_seen_on_what_it_has_not_learned(
    config: Config, desk: Store, recipe_file: Path
) -> None:
    engine = champion_of_night(config, desk, recipe_file)
    release = engine.release
    known = [row.text for row in make_rows() if row.intent == "greeting"]
    sure = [
        reading.text
        for reading in engine.read([f"{text} you" for text in known])
        if reading.intent
        and reading.intent.label == "greeting"
        and reading.certainty >= engine.thresholds.answer
        and reading.in_scope >= engine.thresholds.in_scope
    ]
    assert len(sure) > 5
    right = [Row(text, "greeting", stands=1.0) for text in sure]
    wrong = [replace(row, intent="something_else") for row in right]
    seen = read_fingerprints(config.releases / release) or set()
    learned = [
        Row(row.text, "something_else", stands=1.0)
        for row in make_rows()
        if fingerprint(row.text) in seen
    ]
    assert learned
    unweighed = [replace(row, stands=None) for row in wrong]

    def look(rows: list[Row]) -> Kept:
        folders = {release: config.releases / release}
        return _look_at_traffic(engine, Bench([], [], [], [], folders, traffic=rows))

    assert look(right) == Kept(len(sure), len(sure), broken=False)
    assert look(wrong) == Kept(0, len(sure), broken=True)
    assert look([*learned, *unweighed]) == Kept()  # seen in training, or a stand-in for nothing
    heavy = [replace(wrong[0], stands=500.0), *right[1:]]  # one that stands for many proves little
    assert look(heavy) == Kept(0, 1, broken=False)


def test_what_is_asked_back_does_not_break_where_the_promise_is_broken(
    config: Config, desk: Store, recipe_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = champion_of_night(config, desk, recipe_file)
    golden = [GoldenCase("hello there", "greeting", "answer")]
    for action, strict, cautious in (
        ("answer", set(), set()),
        ("clarify", {"hello there"}, set()),
        ("handoff", {"hello there"}, set()),
        ("ask", {"hello there"}, {"hello there"}),
    ):
        routed = SimpleNamespace(action=action)
        monkeypatch.setattr("finetune.verdict.decide", lambda *_, routed=routed: routed)
        assert _failed(engine, golden) == strict
        assert _failed(engine, golden, CAUTIOUS) == cautious
    monkeypatch.setattr("finetune.verdict.decide", lambda *_: SimpleNamespace(action="answer"))
    misread = [GoldenCase("hello there", "goodbye", "answer")]
    assert _failed(engine, misread, CAUTIOUS) == {"hello there"}


def test_a_wrong_label_excuses_nobody_who_has_learned_it(content: Content) -> None:
    """As a newer example it keeps the champion from the right answer; it gives the wrong one."""
    text, sure = "can i send it back", {"return_policy": 0.95, "track_order": 0.02}
    wrong = {"return_policy": 0.02, "track_order": 0.95}
    before = FakeEngine(content, {text: reading_of(text, sure)}, "rel_before")
    after = FakeEngine(content, {text: reading_of(text, wrong)}, "rel_after")
    label = Hit("example", "exa_wrong", 0.99, "track_order", text, fresh=True)
    before.search_all = lambda readings: [[label] for _ in readings]  # type: ignore[method-assign]
    golden = [GoldenCase(text, "return_policy", "answer")]
    assert _failed(before, golden) == {text}  # type: ignore[arg-type]
    check = _check_golden(after, before, golden)  # type: ignore[arg-type]
    assert (check.passed, check.told) == (False, f"1 golden cases break: {text!r}.")
