"""Few rows: all of them train, all of them calibrate, and no network judges what it has seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from finetune.batches import number
from finetune.clean import normalise
from finetune.fit import Setup, fit_network, train_network
from finetune.prepare import FEW, prepare, without
from finetune.rows import Row
from finetune.run import train_release
from finetune.soup import Soup
from finetune.split import deal, group_rows
from index.calibration import Calibration
from index.network import Network, run
from index.release import load_release
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
    assert sorted(texts) == sorted(row.text for row in [*apart.train, *apart.held] if not row.own)
    assert {row.text for row in prepared.held} <= set(texts)
    assert len(prepared.held) > 4 * len(apart.held)
    assert len(prepared.parts) == len(prepared.held)
    assert set(prepared.parts) == {0, 1, 2, 3}


def test_a_network_sees_no_row_of_its_part_nor_one_like_it() -> None:
    prepared = prepare(make_rows(), 3)
    assert prepared.parts is not None
    for part in range(3):
        seen = {normalise(row.text) for row in without(prepared, part).train}
        places = zip(prepared.held, prepared.parts, strict=True)
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
    held = {row.text for row in prepared.held}
    assert not held & {title.text, *(row.text for row in lonely)}
    assert {title.text, *(row.text for row in lonely)} <= {row.text for row in prepared.train}


def test_many_rows_and_rows_marked_valid_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows()
    mixed = [*marked(rows[::2], "valid"), *marked(rows[1::2], "train")]
    assert prepare(mixed, 4).parts is None
    assert prepare(rows, 0).parts is None
    assert prepare(rows, 1).parts is None
    assert len(prepare(rows).promised) < FEW
    monkeypatch.setattr("finetune.prepare.FEW", len(prepare(rows).promised))
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
    rows += [Row("a greeting", "greet", support=True)]
    names = [row for row in prepare(rows).train if row.own]
    assert [(row.text, row.intent, row.support) for row in names] == [("pay bill", "PayBill", True)]


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
    soup = Soup(first)
    soup.add(network(2.0))
    soup.add(network(6.0))
    assert all((value == 1.0).all() for value in first.parameters())
    soup.pour()
    assert all((value == 3.0).all() for value in first.parameters())


def test_members_of_a_soup_begin_alike_and_go_their_own_way(encoder: Path) -> None:
    recipe = tiny_recipe(encoder, epochs=2)
    prepared = prepare(make_rows())
    ways = []
    for setup in (recipe, replace(recipe, learning_rate=0.0, head_learning_rate=0.0)):
        made = Setup(encoder, setup, torch.device("cpu"))
        pair = [train_network(prepared, made, quiet, member=n)[0] for n in (0, 1)]
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
    members = [train_network(prepared, setup, quiet, member=n)[0] for n in (0, 1)]
    pairs = zip(*(n.named_parameters() for n in members), strict=True)
    mean = {name: (first + second) / 2 for (name, first), (_, second) in pairs}
    for name, value in kept.network.named_parameters():
        assert torch.allclose(value, mean[name], atol=1e-6), name
    # What calibrates is what the mean reads, not what a member does.
    rows = number(prepared.held, prepared.labels, Tokenizer.load(encoder))
    assert np.allclose(kept.raw.distances, run(kept.network, rows.tokens, setup.device).distances)
