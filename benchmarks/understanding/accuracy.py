"""Accuracy, a function a case: train on a public set, read its whole test part.

Called by the command through `benchmarks.understanding.cases`. Trainings see no test row (see
`draws.teaching`), and no threshold, temperature or stopping looks at one, except where a figure
says so.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.understanding.bench import Bench, Heard
from benchmarks.understanding.draws import few, inside, part, teaching, unite
from benchmarks.understanding.figures import Figure
from benchmarks.understanding.measures import highest_threshold, polarity, refuse
from finetune.fit import PROMISE
from finetune.rows import Row
from finetune.statistics import calibration_error

CALIBRATED = 0.03
KEPT = 0.96  # in-scope accuracy at which the recall of out-of-scope messages counts
RECALL = 0.75
EXAMPLES = 10
DRAWS = 3
SOUP = 3
LOSS = -0.3  # points that a joint model may lie below a single-task one


def clinc_release(bench: Bench) -> Path:
    """CLINC150 without any out-of-scope row, neither to train nor to calibrate."""
    return bench.train("clinc", inside(teaching(bench.rows("clinc150"))))


def bitext_release(bench: Bench) -> Path:
    """The 27 intents of Bitext."""
    return bench.train("bitext", teaching(bench.rows("bitext_intents")))


def goemotions_release(bench: Bench) -> Path:
    """Three-class sentiment of GoEmotions, less the texts of UCI."""
    return bench.train("goemotions", _moods(bench))


def snips_release(bench: Bench) -> Path:
    """Intents and slots of SNIPS."""
    return bench.train("snips", teaching(bench.rows("snips")))


def measure_clinc(bench: Bench) -> list[Figure]:
    """In-scope accuracy, and how well out of scope is told without having seen any of it."""
    return _clinc(bench, clinc_release(bench))


def measure_soup(bench: Bench) -> list[Figure]:
    """The same with the weights of three trainings averaged, which takes three times as long."""
    rows = inside(teaching(bench.rows("clinc150")))
    return _clinc(bench, bench.train("clinc-soup", rows, soup=SOUP))


def measure_bitext(bench: Bench) -> list[Figure]:
    """The intents of messages that another generation run made."""
    tested = bench.hear(bitext_release(bench), part(bench.rows("bitext_intents"), "test"))
    return [_accuracy(tested, 0.985, "intent accuracy"), _error(tested, "intent")]


def measure_few(bench: Bench) -> list[Figure]:
    """Ten examples an intent: the mean over draws, on the whole test part.

    No row is held out of these trainings but by cross-fitting, so each draw's promise is one split
    of its own, made and kept on different rows; it is about what is in scope, as the rows are.
    """
    rows = bench.rows("clinc150")
    test = part(rows, "test")
    accuracies, errors, areas = [], [], []
    right, answered = [], []
    for draw in range(1, DRAWS + 1):
        release = bench.train(f"few-{draw}", few(teaching(rows), EXAMPLES, draw))
        metrics = bench.hear(release, test).metrics
        accuracies.append(metrics["intent"]["accuracy"])
        errors.append(metrics["intent"]["calibration_error"])
        areas.append(metrics["out_of_scope"]["auroc"])
        promise = bench.hear(release, inside(test)).metrics["promise"]
        right.append(promise["precision"] or 0.0)
        answered.append(promise["answered"])
    return [
        _mean("in-scope accuracy", accuracies, 0.93),
        Figure(
            "ECE of the intent",
            float(np.mean(errors)),
            CALIBRATED,
            "score",
            "most",
            f"of {DRAWS} draws {_list(errors, 1, 4)}",
            parts={"draws": errors},
        ),
        Figure("out-of-scope AUROC", float(np.mean(areas)), unit="score", parts={"draws": areas}),
        _mean("right among the answers, in scope, promise 95%", right, PROMISE),
        _mean("answered of what is in scope", answered, None),
    ]


def measure_sentiment(bench: Bench) -> list[Figure]:
    """Three moods of GoEmotions, and with the same release two of UCI's reviews."""
    return _sentiments(bench, goemotions_release(bench))


def measure_snips(bench: Bench) -> list[Figure]:
    """Intents and slots from one pass."""
    tested = bench.hear(snips_release(bench), part(bench.rows("snips"), "test"))
    return [_slots(tested), _accuracy(tested, None, "intent accuracy"), _error(tested, "intent")]


def measure_joint(bench: Bench) -> list[Figure]:
    """One release for intents (CLINC150), sentiment (GoEmotions) and slots (SNIPS) against three.

    Each set gives the label that it is here for and nothing else (see `draws.unite`); the
    single-task releases see the very same rows of their set. Neither sees out-of-scope rows.
    """
    intents = inside(teaching(bench.rows("clinc150")))
    slots = teaching(bench.rows("snips"))
    union = unite({"intent": intents, "sentiment": _moods(bench), "entities": slots})
    joint = bench.train("joint", union)
    clinc, snips = (part(bench.rows(name), "test") for name in ("clinc150", "snips"))
    alone = bench.hear(clinc_release(bench), clinc)
    together = bench.hear(joint, clinc)
    one_task = bench.train("slots", unite({"entities": slots}))
    slots_alone, slots_together = bench.hear(one_task, snips), bench.hear(joint, snips)
    moods = measure_sentiment(bench)
    moods_together = _sentiments(bench, joint)
    compared = [
        _difference("in-scope accuracy", _accuracy(together, 0.973), _accuracy(alone, 0.973)),
        _difference("sentiment macro-F1", moods_together[0], moods[0]),
        _difference("slot F1", _slots(slots_together), _slots(slots_alone)),
    ]
    own = [
        _accuracy(together, 0.973),
        _auroc(together),
        _error(together, "intent"),
        *moods_together,
        _slots(slots_together),
    ]
    return [*compared, *own]


def _clinc(bench: Bench, release: Path) -> list[Figure]:
    rows = bench.rows("clinc150")
    tested = bench.hear(release, part(rows, "test"))
    valid = bench.hear(release, inside(part(rows, "valid")))
    return [
        _accuracy(tested, 0.973),
        _auroc(tested),
        _error(tested, "intent"),
        *_operating_points(tested, valid),
    ]


def _moods(bench: Bench) -> list[Row]:
    rows = bench.rows("goemotions_sentiment")
    return teaching(rows, unseen=bench.rows("uci_sentiment"))


def _sentiments(bench: Bench, release: Path) -> list[Figure]:
    heard = bench.hear(release, part(bench.rows("goemotions_sentiment"), "test"))
    reviews = bench.hear(release, part(bench.rows("uci_sentiment"), "test"))
    labels, confidence = polarity(reviews.readings)
    pairs = zip(reviews.rows, labels, strict=True)
    right = np.array([row.sentiment == label for row, label in pairs], np.bool_)
    macro = heard.metrics["sentiment"]["macro_f1"]
    error = calibration_error(confidence, right)
    note = "the larger of positive and negative"
    return [
        Figure("GoEmotions macro-F1, three moods", macro, 0.78, "score"),
        _error(heard, "sentiment"),
        Figure("UCI accuracy, neutral merged away", float(right.mean()), 0.9, note=note),
        Figure("ECE on UCI", error, CALIBRATED, "score", "most", "of its share of the two"),
    ]


def _operating_points(tested: Heard, valid: Heard) -> list[Figure]:
    """Recall of out-of-scope messages at an in-scope accuracy of 96 % or more.

    A message is refused when its ``in_scope`` lies below a threshold. Three thresholds: the
    release's own; the highest with which the in-scope accuracy on the valid rows is 96 %, which
    needs no test row and no out-of-scope row; and the same chosen on the test rows, which is the
    best point of the curve and more than any threshold in use can promise.
    """
    known, right = tested.known()
    outside = tested.outside()
    figures = []
    chosen = highest_threshold(*valid.known(), KEPT)
    named = (
        ("at the release's own threshold", tested.thresholds.in_scope),
        ("at a threshold chosen on valid rows", chosen),
    )
    for name, threshold in named:
        point = refuse(threshold, known, right, outside) if threshold is not None else None
        kept, recall = (point.accuracy, point.recall) if point else (None, None)
        note = f"in_scope from {threshold:.4f} on" if point else "accuracy is below 96 % there"
        figures.append(Figure(f"in scope, right and not refused, {name}", kept, KEPT, note=note))
        figures.append(Figure(f"out-of-scope recall {name}", recall, RECALL))
    best = highest_threshold(known, right, KEPT)
    point = refuse(best, known, right, outside) if best is not None else None
    note = "threshold from the test's labels; BERT: 52" if point else "accuracy is below 96 %"
    name = "out-of-scope recall at the curve's best point of 96 % in-scope accuracy"
    return [*figures, Figure(name, point.recall if point else None, RECALL, note=note)]


def _accuracy(heard: Heard, goal: float | None, what: str = "in-scope accuracy") -> Figure:
    found = heard.metrics["intent"]
    low, high = found["accuracy_interval"]
    note = f"{found['rows']} rows; 95 % interval {100 * low:.1f} to {100 * high:.1f}"
    return Figure(what, found["accuracy"], goal, note=note)


def _auroc(heard: Heard) -> Figure:
    found = heard.metrics["out_of_scope"]
    low, high = found["auroc_interval"]
    note = f"{found['rows']} out-of-scope rows; 95 % interval {low:.3f} to {high:.3f}"
    return Figure("out-of-scope AUROC of in_scope", found["auroc"], 0.985, "score", note=note)


def _error(heard: Heard, head: str) -> Figure:
    found = heard.metrics[head]
    note = f"{found['calibration_error_by_chance']:.4f} by chance alone"
    error = found["calibration_error"]
    return Figure(f"ECE of the {head}", error, CALIBRATED, "score", "most", note)


def _slots(heard: Heard) -> Figure:
    found = heard.metrics["entities"]
    note = f"exact spans; precision {found['precision']:.4f}, recall {found['recall']:.4f}"
    return Figure("slot F1", found["f1"], 0.96, note=note)


def _mean(what: str, values: Sequence[float], goal: float | None) -> Figure:
    note = f"mean of {len(values)} draws: {_list(values, 100, 2)}"
    return Figure(what, float(np.mean(values)), goal, note=note, parts={"draws": list(values)})


def _difference(what: str, joint: Figure, single: Figure) -> Figure:
    assert joint.value is not None
    assert single.value is not None
    note = f"{100 * joint.value:.2f} joint, {100 * single.value:.2f} single"
    parts = {"joint": joint.value, "single": single.value}
    gap = 100 * (joint.value - single.value)
    return Figure(f"{what}, joint less single", gap, LOSS, "points", note=note, parts=parts)


def _list(values: Sequence[float], scale: float, digits: int) -> str:
    return ", ".join(f"{scale * value:.{digits}f}" for value in values)
