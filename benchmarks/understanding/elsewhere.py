"""Figures that other benchmarks measure and this table shows: retrieval and the speed of training.

This is the one place that calls them. Each such module has a function ``measure(data, recipe,
device)``: the folder of the public sets, a `finetune.recipe.Recipe` and a device's name; it returns
a mapping from names to numbers. Names in ``KNOWN`` have words and a goal here, the others are
shown as they are. A module that is not there leaves a note in the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

from benchmarks.understanding.bench import Bench
from benchmarks.understanding.figures import Figure

RETRIEVAL = "benchmarks.retrieval"
TRAINER = "benchmarks.trainer"
KNOWN = {
    RETRIEVAL: {
        "map": Figure("StackFAQ MAP", None, 0.765, note="nothing trained on the queries"),
        "recall_at_1": Figure("StackFAQ recall@1", None),
    },
    TRAINER: {
        "speed_up": Figure("rows a second, by those of the HF Trainer", None, 1.5, "times"),
        "accuracy": Figure("accuracy of the product's training", None),
        "trainer_accuracy": Figure("accuracy of the HF Trainer", None),
    },
}


def measure_retrieval(bench: Bench) -> list[Figure]:
    """What `benchmarks.retrieval` says."""
    return _measure(RETRIEVAL, bench)


def measure_trainer(bench: Bench) -> list[Figure]:
    """What `benchmarks.trainer` says."""
    return _measure(TRAINER, bench)


def is_there(module: str) -> bool:
    """Whether this version has the module."""
    return find_spec(module) is not None


def name_figures(module: str, values: Mapping[str, float]) -> list[Figure]:
    """The values as figures; one with a goal that is missing stands there as not measured."""
    known = KNOWN[module]
    found = [replace(figure, value=values.get(name)) for name, figure in known.items()]
    others = [Figure(n, value, unit="score") for n, value in values.items() if n not in known]
    return [f for f in found if f.value is not None or f.goal is not None] + others


def _measure(module: str, bench: Bench) -> list[Figure]:
    measure: Callable[..., Mapping[str, float]] = import_module(module).measure
    return name_figures(module, measure(bench.data, bench.recipe, bench.device))
