"""The few figures that say how good a release is, each with its interval and plain words.

Called by the report and the model card, so that both say the same. It computes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from finetune.charts import percent

Metrics = Mapping[str, Any]
Standing = Literal["", "good", "bad"]

# What ``measured_on`` of the metrics says; other rows are "rows given".
MEASURED = {
    "test": "test rows",
    "valid": "held-out rows (there are no test rows)",
    "crossed": "training rows (there are no test rows), each read by a network without it",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure: its value and 95 % interval as numbers and as text, and what it means.

    ``aim`` is what it should reach, where something was promised; ``standing`` says whether it did.
    """

    title: str
    value: float
    text: str
    words: str
    interval: tuple[float, float] | None = None
    between: str = ""
    aim: float | None = None
    standing: Standing = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A release in a sentence, and what became of its promise."""

    text: str
    remark: str = ""
    standing: Standing = ""


def headlines(metrics: Metrics) -> list[Headline]:
    """Those that the metrics have, the most telling first."""
    found = _promise(metrics.get("promise"))
    intent, sentiment = metrics.get("intent"), metrics.get("sentiment")
    scope = metrics.get("out_of_scope")
    if intent:
        found += [
            _share("Intent accuracy", intent, "accuracy", "The first guess is the right intent."),
            _share(
                "Among the first three",
                intent,
                "top3",
                "The right intent is one of three: what a “did you mean” offers.",
            ),
        ]
    if sentiment:
        found.append(
            _score(
                "Sentiment macro-F1",
                sentiment,
                "macro_f1",
                "Misses and false alarms about the mood, each mood counting the same.",
            )
        )
    if scope and "auroc" in scope:
        found.append(
            _score(
                "Out-of-scope AUROC",
                scope,
                "auroc",
                "How often a message that the desk knows looks more familiar than one it does not.",
            )
        )
    if scope:
        words = "Of the messages that are none of the desk’s business, how many are noticed."
        found.append(_share("Out-of-scope recall", scope, "recall", words))
    if intent:
        found.append(_calibration(intent))
    return found


def verdict(metrics: Metrics) -> Verdict:
    """What it comes to, and how the promise fared."""
    promise = metrics.get("promise")
    if not promise:
        return Verdict("Without intents in these rows, nothing can be said about answers.")
    aim = percent(promise["promise"])
    if promise["threshold"] > 1:
        return Verdict(
            "It answers nothing by itself.",
            f"Too few messages, or too few read rightly, to promise {aim}",
            "bad",
        )
    if promise["precision"] is None:
        return Verdict("None of these messages is certain enough for an answer.")
    said = (
        f"Of 100 messages it answers {100 * promise['answered']:.0f} by itself, "
        f"and {percent(promise['precision'])} of those answers are right."
    )
    low, high = promise.get("precision_interval") or (0.0, 1.0)
    if low >= promise["promise"]:
        return Verdict(said, f"The promise of {aim} is kept, beyond chance", "good")
    if promise["precision"] >= promise["promise"]:
        return Verdict(said, f"The promise of {aim} is kept on these messages", "good")
    if high >= promise["promise"]:
        return Verdict(said, f"Short of the promised {aim}, though within what chance does", "bad")
    return Verdict(said, f"The promise of {aim} is broken on these messages", "bad")


def _promise(promise: Metrics | None) -> list[Headline]:
    if not promise:
        return []
    if promise["threshold"] > 1:
        words = "Too few rows, or too few read rightly, to promise anything: a person answers all."
        return [Headline("Answered by itself", 0.0, "nothing", words, standing="bad")]
    words = "Of all messages, out-of-scope ones included, how many get an answer without a person."
    found = [_share("Answered by itself", promise, "answered", words)]
    if promise["precision"] is None:
        return found
    aim = promise["promise"]
    words = f"Of those answers, how many are right. The desk promises {percent(aim)}."
    interval = _interval(promise, "precision")
    reached = promise["precision"] >= aim
    found.append(
        Headline(
            "Right among the answers",
            promise["precision"],
            percent(promise["precision"]),
            words,
            interval,
            _between(interval, percent),
            aim,
            "good" if reached else "bad",
        )
    )
    return found


def _calibration(intent: Metrics) -> Headline:
    chance = intent.get("calibration_error_by_chance")
    words = "By how much the stated confidence and the share of right guesses differ."
    if chance is not None:
        words += f" Pure chance makes {chance:.3f} of it on this many rows."
    error = intent["calibration_error"]
    return Headline("Calibration error (ECE)", error, f"{error:.3f}", words)


def _share(title: str, part: Metrics, name: str, words: str) -> Headline:
    interval = _interval(part, name)
    between = _between(interval, percent)
    return Headline(title, part[name], percent(part[name]), words, interval, between)


def _score(title: str, part: Metrics, name: str, words: str) -> Headline:
    interval = _interval(part, name)
    between = _between(interval, lambda value: f"{value:.3f}")
    return Headline(title, part[name], f"{part[name]:.3f}", words, interval, between)


def _interval(part: Metrics, name: str) -> tuple[float, float] | None:
    found: Sequence[float] | None = part.get(f"{name}_interval")
    return (found[0], found[1]) if found else None


def _between(interval: tuple[float, float] | None, text: Any) -> str:
    return f"{text(interval[0])} to {text(interval[1])}" if interval else ""
