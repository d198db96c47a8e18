"""The lint finds what was planted, of every kind, and leaves what is right alone."""

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from finetune.cli import lint, train
from finetune.crossval import cross_validate, make_folds
from finetune.doubts import Sample, find_wrong_labels, judge
from finetune.findings import RULES, SEVERITIES, Finding
from finetune.lint import find_by_rules
from finetune.lint_model import find_with_model, take_sample
from finetune.report import describe_findings, summarise
from finetune.rows import Row, from_examples
from index.records import OUT_OF_SCOPE, SENTIMENTS
from service.config import Config
from service.content import read_desk
from service.errors import Conflict
from service.records.content import Content, Example, Intent
from service.store import open_store
from tiny import HELP, make_encoder, make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdfgklmnprst"]


def healthy(intents: int = 4, each: int = 20, outside: int = 60) -> list[Row]:
    """Rows in which there is nothing to find."""
    chooser = random.Random(5)
    names = [f"intent{n}" for n in range(intents) for _ in range(each)] + [OUT_OF_SCOPE] * outside
    return [
        Row(" ".join(chooser.sample(WORDS, 5)), name, SENTIMENTS[n % 3], place=f"rows.jsonl:{n}")
        for n, name in enumerate(names)
    ]


def kinds(rows: list[Row]) -> Counter[str]:
    return Counter(finding.kind for finding in find_by_rules(rows))


def only(rows: list[Row]) -> Finding:
    (finding,) = find_by_rules(rows)
    return finding


# Rules


def test_healthy_rows_have_no_findings() -> None:
    assert find_by_rules(healthy()) == []
    assert find_by_rules([]) == []


def placed(*rows: Row) -> list[Row]:
    """Rows after healthy ones, with places that go on from theirs."""
    return [*healthy(), *rows]


@pytest.mark.parametrize(
    ("kind", "rows", "told"),
    [
        ("conflict", [Row("Hi you", "intent0"), Row("hi  YOU", "intent1")], "intent0 or intent1"),
        (
            "conflict",
            [Row("so so", sentiment="neutral"), Row("so so", sentiment="negative")],
            "negative or neutral",
        ),
        ("near_conflict", [Row("hi, you", "intent0"), Row("hi you!", "intent1")], "intent0 or"),
        ("empty", [Row(" \n", "intent0", place="x:7")], "no text"),
        ("too_long", [Row("long " * 500, "intent0")], "2500 characters"),
        ("duplicate", [Row("hi you", "intent0"), Row("Hi you", "intent0")], "2 times"),
    ],
)
def test_a_planted_mistake_is_the_only_finding(kind: str, rows: list[Row], told: str) -> None:
    finding = only(placed(*rows))
    assert finding.kind == kind
    assert finding.rows == tuple(rows)
    assert told in finding.message


def test_labels_that_complete_each_other_are_no_duplicates() -> None:
    assert find_by_rules(placed(Row("hi you", "intent0"), Row("hi you", sentiment="neutral"))) == []


def test_a_title_may_say_what_a_customer_says_but_not_of_another_intent() -> None:
    title = Row("hi you", "intent0", place="title of intent0", support=True, own=True)
    assert find_by_rules(placed(title, Row("hi you", "intent0"))) == []
    assert kinds(placed(title, Row("hi you", "intent1"))) == {"conflict": 1}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Where is my parcel now please?", "leak"),
        ("now where is my parcel please", "leak"),
        ("where is my parcel now pleas", "near_leak"),
    ],
)
def test_like_texts_in_two_splits_are_a_leak(text: str, kind: str) -> None:
    given = [Row(r.text, r.intent, r.sentiment, split="train", place=r.place) for r in healthy()]
    pair = (
        Row("where is my parcel now please", "intent0", split="train"),
        Row(text, "intent0", split="test"),
    )
    finding = only([*given, *pair])
    assert (finding.kind, finding.message, finding.rows) == (kind, "test and train", pair)
    more = [Row(pair[0].text + " ".join(["!"] * n), "intent0", split="train") for n in range(9)]
    (finding,) = [f for f in find_by_rules([*given, *more, pair[1]]) if f.kind == kind]
    assert [row.split for row in finding.rows[:2]] == ["train", "test"], "the first show it"
    together = [Row(row.text, row.intent, split="test") for row in pair]
    assert "leak" not in kinds([*given, *together])


def test_without_given_splits_nothing_leaks() -> None:
    rows = placed(
        Row("where is my parcel now", "intent0"), Row("my parcel now where is", "intent0")
    )
    assert find_by_rules(rows) == []


def test_few_examples_are_told_of_rows_and_of_texts() -> None:
    nine = [Row(f"{WORDS[n]} {WORDS[-n - 1]} {n}", "small") for n in range(9)]
    finding = only(placed(*nine))
    assert finding.kind == "few_examples"
    assert finding.message.startswith("small: examples 9, different texts 9;")
    again = [Row(f"hello there my dear good friend {n}", "small") for n in "abcdefghijkl"]
    finding = only(placed(*again))
    assert finding.message.startswith("small: examples 12, different texts 1;")
    assert find_by_rules(placed(*nine, Row("and one more", "small"))) == []


def test_an_intent_with_a_title_only_has_no_examples() -> None:
    finding = only(placed(Row("Hello", "small", support=True, own=True)))
    assert finding.message.startswith("small: examples 0,")


def test_a_class_of_twenty_times_the_median_is_unbalanced() -> None:
    chooser = random.Random(6)
    more = [Row(" ".join(chooser.sample(WORDS, 6)), "intent0") for _ in range(400)]
    finding = only(placed(*more))
    assert finding.kind == "imbalance"
    assert finding.message == "intent0: 420 examples, the median intent has 20"
    assert find_by_rules(placed(*more[:300])) == []


def test_an_intent_that_is_only_held_out_is_untaught() -> None:
    rows = [Row(r.text, r.intent, r.sentiment, split="train") for r in healthy()]
    rows += [Row(f"{WORDS[n]} {WORDS[-n - 1]} {n}", "late", split="test") for n in range(12)]
    assert only(rows).message == "late: 12 rows, none of them in train"


def test_sentiments_are_all_there_or_told() -> None:
    rows = [row for row in healthy() if row.sentiment != "positive"]
    assert [f.kind for f in find_by_rules(rows) if f.kind == "sentiment_missing"]
    none = [Row(row.text, row.intent) for row in healthy()]
    assert only(none).kind == "no_sentiment"


def test_few_out_of_scope_rows_are_told_with_their_cost() -> None:
    finding = only(healthy(outside=49))
    assert finding.kind == "few_out_of_scope"
    assert "49" in finding.message
    assert "promise" in finding.rule.advice
    assert find_by_rules(healthy(outside=50)) == []
    sentiments = [Row(row.text, sentiment=row.sentiment) for row in healthy()]
    assert find_by_rules(sentiments) == [], "no intents, no out of scope"


def test_errors_come_first() -> None:
    rows = [Row("a b", "x"), Row("a b", "x"), Row("c", "x"), Row("c", "y"), Row("", "x")]
    found = [finding.rule.severity for finding in find_by_rules(rows)]
    assert found == sorted(found, key=SEVERITIES.index)
    assert set(found) == set(SEVERITIES)


# Cross-validation and doubts, on vectors that are made up


def cloud(
    intents: int = 6, each: int = 40, *, spread: float = 0.6, width: int = 24, seed: int = 1
) -> tuple[list[Row], NDArray[np.float32]]:
    """Rows of intents with unit vectors around a centre each."""
    random = np.random.default_rng(seed)
    centres = np.linalg.qr(random.normal(size=(width, width)))[0][:intents]
    vectors = np.repeat(centres, each, axis=0) + spread * random.normal(
        size=(intents * each, width)
    ) / np.sqrt(width)
    chooser = random.permutation(len(WORDS) ** 2)
    texts = [f"{WORDS[n % len(WORDS)]} {WORDS[n // len(WORDS)]} q{n}" for n in chooser]
    rows = [Row(texts[n], f"intent{n // each}", place=f"f:{n}") for n in range(intents * each)]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return rows, unit.astype(np.float32)


def sampled(rows: list[Row], vectors: NDArray[np.float32]) -> Sample:
    sample = take_sample("intent", rows, 16 * vectors, vectors)
    assert sample is not None
    return sample


def relabel(rows: list[Row], numbers: list[int], intents: int = 6) -> list[Row]:
    return [
        Row(row.text, f"intent{(int(row.intent[-1]) + 1) % intents}", place=row.place)
        if n in numbers and row.intent
        else row
        for n, row in enumerate(rows)
    ]


def test_folds_keep_groups_whole_and_classes_even() -> None:
    truth = np.repeat(np.arange(4), 25)
    groups = np.array([n // 2 if n < 50 else n for n in range(100)])
    folds = make_folds(truth, groups)
    assert (folds[0:50:2] == folds[1:50:2]).all()
    counts = Counter(zip(truth.tolist(), folds.tolist(), strict=True))
    assert min(counts.values()) >= 4
    assert max(counts.values()) <= 6


def test_no_row_is_judged_by_a_classifier_that_saw_it() -> None:
    """Labels that are pure chance can be learned by heart, but not cross-validated."""
    random = np.random.default_rng(3)
    features = random.normal(size=(120, 200)).astype(np.float32)
    truth = random.integers(0, 4, 120)
    folds = make_folds(truth, np.arange(120))
    chances = cross_validate(features, truth, folds)
    assert chances.sum(axis=1) == pytest.approx(np.ones(120), abs=1e-4)
    assert (chances.argmax(axis=1) == truth).mean() < 0.45


def test_planted_wrong_labels_are_found_and_right_ones_left_alone() -> None:
    rows, vectors = cloud()
    swapped = list(range(3, 240, 13))
    sample = sampled(relabel(rows, swapped), vectors)
    found = {int(sample.rows[row].place[2:]) for row in find_wrong_labels(sample)}
    assert len(found & set(swapped)) >= 0.8 * len(swapped)
    assert len(found - set(swapped)) <= 0.02 * len(rows)
    messages = {f.rows[0].place: f.message for f in judge(sample) if f.kind == "intent_label"}
    assert messages["f:3"].startswith("intent1 (0.0")
    assert "more likely intent0 (" in messages["f:3"]


def test_separable_intents_raise_no_doubt() -> None:
    sample = sampled(*cloud(spread=0.3))
    assert [f for f in judge(sample) if f.kind != "outlier"] == []
    assert [f for f in judge(sample) if f.kind == "outlier"] == []


def test_intents_with_one_centre_overlap() -> None:
    rows, vectors = cloud(5)
    random = np.random.default_rng(2)
    mixed = [Row(r.text, random.choice(["intent0", "twin"]), place=r.place) for r in rows[:40]]
    findings = [f for f in judge(sampled([*mixed, *rows[40:]], vectors)) if f.kind == "overlap"]
    (finding,) = findings
    assert finding.message.startswith("intent0 and twin: ")
    assert {row.intent for row in finding.rows} == {"intent0", "twin"}
    assert finding.score >= 0.1


def test_a_row_far_from_its_intent_is_an_outlier() -> None:
    rows, vectors = cloud(spread=0.3)
    vectors[7] = vectors[[50, 90, 130, 170, 210]].sum(axis=0)
    vectors[7] /= np.linalg.norm(vectors[7])
    sample = sampled(rows, vectors)
    told = [f for f in judge(sample) if f.rows[0].place == "f:7"]
    assert len(told) == 1, "a row is a wrong label or an outlier, not both"
    chances = np.eye(6, dtype=np.float32)[sample.truth] * 0.9 + 0.01
    blind = replace(sample, chances=chances)
    assert not [f for f in judge(blind) if f.kind == "outlier"], "read rightly, only worded oddly"
    chances[7] = [0.1, 0.3, 0.2, 0.2, 0.1, 0.1]
    assert [f.rows[0].place for f in judge(blind) if f.kind == "outlier"] == ["f:7"]


def test_an_out_of_scope_row_in_an_intent_is_told() -> None:
    rows, vectors = cloud(spread=0.4)
    outside = {12, 61}
    rows = [
        Row(r.text, OUT_OF_SCOPE if n >= 200 or n in outside else r.intent, place=r.place)
        for n, r in enumerate(rows)
    ]
    found = [f for f in judge(sampled(rows, vectors)) if f.kind == "out_of_scope_like"]
    assert {f.rows[0].place for f in found} == {"f:12", "f:61"}
    assert "looks like intent0" in next(f.message for f in found if f.rows[0].place == "f:12")
    assert not [f for f in judge(sampled(rows, vectors)) if f.kind == "intent_label"]


def test_wrong_sentiments_are_found_too() -> None:
    rows, vectors = cloud(3)
    felt = [Row(r.text, sentiment=SENTIMENTS[n // 40], place=r.place) for n, r in enumerate(rows)]
    felt[5] = Row(felt[5].text, sentiment="positive", place="f:5")
    sample = take_sample("sentiment", felt, 16 * vectors, vectors)
    assert sample is not None
    (finding,) = judge(sample)
    assert (finding.kind, finding.rows) == ("sentiment_label", (felt[5],))
    assert "more likely negative" in finding.message


def test_labels_with_too_few_texts_are_not_judged() -> None:
    rows, vectors = cloud(3, 10)
    rows[0] = Row(rows[0].text, "rare")
    assert sampled(rows, vectors).labels == ["intent0", "intent1", "intent2"]
    assert take_sample("intent", rows[1:10], vectors[1:10], vectors[1:10]) is None
    assert take_sample("sentiment", rows, vectors, vectors) is None


# With an encoder, and from the outside


@pytest.fixture
def desk(config: Config, encoder: Path) -> Config:
    """The configuration with a tiny encoder."""
    return config.model_copy(update={"encoder": str(encoder), "device": "cpu"})


def write(path: Path, rows: list[Row]) -> Path:
    names = ("text", "intent", "sentiment", "split")
    fields = [{n: getattr(row, n) for n in names if getattr(row, n) is not None} for row in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in fields))
    return path


def call(command: object, config: Config, *arguments: object) -> Result:
    texts = [str(argument) for argument in arguments]
    return CliRunner().invoke(command, texts, obj=config, help_option_names=HELP)  # type: ignore[arg-type]


def test_what_is_cut_is_shown(encoder: Path) -> None:
    long = " ".join(["hello there"] * 50 + ["undo what i bought"] + ["parcel status"] * 40)
    rows = [*make_rows(), Row(long, "greeting", place="f:9"), Row("hello " * 126, "greeting")]
    stages: list[str] = []
    found = find_with_model(
        rows, encoder, torch.device("cpu"), lambda stage, done, whole: stages.append(stage)
    )
    (cut,) = [finding for finding in found if finding.kind == "cut"]
    assert cut.rows[0].place == "f:9"
    assert "characters are not read" in cut.message
    assert {"encode", "judge intents", "judge sentiments"} == set(stages)


def test_the_command_tells_all_and_fails_on_errors(desk: Config, tmp_path: Path) -> None:
    mistakes = [Row("hi you two", "greeting"), Row("Hi you two", "track_order")]
    path = write(tmp_path / "rows.jsonl", [*make_rows(), *mistakes])
    result = call(lint, desk, "--data", path, "--json")
    assert result.exit_code == 1, result.output
    report = json.loads(result.stdout)
    assert report["rows"] == len(make_rows()) + 2
    assert report["counts"]["error"] == 1
    first = report["findings"][0]
    assert (first["kind"], first["severity"]) == ("conflict", "error")
    last = len(make_rows()) + 1
    assert [row["place"] for row in first["rows"]] == [f"{path}:{last}", f"{path}:{last + 1}"]
    assert sum(report["kinds"].values()) == len(report["findings"])
    assert not desk.home.exists()


def test_a_release_lends_its_encoder(config: Config, tmp_path: Path) -> None:
    make_encoder(tmp_path / "release" / "encoder")
    here = config.model_copy(update={"encoder": "/no/encoder", "device": "cpu"})
    data = ("--data", write(tmp_path / "rows.jsonl", make_rows()))
    assert isinstance(call(lint, here, *data).exception, Conflict)
    result = call(lint, here, *data, "--release", tmp_path / "release")
    assert result.exit_code == 0, result.output


def test_warnings_alone_do_not_fail(config: Config, tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", healthy(outside=3))
    result = call(lint, config, "--data", path, "--quick")
    assert result.exit_code == 0
    assert "1 warning (few_out_of_scope)" in result.stdout.replace("1 few", "few")
    clean = write(tmp_path / "clean.jsonl", healthy())
    assert "nothing found" in call(lint, config, "--data", clean, "--quick").stdout


def test_limit_bounds_each_kind(config: Config, tmp_path: Path) -> None:
    twice = [row for row in healthy() for _ in range(2)]
    path = write(tmp_path / "rows.jsonl", twice)
    report = json.loads(call(lint, config, "--data", path, "--quick", "--json").stdout)
    assert len(report["findings"]) == len(healthy())
    arguments = ("--data", path, "--quick", "--limit", 2)
    report = json.loads(call(lint, config, *arguments, "--json").stdout)
    assert len(report["findings"]) == 2
    assert report["kinds"] == {"duplicate": len(healthy())}
    text = call(lint, config, *arguments).stdout
    assert text.count("  - 2 times") == 2
    assert f"… and {len(healthy()) - 2} more" in text


def test_the_desk_itself_is_linted(desk: Config) -> None:
    store = open_store(desk)
    store.replace_content(Content(intents=(Intent("a", "g", "A title"),)))
    store.add_examples(
        [
            Example("", "hello you", "a"),
            Example("", "hello, you", OUT_OF_SCOPE, source="correction"),
        ]
    )
    store.close()
    result = call(lint, desk, "--quick", "--json")
    found = {finding["kind"]: finding for finding in json.loads(result.stdout)["findings"]}
    assert [row["place"][:8] for row in found["near_conflict"]["rows"]] == ["example "] * 2
    assert found["few_examples"]["message"].startswith("a: examples 1,")


def test_without_cleanlab_it_says_what_to_install(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finetune.cli.find_spec", lambda name: None)
    result = call(lint, config, "--data", write(tmp_path / "rows.jsonl", healthy()))
    assert isinstance(result.exception, Conflict)
    assert "frontdesk[lint]" in str(result.exception)


def test_training_warns_in_short_and_goes_on(config: Config, encoder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(tiny_recipe(encoder, epochs=1).to_json()))
    path = write(tmp_path / "my rows.jsonl", [*make_rows(), Row("", "greeting")])
    out = tmp_path / "release"
    result = call(train, config, "--data", path, "--recipe", recipe, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    assert "1 error (1 empty)" in result.stderr
    assert f"frontdesk lint --data '{path}'" in result.stderr
    assert json.loads(result.stdout)["release"]


def test_every_kind_is_told_with_what_to_do() -> None:
    for kind, rule in RULES.items():
        finding = Finding(kind, "told", (Row("hi", "a", "neutral", place="f:1"),) * 8)
        text = describe_findings([finding], 3, 10)
        assert rule.advice in text
        assert 'f:1  "hi"  a, neutral' in text
        assert "… and 2 more rows" in text
        assert finding.to_json()["advice"] == rule.advice
    assert summarise([Finding("empty", ""), Finding("empty", "")]) == "2 errors (2 empty)"


def test_a_text_cannot_move_the_cursor_or_begin_a_line() -> None:
    row = Row("a\x1b[2J\ud800\nerror: b\u2028c", "a", place="f:1")
    text = describe_findings([Finding("empty", "told", (row,))], 1, 10)
    assert 'f:1  "a�[2J� error: b c"  a' in text
    text.encode()


@pytest.mark.model
@pytest.mark.slow
def test_planted_mistakes_in_the_starter_desk_are_found() -> None:
    """Every 25th label of twelve intents is swapped; the real encoder finds most of them."""
    content = read_desk(Path(__file__).parent.parent / "service" / "starter")
    names = [intent.name for intent in content.intents][::5][:12]
    rows = [row for row in from_examples(content.examples) if row.intent in names]
    swapped = set(range(5, len(rows), 25))
    rows = [
        Row(row.text, names[(names.index(row.intent or "") + 5) % 12], place=str(n))
        if n in swapped
        else Row(row.text, row.intent, place=str(n))
        for n, row in enumerate(rows)
    ]
    from finetune.encoders import find_encoder
    from finetune.recipe import DEFAULT_ENCODER

    findings = find_with_model(rows, find_encoder(DEFAULT_ENCODER), torch.device("cpu"))
    found = {int(finding.rows[0].place) for finding in findings if finding.kind == "intent_label"}
    assert len(found & swapped) >= 0.65 * len(swapped)
    assert len(found - swapped) <= 0.02 * len(rows)
