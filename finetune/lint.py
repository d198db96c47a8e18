"""Lint by rules: what is wrong with labelled rows that no model is needed to see.

Pure functions of rows. Called by `frontdesk lint` and, for its summary, by `frontdesk train`. It
changes and drops nothing; ``finetune.lint_model`` finds what takes an encoder to see.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from statistics import median

from finetune.clean import CleanReport, clean
from finetune.findings import FEW_OUTSIDE, Finding, ordered
from finetune.rows import Row
from finetune.split import group_rows
from index.alike import words_of
from index.records import OUT_OF_SCOPE, SENTIMENTS
from index.seen import normalise

LABELS = ("intent", "sentiment")
FEW_ROWS = 10
FEW_GROUPS = 5
IMBALANCE = 20


def find_by_rules(rows: Sequence[Row]) -> list[Finding]:
    """What the rules find, most severe first."""
    kept, report = clean(rows)
    dropped = {id(row) for row in chain(report.empty, report.too_long, *report.conflicts)}
    said = [row for row in rows if not row.own and id(row) not in dropped]
    return ordered(
        [
            *_unusable(report),
            *_near_conflicts(kept),
            *_repeated(said),
            *_leaks(said),
            *_counts(kept),
            *_sentiments(kept),
        ]
    )


def _unusable(report: CleanReport) -> Iterator[Finding]:
    """What cleaning drops, as it reports it."""
    for row in report.empty:
        yield Finding("empty", "no text", (row,))
    for row in report.too_long:
        yield Finding("too_long", f"{len(row.text)} characters", (row,))
    for group in report.conflicts:
        yield Finding("conflict", _versus(group), tuple(group))


def _near_conflicts(kept: Sequence[Row]) -> Iterator[Finding]:
    by_words: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in kept:
        if words := words_of(row.text):
            by_words[tuple(words)].append(row)
    for group in by_words.values():
        if any(len({getattr(r, name) for r in group} - {None}) > 1 for name in LABELS):
            yield Finding("near_conflict", _versus(group), tuple(group))


def _repeated(rows: Sequence[Row]) -> Iterator[Finding]:
    """Rows with the same text and labels; a leak between splits is told as such, not here."""
    same: dict[tuple[str, str | None, str | None, str], list[Row]] = defaultdict(list)
    for row in rows:
        same[normalise(row.text), row.intent, row.sentiment, _place_of(row)].append(row)
    for group in same.values():
        if len(group) > 1:
            yield Finding("duplicate", f"{len(group)} times", tuple(group))


def _leaks(rows: Sequence[Row]) -> Iterator[Finding]:
    """Groups of like texts that lie in several of the splits that the rows came with."""
    if not any(row.split for row in rows):
        return
    for numbers in group_rows(rows):
        group = [rows[number] for number in numbers]
        places = {_place_of(row) for row in group}
        if len(places) > 1:
            same = Counter(words for words, _ in {(_words(r), _place_of(r)) for r in group})
            kind = "leak" if max(same.values()) > 1 else "near_leak"
            yield Finding(kind, " and ".join(sorted(places)), _in_turn(group), len(group))


def _counts(kept: Sequence[Row]) -> Iterator[Finding]:
    """Intents with too few or too many rows, and too few rows without one."""
    said = [row for row in kept if not row.own]
    rows = Counter({row.intent: 0 for row in kept if row.intent and row.intent != OUT_OF_SCOPE})
    rows.update(row.intent for row in said if row.intent and row.intent in rows)
    texts = Counter(
        intent
        for numbers in group_rows(said)
        for intent in {said[number].intent or "" for number in numbers}
    )
    for intent, count in sorted(rows.items(), key=lambda pair: pair[1]):
        if count < FEW_ROWS or texts[intent] < FEW_GROUPS:
            least = f"at least {FEW_ROWS} and {FEW_GROUPS} are wanted"
            message = f"{intent}: examples {count}, different texts {texts[intent]}; {least}"
            yield Finding("few_examples", message, _some(said, intent), -count)
    usual = median(rows.values()) if rows else 0
    for intent, count in rows.items():
        if count > IMBALANCE * max(usual, 1):
            message = f"{intent}: {count} examples, the median intent has {usual:g}"
            yield Finding("imbalance", message, score=count)
    taught = {row.intent for row in kept if _place_of(row) == "train"}
    if taught:
        for intent in sorted(rows.keys() - taught, key=str):
            yield Finding("untaught", f"{intent}: {rows[intent]} rows, none of them in train")
    outside = sum(row.intent == OUT_OF_SCOPE for row in said)
    if rows and outside < FEW_OUTSIDE:
        yield Finding("few_out_of_scope", f"{outside} rows; at least {FEW_OUTSIDE} are wanted")


def _sentiments(kept: Sequence[Row]) -> Iterator[Finding]:
    found = Counter(row.sentiment for row in kept if row.sentiment)
    if kept and not found:
        yield Finding("no_sentiment", f"none of {len(kept)} rows")
        return
    for name in SENTIMENTS:
        if kept and not found[name]:
            others = ", ".join(f"{count} {label}" for label, count in found.most_common())
            yield Finding("sentiment_missing", f"{name}: no row; {others}")


def _versus(group: Sequence[Row]) -> str:
    parts = [
        " or ".join(sorted({str(getattr(row, name)) for row in group if getattr(row, name)}))
        for name in LABELS
        if len({getattr(row, name) for row in group} - {None}) > 1
    ]
    return "; ".join(parts)


def _in_turn(group: Sequence[Row]) -> tuple[Row, ...]:
    """The rows with one of each split in turn, so that the first few show the leak."""
    turns: Counter[str] = Counter()
    dealt = []
    for row in group:
        turns[_place_of(row)] += 1
        dealt.append((turns[_place_of(row)], row))
    return tuple(row for _, row in sorted(dealt, key=lambda pair: pair[0]))


def _place_of(row: Row) -> str:
    """The split in which a row ends up when the rows come with splits."""
    return "train" if row.support or not row.split else row.split


def _words(row: Row) -> tuple[str, ...]:
    return tuple(sorted(set(words_of(row.text)))) or (row.text,)


def _some(rows: Sequence[Row], intent: str | None, count: int = 3) -> tuple[Row, ...]:
    return tuple([row for row in rows if row.intent == intent][:count])
