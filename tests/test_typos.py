"""Typos change texts a little, labels never."""

import difflib

import numpy as np

from finetune.rows import Row, Span
from finetune.typos import misspell, with_typos

TEXT = "Where is the parcel that I ordered last week?"


def test_a_misspelt_text_stays_close_to_the_text() -> None:
    random = np.random.default_rng(1)
    found = {misspell(TEXT, random) for _ in range(50)}
    assert len(found) > 40
    for text in found:
        assert difflib.SequenceMatcher(None, TEXT.lower(), text.lower()).ratio() > 0.85
        assert len(text.split()) == len(TEXT.split())


def test_short_words_and_numbers_keep_their_letters() -> None:
    random = np.random.default_rng(1)
    assert misspell("KM-482913 hi", random) == "KM-482913 hi"
    assert misspell("", random) == ""


def test_about_the_wanted_share_is_misspelt_and_labels_stay() -> None:
    rows = [Row(f"{TEXT} {number}", "track_order") for number in range(400)]
    misspelt = with_typos(rows, 0.25, np.random.default_rng(2))
    changed = sum(a.text != b.text for a, b in zip(rows, misspelt, strict=True))
    assert 60 < changed < 140
    assert {row.intent for row in misspelt} == {"track_order"}


def test_rows_with_spans_stay_as_they_are() -> None:
    rows = [Row("does the Skye jacket fit", "size", entities=(Span(9, 20, "product"),))]
    assert with_typos(rows, 1.0, np.random.default_rng(3)) == rows
