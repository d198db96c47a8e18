"""The cases by name: a title, the sets that each reads, and the function that measures it.

Looked up by the command. This imports torch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.understanding import accuracy, elsewhere, promises
from benchmarks.understanding.bench import Bench
from benchmarks.understanding.figures import Figure


@dataclass(frozen=True, slots=True)
class Case:
    """One part of the table. ``sets`` are files of the data folder without their ending;
    ``module`` is another benchmark that it needs; one that is ``whole`` measures no sample."""

    title: str
    measure: Callable[[Bench], list[Figure]]
    sets: tuple[str, ...]
    module: str = ""
    whole: bool = False


CASES = {
    "clinc": Case(
        "CLINC150, no out-of-scope row in training", accuracy.measure_clinc, ("clinc150",)
    ),
    "bitext": Case("Bitext intents", accuracy.measure_bitext, ("bitext_intents",)),
    "few": Case("CLINC150, 10 examples an intent", accuracy.measure_few, ("clinc150",)),
    "sentiment": Case(
        "GoEmotions, and UCI with the same release",
        accuracy.measure_sentiment,
        ("goemotions_sentiment", "uci_sentiment"),
    ),
    "snips": Case("SNIPS intents and slots", accuracy.measure_snips, ("snips",)),
    "joint": Case(
        "One release for CLINC150, GoEmotions and SNIPS, against single-task ones",
        accuracy.measure_joint,
        ("clinc150", "goemotions_sentiment", "uci_sentiment", "snips"),
    ),
    "promises": Case(
        "Promises over 20 random splits",
        promises.measure_promises,
        ("clinc150", "bitext_intents", "snips"),
    ),
    "growth": Case(
        "A desk that grows from 120 to 150 intents", promises.measure_growth, ("clinc150",)
    ),
    "retrieval": Case(
        "Retrieval on StackFAQ",
        elsewhere.measure_retrieval,
        ("stackfaq_entries", "stackfaq_queries", "bitext_answers", "bitext_intents"),
        elsewhere.RETRIEVAL,
        whole=True,
    ),
    "trainer": Case(
        "Speed of training against the HF Trainer",
        elsewhere.measure_trainer,
        ("clinc150",),
        elsewhere.TRAINER,
    ),
    "soup": Case(
        "CLINC150 as above, the mean of three trainings", accuracy.measure_soup, ("clinc150",)
    ),
}
