"""Fingerprints of texts: the same in any spelling, of quotes too, and kept with the release."""

from pathlib import Path

import pytest

from finetune.clean import clean
from finetune.details import shorten
from finetune.rows import Row
from index.errors import ReleaseError
from index.seen import (
    MARKS,
    SEEN,
    Mark,
    fingerprint,
    fingerprints,
    is_quote_of,
    read_fingerprints,
    read_marks,
    write_fingerprints,
    write_marks,
)


def test_fingerprints_know_a_text_in_any_spelling(tmp_path: Path) -> None:
    assert read_fingerprints(tmp_path) is None
    write_fingerprints(
        tmp_path, ["Where IS  my order?", "\ud800"], ["a test", "where is my ORDER?"]
    )
    seen = read_fingerprints(tmp_path)
    assert seen is not None
    assert fingerprint("where is my order?") in seen
    assert fingerprint("where is my parcel?") not in seen
    assert fingerprint("a test") not in seen
    assert read_fingerprints(tmp_path, tested=True) == {*seen, fingerprint("a test")}
    assert "order" not in (tmp_path / SEEN).read_text()
    (tmp_path / SEEN).write_text("[]")
    with pytest.raises(ReleaseError, match=SEEN):
        read_fingerprints(tmp_path)


@pytest.mark.parametrize("length", [5, 79, 80, 81, 279, 280, 281, 1000])
@pytest.mark.parametrize("letter", ["x", "word ", "é…"])
def test_a_quote_is_known_however_it_was_cut(length: int, letter: str) -> None:
    text = (letter * length)[:length]
    erased = frozenset(fingerprints(text))
    sketch = clean([Row(text, "a"), Row(text, "b")])[1].to_json()["rows"]["conflicts"][0][0]
    for quote in (text, shorten(text), str(sketch["text"])):
        assert is_quote_of(quote, erased), quote
        assert not is_quote_of("y" + quote, erased)


def test_marks_are_read_back_and_named_when_damaged(tmp_path: Path) -> None:
    assert read_marks(tmp_path) == {}
    marks = {"rel_1": Mark("2026", {"era_1": 2, "era_2": 1}), "rel_2": Mark("2026", unknown=True)}
    write_marks(tmp_path, marks)
    assert read_marks(tmp_path) == marks
    assert marks["rel_1"].describe().startswith("learned from 3 erased messages;")
    assert marks["rel_2"].to_json() == {"at": "2026", "texts": None}
    (tmp_path / MARKS).write_text("[]")
    with pytest.raises(ReleaseError, match=MARKS):
        read_marks(tmp_path)
