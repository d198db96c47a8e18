"""Few rows: all of them train, all of them calibrate, and no network judges what it has seen."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from finetune import calibrate
from finetune.batches import Dataset, number
from finetune.calibrate import Judged
from finetune.fit import Setup, fit_network, train_network
from finetune.prepare import FEW, prepare, without
from finetune.rows import Row, Span
from finetune.run import train_release
from finetune.soup import stir_in
from finetune.split import deal, group_rows
from index.alike import words_of
from index.backend import Raw
from index.calibration import Calibration
from index.network import Network, run
from index.release import load_release
from index.seen import normalise
from index.tokens import Tokenizer
from tiny import WORDS, make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")


def quiet(stage: str, done: int, whole: int) -> None:
    """Where a training tells nothing."""


class Encoder(torch.nn.Linear):
    config = type("Config", (), {"hidden_size": 4, "num_hidden_layers": 1})()


def marked(rows: list[Row], split: str) -> list[Row]:
    return [replace(row, split=split) for row in rows]


def test_few_rows_all_train_and_all_calibrate_but_the_test_rows() -> None:
    prepared = prepare(make_rows(), 4)
    assert prepared.parts is not None
    apart = prepare(make_rows())
    assert apart.parts is None
    assert prepared.test == apart.test
    texts = [row.text for row in prepared.train if not row.support]
    assert sorted(texts) == sorted(
        row.text for row in [*apart.train, *apart.calibrating] if not row.own
    )
    assert {row.text for row in prepared.calibrating} <= set(texts)
    assert len(prepared.calibrating) > 4 * len(apart.calibrating)
    assert len(prepared.parts) == len(prepared.calibrating)
    assert set(prepared.parts) == {0, 1, 2, 3}


def test_a_network_sees_no_row_of_its_part_nor_one_like_it() -> None:
    prepared = prepare(make_rows(), 3)
    assert prepared.parts is not None
    for part in range(3):
        seen = {normalise(row.text) for row in without(prepared, part).train}
        places = zip(prepared.calibrating, prepared.parts, strict=True)
        mine = [row for row, place in places if place == part]
        assert mine
        assert not seen & {normalise(row.text) for row in mine}
        both = [*mine, *without(prepared, part).train]
        for group in group_rows(both):
            assert len({n < len(mine) for n in group}) == 1
        assert {row.intent for row in without(prepared, part).train} >= set(WORDS)


def test_support_rows_and_the_only_group_of_an_intent_train_alone() -> None:
    title = Row("where is it", "track_order", support=True)
    lonely = [Row("sell me a boat", "buy_boat"), Row("a boat sell me", "buy_boat")]
    prepared = prepare([*make_rows(), title, *lonely], 4)
    held = {row.text for row in prepared.calibrating}
    assert not held & {title.text, *(row.text for row in lonely)}
    assert {title.text, *(row.text for row in lonely)} <= {row.text for row in prepared.train}


def test_texts_like_support_rows_and_marked_ones_only_train() -> None:
    correction = Row("where is MY parcel!", "track_order", support=True)
    typed = replace(make_rows()[40], split="train")
    rows = [*make_rows()[:40], typed, *make_rows()[41:], correction]
    prepared = prepare(rows, 4)
    assert prepared.parts is not None
    held = {normalise(row.text) for row in prepared.calibrating}
    assert normalise("where is my parcel") not in held
    assert normalise(typed.text) not in held
    every = prepare([replace(row, split="train") for row in make_rows()], 4)
    assert normalise(typed.text) in {normalise(row.text) for row in every.calibrating}


def test_every_network_knows_every_intent() -> None:
    """Of two intents with the same words, one of which has no others."""
    twins = [Row("please stop it now", "cancel_order"), Row("please stop it now!", "halt")]
    twins += [Row("it stop please now", "halt")]
    for parts in (2, 3, 4):
        prepared = prepare([*make_rows(), *twins], parts)
        assert prepared.parts is not None
        assert "halt" in prepared.labels.intents or "halt" not in {
            row.intent for row in prepared.train
        }
        for part in range(parts):
            rest = without(prepared, part)
            assert {row.intent for row in rest.train} >= set(prepared.labels.intents)
            seen = {frozenset(words_of(row.text)) for row in rest.train}
            places = zip(prepared.calibrating, prepared.parts, strict=True)
            mine = {frozenset(words_of(row.text)) for row, place in places if place == part}
            assert not seen & mine


def test_labels_are_those_of_all_that_trains() -> None:
    rows = make_rows()
    odd = [
        Row(f"{word} the valve", "cancel_order", entities=(Span(0, len(word), "verb"),))
        for word in ("open", "close", "mend", "turn", "clean", "paint")
    ]
    for row in odd:
        prepared = prepare([*rows, row], 4)
        if row.text not in {one.text for one in prepared.test}:
            assert "verb" in prepared.labels.entities


@pytest.mark.parametrize("parts", [4, 5, 10])
def test_every_part_tunes_and_promises(parts: int) -> None:
    prepared = prepare(make_rows(), parts)
    assert prepared.parts is not None
    tuning = prepared.parts[: len(prepared.tuning)]
    promised = prepared.parts[len(prepared.tuning) :]
    assert set(tuning) == set(promised) == set(range(parts))
    assert len(tuning) < len(promised)


def test_without_intents_there_is_nothing_to_promise() -> None:
    moods = [row for row in make_rows() if row.sentiment]
    assert prepare(moods, 4).parts is None
    many = [Row(f"{n} and {n * n} {n % 7} boxes", sentiment="neutral") for n in range(3000)]
    both = prepare([*make_rows(), *many], 4)
    assert len(prepare([*make_rows(), *many]).promised) > FEW
    assert both.parts is not None


def test_many_rows_and_rows_marked_valid_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows()
    mixed = [*marked(rows[::2], "valid"), *marked(rows[1::2], "train")]
    assert prepare(mixed, 4).parts is None
    assert prepare(rows, 0).parts is None
    assert prepare(rows, 1).parts is None
    assert len(prepare(rows).promised) < FEW
    certifying = sum(row.intent is not None for row in prepare(rows).promised)
    monkeypatch.setattr("finetune.prepare.FEW", certifying)
    assert prepare(rows, 4).parts is None


def test_parts_keep_groups_whole_and_spread_the_intents() -> None:
    rows = [row for row in make_rows() if row.intent in WORDS]
    parts = np.array(deal(rows, 4))
    for group in group_rows(rows):
        assert len(set(parts[group])) == 1
    for intent in WORDS:
        mine = [part for row, part in zip(rows, parts, strict=True) if row.intent == intent]
        assert set(mine) == {0, 1, 2, 3}
    again = deal(list(reversed(rows)), 4)
    assert sorted(zip((r.text for r in rows), parts.tolist(), strict=True)) == sorted(
        zip((r.text for r in reversed(rows)), again, strict=True)
    )


def test_names_of_intents_teach_where_they_are_words() -> None:
    rows = [Row(f"text {n} of {name}", name) for n in range(9) for name in ("PayBill", "i_12")]
    rows += [Row(f"hello {n} hello", "greet") for n in range(9)]
    rows += [Row("a greeting", "greet", support=True, own=True)]
    names = [row for row in prepare(rows).train if row.own and row.place.startswith("name")]
    assert [(row.text, row.intent, row.support) for row in names] == [("pay bill", "PayBill", True)]


def test_no_name_says_what_another_row_does() -> None:
    rows = [Row(f"text {n} of {name}", name) for n in range(9) for name in ("pay_bill", "PayBill")]
    rows += [Row(f"number {n} of it", "cancel_order") for n in range(9)]
    rows += [Row("Order? Cancel!", "cancel_order", split="test")]
    assert not [row for row in prepare(rows).train if row.own]


def test_what_certifies_is_what_networks_say_of_rows_that_they_have_not_seen(
    encoder: Path, tmp_path: Path
) -> None:
    """Labels without any sense can be learned by heart and not be guessed."""
    random = np.random.default_rng(3)
    words = ["parcel", "order", "cancel", "please", "today", "thanks", "hello", "now"]
    rows = [
        Row(" ".join([*random.permutation(words)[:4], f"{n}"]), f"intent {'abc'[n % 3]}x")
        for n in range(60)
    ]
    recipe = tiny_recipe(encoder, cross_fit=2, epochs=25)
    made = train_release(marked(rows, "train"), recipe, out=tmp_path / "release", device="cpu")
    assert made.metrics["measured_on"] == "crossed"
    assert made.metrics["crossed"] == made.metrics["intent"]["rows"] > 50
    assert made.metrics["intent"]["accuracy"] < 0.6
    assert made.metrics["splits"]["valid"] == 0
    assert load_release(made.path).calibration.thresholds.answer > 1


def test_a_desk_of_few_rows_can_promise(encoder: Path, tmp_path: Path) -> None:
    rows = [row for row in make_rows() if row.intent in WORDS]
    answers = {}
    for parts in (0, 4):
        recipe = tiny_recipe(encoder, cross_fit=parts)
        out = tmp_path / f"{parts}"
        made = train_release(rows, recipe, out=out, promise=0.9, device="cpu")
        calibration: Calibration = load_release(made.path).calibration
        answers[parts] = calibration.thresholds.answer
        assert made.metrics["measured_on"] == "test"
        assert bool(made.metrics["crossed"]) == bool(parts)
        report = (made.path / "report.html").read_text()
        assert ("Score by epoch" in report) == (not parts)
        assert ("There were too few rows to hold any out" in report) == bool(parts)
        card = (made.path / "README.md").read_text()
        assert ("cross-fitting" in card) == (bool(parts) and answers[parts] < 1)
    assert answers[0] > 1, "it promises with so few rows: the test shows nothing"
    assert answers[4] < 1


def test_crossed_training_repeats(encoder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(encoder, cross_fit=2, epochs=2)
    made = [
        train_release(make_rows(), recipe, out=tmp_path / name, device="cpu").metrics
        for name in "ab"
    ]
    assert made[0] == made[1]


def test_a_soup_is_the_mean_of_weights() -> None:
    def network(value: float) -> Network:
        made = Network(Encoder(4, 4), "mean", intents=2, sentiments=0, tags=3)
        for parameter in made.parameters():
            torch.nn.init.constant_(parameter, value)
        return made

    first = network(1.0)
    stir_in(first, network(2.0), 2)
    stir_in(first, network(6.0), 3)
    assert all(torch.allclose(value, torch.tensor(3.0)) for value in first.parameters())
    odd = network(0.1)
    for count in (2, 3, 4, 5):
        stir_in(odd, network(0.1), count)
    assert all((value == torch.tensor(0.1)).all() for value in odd.parameters())


def test_members_of_a_soup_begin_alike_and_go_their_own_way(encoder: Path) -> None:
    recipe = tiny_recipe(encoder, epochs=2)
    prepared = prepare(make_rows())
    ways = []
    for setup in (recipe, replace(recipe, learning_rate=0.0, head_learning_rate=0.0)):
        made = Setup(encoder, setup, torch.device("cpu"))
        pair = [train_network(prepared, made, quiet, course=n)[0] for n in (0, 1)]
        first, second = (torch.cat([p.detach().flatten() for p in n.parameters()]) for n in pair)
        ways.append(float((first - second).abs().max()))
    assert ways[0] > 0.01
    assert ways[1] == 0.0


def test_the_kept_network_is_the_mean_of_its_members(encoder: Path) -> None:
    recipe = tiny_recipe(encoder, epochs=2, soup=2)
    prepared, setup = prepare(make_rows()), Setup(encoder, recipe, torch.device("cpu"))
    told: list[str] = []
    kept = fit_network(prepared, setup, lambda stage, done, whole: told.append(stage))
    assert any(stage.startswith("training 2/2") for stage in told)
    members = [train_network(prepared, setup, quiet, course=n)[0] for n in (0, 1)]
    pairs = zip(*(n.named_parameters() for n in members), strict=True)
    mean = {name: (first + second) / 2 for (name, first), (_, second) in pairs}
    for name, value in kept.network.named_parameters():
        assert torch.allclose(value, mean[name], atol=1e-6), name
    # What calibrates is what the mean reads, not what a member does.
    rows = number(prepared.calibrating, prepared.labels, Tokenizer.load(encoder))
    assert np.allclose(kept.raw.distances, run(kept.network, rows.tokens, setup.device).distances)


def test_a_desk_without_messages_out_of_scope_is_judged_by_strangers(
    encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in make_rows() if row.intent not in (None, "out_of_scope")]
    prepared = prepare(rows, parts=2)
    assert prepared.parts is not None
    setup = Setup(encoder, tiny_recipe(encoder, epochs=2), torch.device("cpu"), promise=0.5)
    seen: list[Judged] = []
    judge = calibrate.judge_strangers

    def strangers(strange: Raw, held: Dataset, calibration: Calibration) -> Judged:
        own = strange.intents[np.arange(len(held)), held.intents]
        assert (own < -1000).all()  # as if it were not there
        assert (strange.intents > -1000).sum(axis=1).tolist() == [2] * len(held)
        seen.append(judge(strange, held, calibration))
        return seen[-1]

    def everywhere(*asked: Any) -> Judged:
        found = strangers(*asked)
        whole = np.ones_like(found.counts)
        return replace(found, certainty=whole, in_scope=whole, counts=9 * whole)

    monkeypatch.setattr("finetune.fit.judge_strangers", strangers)
    answering = fit_network(prepared, setup, quiet).calibration.thresholds.answer
    assert seen[0].counts.sum() == pytest.approx(len(prepared.calibrating) / 9, rel=1e-4)
    monkeypatch.setattr("finetune.fit.judge_strangers", everywhere)
    silent = fit_network(prepared, setup, quiet).calibration.thresholds.answer
    assert answering <= 1 < silent
