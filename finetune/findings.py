"""What a lint finds: the kinds with their advice, and the record of one finding.

``finetune.lint`` and ``finetune.doubts`` make findings, ``finetune.report`` tells them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from finetune.clean import MAX_CHARACTERS
from finetune.rows import Row

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

FEW_OUTSIDE = 50  # out-of-scope rows


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding: how bad it is, its name for people, and what to do about it."""

    severity: Severity
    title: str
    advice: str


RULES: dict[str, Rule] = {
    "conflict": Rule(
        "error",
        "same text, contradicting labels",
        "Training drops every one of these rows. Keep the right label, delete or mend the others.",
    ),
    "leak": Rule(
        "error",
        "same words in several splits",
        "Figures on held-out rows are too good when training has seen them. "
        "Put all rows of a text into one split, or give no splits: training makes them by text.",
    ),
    "empty": Rule("error", "empty text", "Training drops it. Delete the row or write its text."),
    "near_conflict": Rule(
        "warning",
        "same words but for punctuation, contradicting labels",
        "Training learns both. Decide which label these words have.",
    ),
    "near_leak": Rule(
        "warning",
        "nearly the same text in several splits",
        "Held-out rows that nearly repeat training rows flatter the figures. "
        "Put such rows into one split, or give no splits: training makes them by text.",
    ),
    "too_long": Rule(
        "warning",
        f"over {MAX_CHARACTERS} characters",
        "Training drops it. Shorten it to what a customer would write.",
    ),
    "cut": Rule(
        "warning",
        "longer than the encoder reads",
        "Only its beginning and end are read. Shorten it, or split it if the cut part matters.",
    ),
    "untaught": Rule(
        "warning",
        "intent without training rows",
        "It cannot be learned, and its held-out rows count as wrong. Put most of them into train.",
    ),
    "few_examples": Rule(
        "warning",
        "intent with too few examples",
        "Write different ways to mean it, 20 are a good start, or merge it with its neighbour. "
        "Below four different texts nothing is held out, so nobody knows how well it is read.",
    ),
    "imbalance": Rule(
        "warning",
        "intent with far more examples than the others",
        "Unclear messages will be drawn to it. Write more for the others, or thin it out.",
    ),
    "sentiment_missing": Rule(
        "warning",
        "sentiment without a single row",
        "It will never be read. Label some rows with it, or drop sentiment labels altogether.",
    ),
    "few_out_of_scope": Rule(
        "warning",
        "too few out-of-scope rows",
        "The desk cannot measure how often it answers what it should not, so its promise holds for "
        f"known messages only. Collect {FEW_OUTSIDE} or more that it should not answer.",
    ),
    "intent_label": Rule(
        "warning",
        "intent that is probably wrong",
        "Read it: relabel it if the other intent is right, leave it if it is merely unusual. If "
        "you cannot tell, neither can a customer's words: see the overlaps.",
    ),
    "sentiment_label": Rule(
        "warning",
        "sentiment that is probably wrong",
        "Read it: relabel it if the other sentiment is right, leave it if it is merely unusual.",
    ),
    "out_of_scope_like": Rule(
        "warning",
        "out-of-scope row that looks like an intent",
        "If the desk should answer it, give it that intent; if not, write more rows of both kinds.",
    ),
    "overlap": Rule(
        "warning",
        "intents that are hard to tell apart",
        "Merge them if they get the same answer. Otherwise write examples with the words that tell "
        "them apart, and move those that belong to the other.",
    ),
    "no_sentiment": Rule(
        "note",
        "no row has a sentiment",
        "The desk will not notice upset customers. Label some rows, or leave it if that is meant.",
    ),
    "outlier": Rule(
        "note",
        "far from everything in its intent",
        "Wrong label, another language, or a way of saying it that needs a few more examples.",
    ),
    "duplicate": Rule(
        "note", "same text and label again", "Training keeps one. Delete the copies."
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend; ``rows`` show it, and ``score`` says how sure it is within its kind."""

    kind: str
    message: str
    rows: tuple[Row, ...] = ()
    score: float = 0.0

    @property
    def rule(self) -> Rule:
        """The rule that it breaks."""
        return RULES[self.kind]

    def to_json(self) -> dict[str, Any]:
        """A JSON object with everything that a program needs to mend it."""
        return {
            "kind": self.kind,
            "severity": self.rule.severity,
            "message": self.message,
            "advice": self.rule.advice,
            "score": round(self.score, 4),
            "rows": [
                {name: getattr(row, name) for name in ("place", "text", "intent", "sentiment")}
                | ({"split": row.split} if row.split else {})
                for row in self.rows
            ],
        }


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, then by kind as in ``RULES``, the surest first."""
    kinds = list(RULES)

    def rank(finding: Finding) -> tuple[int, int, float]:
        severity = SEVERITIES.index(finding.rule.severity)
        return severity, kinds.index(finding.kind), -finding.score

    return sorted(findings, key=rank)
