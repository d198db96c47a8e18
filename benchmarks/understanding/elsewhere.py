"""Figures that other benchmarks measure and this table shows: retrieval and the speed of training.

This is the one place that calls them. A module that is not there leaves a note in the table, and
a goal that its answer says nothing of stands there as not measured.

`benchmarks.retrieval` has ``base_encode()`` and ``measure(encode, data)``, which maps tasks to
methods to "map" and "recall_at_1". `benchmarks.trainer` has ``measure(data, recipe, device)`` (the
folder of the public sets, a `finetune.recipe.Recipe`, a device's name), which maps names to
numbers; ``SPEED`` has words and goals for some, the others are shown as they are.
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

from benchmarks.understanding.accuracy import bitext_release
from benchmarks.understanding.bench import Bench
from benchmarks.understanding.figures import Figure
from index.reader import Reader

RETRIEVAL = "benchmarks.retrieval"
TRAINER = "benchmarks.trainer"
TASK, METHOD, MAP = "StackFAQ, question and answer", "hybrid", 0.765
SPEED = {
    "speed_up": Figure("rows a second, by those of the HF Trainer", None, 1.5, "times"),
    "accuracy": Figure("accuracy of the product's training", None),
    "trainer_accuracy": Figure("accuracy of the HF Trainer", None),
}


def is_there(module: str) -> bool:
    """Whether this version has the module."""
    return find_spec(module) is not None


def measure_retrieval(bench: Bench) -> list[Figure]:
    """With the encoder as it comes, and with that of a desk trained on another set (Bitext)."""
    retrieval = import_module(RETRIEVAL)
    trained = Reader.load(bitext_release(bench), bench.device)
    untrained = retrieval.measure(retrieval.base_encode(), bench.data)
    return [
        *name_ranks(untrained, "encoder as it comes", MAP),
        *name_ranks(retrieval.measure(trained.encode, bench.data), "trained on Bitext", None),
    ]


def measure_trainer(bench: Bench) -> list[Figure]:
    """What `benchmarks.trainer` says."""
    return name_speed(import_module(TRAINER).measure(bench.data, bench.recipe, bench.device))


def name_ranks(
    tasks: Mapping[str, Mapping[str, Mapping[str, float]]], encoder: str, goal: float | None
) -> list[Figure]:
    """MAP and recall@1 of every task and method; the goal is for how the desk searches an FAQ."""
    first = tasks.get(TASK, {}).get(METHOD, {})
    figures = [Figure(f"{TASK}, {METHOD}: MAP", first.get("map"), goal, note=encoder)]
    for task, methods in tasks.items():
        for method, found in methods.items():
            for name, value in found.items():
                if (task, method, name) != (TASK, METHOD, "map"):
                    word = {"map": "MAP", "recall_at_1": "recall@1"}.get(name, name)
                    figures.append(Figure(f"{task}, {method}: {word}", value, note=encoder))
    return figures


def name_speed(values: Mapping[str, float]) -> list[Figure]:
    """The values as figures, those with words and goals first."""
    named = [replace(figure, value=values.get(name)) for name, figure in SPEED.items()]
    others = [Figure(n, value, unit="score") for n, value in values.items() if n not in SPEED]
    return [f for f in named if f.value is not None or f.goal is not None] + others
