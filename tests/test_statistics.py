"""Intervals and calibration figures, against values from elsewhere and against simulation."""

import math

import numpy as np
import pytest

from finetune.statistics import (
    auroc,
    auroc_interval,
    calibration_bins,
    calibration_error,
    calibration_error_by_chance,
    macro_f1_interval,
    wilson,
)


def test_wilson_is_that_of_the_textbook() -> None:
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson(10, 10)[1] == 1
    assert wilson(0, 0) == (0, 1)


def test_auroc_interval_has_a_width_at_the_end_and_is_symmetric() -> None:
    low, high = auroc_interval(1.0, 357, 36)
    assert 0.95 < low < 1
    assert high == 1
    low, high = auroc_interval(0.5, 20, 20)
    assert low + high == pytest.approx(1)
    assert auroc_interval(math.nan, 0, 3) == (0, 1)


def test_auroc_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    true = 0.5 * (1 + math.erf(2 / 2))  # of normal scores two apart
    held = 0
    for _ in range(300):
        area = auroc(random.normal(2, 1, 120), random.normal(0, 1, 40))
        low, high = auroc_interval(area, 120, 40)
        held += low <= true <= high
    assert 0.92 <= held / 300 <= 1


def test_macro_f1_interval_is_narrower_with_more_rows() -> None:
    small = np.array([[8, 2], [3, 7]])
    low, high = macro_f1_interval(small)
    assert 0.4 < low < 0.75 < high < 1
    many_low, many_high = macro_f1_interval(small * 100)
    assert many_high - many_low < (high - low) / 5
    assert macro_f1_interval(np.array([[5, 0], [0, 0]])) == (1, 1)


def test_calibration_error_is_what_its_bins_say() -> None:
    confidence = np.array([0.1, 0.9, 0.9, 1.0])
    right = np.array([False, True, False, True])
    bins = calibration_bins(confidence, right)
    assert sum(found.rows for found in bins) == 4
    by_hand = sum(f.rows * abs(f.confidence - f.right) for f in bins) / 4
    assert calibration_error(confidence, right) == pytest.approx(by_hand)


def test_chance_alone_makes_a_calibration_error_that_rows_take_away() -> None:
    few, many = np.full(20, 0.7), np.full(20_000, 0.7)
    assert calibration_error_by_chance(few) > 10 * calibration_error_by_chance(many)
    assert calibration_error_by_chance(np.ones(50)) == 0
