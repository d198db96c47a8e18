"""Calibration: scores become probabilities, and thresholds keep what they promise."""

from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from finetune.batches import Dataset
from finetune.build import build_network
from finetune.calibrate import (
    NEVER,
    Judged,
    estimate_answer_threshold,
    find_answer_threshold,
    find_clarify_threshold,
    find_thresholds,
    fit_scope,
    fit_temperature,
    judge,
    judge_strangers,
)
from finetune.prototypes import estrange
from finetune.statistics import auroc, binomial_tail, calibration_error
from index.backend import Raw
from index.calibration import Calibration, scope_score, softmax
from index.records import Thresholds
from index.release import Labels
from index.spans import IGNORED
from tiny import tiny_recipe


def draw(count: int, random: np.random.Generator, sharpness: float = 4.0) -> Judged:
    """Rows whose chance of being right is their certainty; a tenth are out of scope."""
    certainty = random.beta(sharpness, 0.5, count).astype(np.float32)
    outliers = random.random(count) < 0.1
    certainty[outliers] *= 0.3
    right = (random.random(count) < certainty) & ~outliers
    return Judged(certainty, certainty, right, right, outliers, np.ones(count, np.float32))


def test_binomial_tail_is_exact() -> None:
    assert binomial_tail(0, 45, 0.05) == pytest.approx(0.95**45)
    assert binomial_tail(2, 4, 0.5) == pytest.approx(11 / 16)
    assert binomial_tail(3, 3, 0.05) == 1.0
    exact = sum(comb(1000, k) * 0.05**k * 0.95 ** (1000 - k) for k in range(41))
    assert binomial_tail(40, 1000, 0.05) == pytest.approx(exact)
    assert binomial_tail(0, 10, 0.0) == 1.0


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([2.0, 3.0]), np.array([1.0])) == 1.0
    assert auroc(np.array([1.0, 2.0]), np.array([1.0, 0.0])) == 0.875
    assert np.isnan(auroc(np.array([]), np.array([1.0])))


def test_calibration_error_of_an_honest_and_of_a_boasting_model() -> None:
    right = np.arange(1000) % 10 < 7
    assert calibration_error(np.full(1000, 0.7), right) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(np.full(1000, 1.0), right) == pytest.approx(0.3)


def test_temperature_is_found_again() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (4000, 6)).astype(np.float32)
    chances = softmax(logits)
    truth = np.array([random.choice(6, p=row / row.sum()) for row in chances.astype(np.float64)])
    assert fit_temperature(3 * logits, truth) == pytest.approx(3.0, rel=0.08)


def test_temperature_without_rows_is_one() -> None:
    assert fit_temperature(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)) == 1.0


@pytest.mark.parametrize("outliers", [0, 3, 40])
def test_in_scope_rises_with_the_score_and_keeps_known_messages(outliers: int) -> None:
    random = np.random.default_rng(0)
    known = random.normal(6, 1, 200).astype(np.float32)
    slope, offset = fit_scope(known, random.normal(2, 1, outliers).astype(np.float32))
    assert slope > 0
    assert np.mean(slope * known + offset > 0) >= 0.95
    assert slope * 1.0 + offset < 0


def test_in_scope_of_a_perfect_separation_is_finite() -> None:
    slope, offset = fit_scope(np.full(20, 5.0, np.float32), np.full(20, 1.0, np.float32))
    assert np.isfinite([slope, offset]).all()


def test_calibration_survives_json() -> None:
    calibration = Calibration(Thresholds(0.95, 0.1, 0.8, 0.3, 0.5), 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert Calibration.from_json(calibration.to_json()) == calibration


def test_extreme_logits_give_finite_probabilities() -> None:
    logits = np.array([[1e4, -1e4], [0.0, 0.0]], np.float32)
    assert np.isfinite(softmax(logits)).all()
    far = np.array([0.0, 1e6], np.float32)
    assert np.isfinite(scope_score(logits, far, 1.0, 1.0)).all()
    calibration = Calibration(Thresholds(0.95, 0.1, 0.8, 0.3, 0.5), scope_slope=9.0)
    assert np.isfinite(calibration.in_scope(logits, far)).all()


def test_in_scope_falls_with_the_distance_and_rises_with_the_logit() -> None:
    calibration = Calibration(
        Thresholds(0.95, 0.1, 0.8, 0.3, 0.5), logit_spread=2.0, distance_spread=10.0
    )
    logits = np.array([[4.0, 0.0], [6.0, 0.0], [4.0, 0.0]], np.float32)
    middle, surer, further = calibration.in_scope(logits, np.array([30, 30, 40], np.float32))
    assert middle == pytest.approx(1 / (1 + np.exp(1)))
    assert surer == pytest.approx(0.5)
    assert further == pytest.approx(1 / (1 + np.exp(2)))


def test_promise_is_kept_in_nine_of_ten_desks() -> None:
    """The guarantee itself: over many samples, broken at most as often as the risk says."""
    random = np.random.default_rng(3)
    everyone = draw(200_000, random)
    kept, shares = 0, []
    for _ in range(200):
        threshold = find_answer_threshold(draw(250, random), draw(250, random), 0.95, 0.1)
        answered = everyone.certainty >= threshold
        kept += not answered.any() or everyone.right[answered].mean() >= 0.95
        shares.append(answered.mean())
    assert kept >= 0.88 * 200
    assert np.mean(shares) > 0.25


def test_an_estimate_keeps_the_promise_nearly_as_often() -> None:
    random = np.random.default_rng(3)
    everyone = draw(200_000, random)
    kept, shares = 0, []
    for _ in range(200):
        threshold = estimate_answer_threshold(draw(500, random), 0.95, 0.1)
        answered = everyone.certainty >= threshold
        kept += not answered.any() or everyone.right[answered].mean() >= 0.95
        shares.append(answered.mean())
    assert kept >= 0.8 * 200
    assert np.mean(shares) > 0.4


def test_too_few_rows_promise_nothing() -> None:
    random = np.random.default_rng(0)
    few = draw(20, random)
    assert find_answer_threshold(few, few, 0.95, 0.1) == NEVER
    assert estimate_answer_threshold(few, 0.95, 0.1) == NEVER
    none = draw(0, random)
    for certifying in (none, None):
        thresholds = find_thresholds(none, certifying, 0.95, 0.1)
        assert (thresholds.answer, thresholds.clarify) == (NEVER, NEVER)


def test_outliers_answered_break_the_promise() -> None:
    certainty = np.linspace(0, 1, 400, dtype=np.float32)
    no, yes = np.zeros(400, np.bool_), np.ones(400, np.bool_)
    each = np.ones(400, np.float32)
    good = Judged(certainty, certainty, yes, yes, no, each)
    assert find_answer_threshold(good, good, 0.95, 0.1) == 0.0
    foreign = Judged(certainty, certainty, no, no, yes, each)
    assert find_answer_threshold(foreign, foreign, 0.95, 0.1) == NEVER


def test_what_is_labelled_too_often_counts_for_less() -> None:
    """Of 1,000 answers 30 are wrong; labelled are all that customers objected to, and a tenth."""
    wrong, some = 30, 97
    right = np.arange(wrong + some) >= wrong
    certainty = np.full(wrong + some, 0.9, np.float32)
    no, even = np.zeros(len(right), np.bool_), np.ones(len(right), np.float32)
    fair = np.where(right, 970 / some, 1.0).astype(np.float32)

    def threshold(counts: NDArray[np.float32]) -> float:
        labelled = Judged(certainty, certainty, right, right, no, counts)
        return estimate_answer_threshold(labelled, 0.9, 0.05)

    assert threshold(even) == NEVER
    assert threshold(fair) < 0.9
    # The units do not matter: it is worth its effective size, here about a hundred.
    assert threshold(fair / 50) == threshold(fair)
    labelled = Judged(certainty, certainty, right, right, no, fair)
    assert estimate_answer_threshold(labelled, 0.96, 0.05) == NEVER


def test_uneven_rows_prove_less_than_as_many_even_ones() -> None:
    right = np.arange(200) >= 4
    certainty, no = np.full(200, 0.9, np.float32), np.zeros(200, np.bool_)
    uneven = np.where(np.arange(200) % 10 == 9, 20.0, 0.1).astype(np.float32)
    found = [
        estimate_answer_threshold(
            Judged(certainty, certainty, right, right, no, counts), 0.95, 0.05
        )
        for counts in (np.ones(200, np.float32), uneven)
    ]
    assert found[0] < found[1] == NEVER


def test_a_wrong_label_near_the_top_does_not_silence_the_desk() -> None:
    """It stands for eight messages, and all that are less certain are right."""
    certainty = np.linspace(0.5, 1.0, 400, dtype=np.float32)
    right, no = np.arange(400) != 340, np.zeros(400, np.bool_)
    labelled = Judged(certainty, certainty, right, right, no, np.where(right, 1, 8).astype("f4"))
    assert estimate_answer_threshold(labelled, 0.95, 0.05) == 0.0
    # A sequence that begins near the top comes to it at once, and ends.
    top = Judged(certainty, certainty, certainty > 0.93, right, no, np.ones(400, np.float32))
    assert find_answer_threshold(top, labelled, 0.95, 0.05) > 0.9


def test_rows_that_count_for_less_move_the_border_of_the_scope_less() -> None:
    random = np.random.default_rng(3)
    certainty = random.uniform(0.5, 1.0, 600).astype(np.float32)
    certainty[:300] = random.uniform(0.0, 0.2, 300)  # hard ones, nearly all of which are labelled
    yes, no = np.ones(600, np.bool_), np.zeros(600, np.bool_)
    light = np.where(np.arange(600) < 300, 0.01, 1.0).astype(np.float32)
    borders = [
        find_thresholds(*[Judged(certainty, certainty, yes, yes, no, c)] * 2, 0.9, 0.1).in_scope
        for c in (np.ones(600, np.float32), light)
    ]
    assert borders[0] < 0.2
    assert borders[1] > 0.5


def test_clarify_starts_where_the_right_intent_is_among_the_choices() -> None:
    certainty = np.linspace(0, 1, 1000, dtype=np.float32)
    no = np.zeros(1000, np.bool_)

    def threshold(near: np.ndarray, counts: np.ndarray) -> float:
        return find_clarify_threshold(Judged(certainty, certainty, no, near, no, counts))

    once = np.ones(1000, np.float32)
    assert threshold(certainty > 0.4, once) == pytest.approx(0.4, abs=0.06)
    assert threshold(certainty >= 0, once) == 0.0
    # What operators label is what went wrong, and stands for less than what went well.
    labelled = np.arange(1000) % 2 == 0
    near = (certainty > 0.4) & ~labelled
    assert threshold(near, once) > 0.9
    few = np.where(labelled, 0.1, 1.0).astype(np.float32)
    assert threshold(near, few) == pytest.approx(0.4, abs=0.06)


def test_in_scope_threshold_keeps_known_messages() -> None:
    judged = draw(1000, np.random.default_rng(1))
    thresholds = find_thresholds(judged, judged, 0.95, 0.1)
    kept = judged.in_scope[~judged.outliers] >= thresholds.in_scope
    assert 0.97 <= kept.mean() <= 0.99
    assert thresholds.clarify <= thresholds.answer


# --- messages that are out of scope, where no example is -----------------------------------------


def rows_of(intents: list[int], outliers: int = 0, count: float = 1.0) -> Dataset:
    """So many rows by their intents, and outliers, without texts."""
    whole = len(intents) + outliers
    none = np.full(whole, IGNORED, np.int64)
    return Dataset(
        tokens=[[]] * whole,  # type: ignore[list-item]
        intents=np.array([*intents, *[IGNORED] * outliers], np.int64),
        sentiments=none,
        tags=[none[:0]] * whole,
        outliers=np.arange(whole) >= len(intents),
        weights=np.ones(whole, np.float32),
        counts=np.full(whole, count, np.float32),
        then=np.full((whole, 2), np.nan, np.float32),
    )


def read_as(logits: NDArray[np.float32]) -> Raw:
    rows = len(logits)
    empty = np.zeros((rows, 0), np.float32)
    return Raw(empty, logits, np.zeros(rows, np.float32), empty, [empty[0].astype(int)] * rows)


@pytest.mark.parametrize(("outliers", "together"), [(0, 10.0), (4, 6.0), (10, 0.0), (50, 0.0)])
def test_strangers_count_for_what_the_rows_lack_of_a_tenth(outliers: int, together: float) -> None:
    rows = rows_of([0, 1, 2] * 30, outliers)
    raw = read_as(np.zeros((len(rows), 3), np.float32))
    strangers = judge_strangers(raw, rows, Calibration(Thresholds(0.95, 0.05, 0, 0, 0)))
    assert strangers.counts.sum() == pytest.approx(together)
    assert strangers.outliers.all()
    assert not strangers.right.any()


def test_a_desk_that_would_answer_strangers_is_careful() -> None:
    """It knows its own messages well; of them, those it would answer if it did not know their
    intent are the less certain half."""
    rows = rows_of([0, 1] * 200)
    sure = np.linspace(1, 6, 400, dtype=np.float32)
    own = np.eye(2, dtype=np.float32)[rows.intents] * sure[:, None]
    strange = np.where(np.eye(2, dtype=bool)[rows.intents], -1e4, sure[:, None] - 2)
    calibration = Calibration(Thresholds(0.95, 0.05, 0, 0, 0), scope_offset=-2.0)
    judged = judge(read_as(own), rows, calibration)
    strangers = judge_strangers(read_as(strange.astype(np.float32)), rows, calibration)
    careless = find_thresholds(judged, None, 0.95, 0.05)
    careful = find_thresholds(judged, None, 0.95, 0.05, strangers)
    assert careless.answer == 0.0
    assert careful.answer > 0.5
    assert careful.in_scope == careless.in_scope
    above = careful.answer
    answered = [each.counts[each.certainty >= above].sum() for each in (judged, strangers)]
    assert answered[0] / sum(answered) > 0.95


def test_an_intent_that_is_taken_away_leaves_the_others(encoder: Path) -> None:
    labels = Labels(("a", "b", "c"), (), ())
    network = build_network(encoder, labels, tiny_recipe(encoder)).eval()
    assert network.prototypes is not None
    with torch.no_grad():
        network.prototypes.centres.copy_(torch.eye(3, 32))
    vectors = np.eye(3, 32, dtype=np.float32) * 0.9
    raw = replace(read_as(np.full((3, 3), 2.0, np.float32)), vectors=vectors)
    strange = estrange(network, raw, np.array([0, IGNORED, 2]))
    assert (strange.intents < 0).tolist() == [
        [True, False, False],
        [False] * 3,
        [False] * 2 + [True],
    ]
    assert strange.distances == pytest.approx([np.hypot(0.9, 1), 0.1, np.hypot(0.9, 1)], abs=1e-5)
    assert (raw.intents == 2).all()
