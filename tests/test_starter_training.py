"""The real thing: the starter desk trained on the real encoder reaches what it must.

Takes a minute or two on two cores. Figures are of held-out rows that were never trained on.
"""

from pathlib import Path

import pytest

from finetune.recipe import Recipe
from finetune.rows import from_content
from finetune.run import Trained, train_release
from index.reader import Reader
from service.content import read_desk

STARTER = Path(__file__).parents[1] / "service" / "starter"

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    rows = from_content(read_desk(STARTER))
    return train_release(rows, Recipe(), releases=tmp_path_factory.mktemp("releases"), device="cpu")


def test_held_out_messages_are_understood(trained: Trained) -> None:
    metrics = trained.metrics
    assert metrics["measured_on"] == "test"
    assert metrics["intent"]["accuracy"] >= 0.93
    assert metrics["sentiment"]["macro_f1"] >= 0.85
    assert metrics["out_of_scope"]["auroc"] >= 0.93


def test_promise_of_95_in_100_is_kept(trained: Trained) -> None:
    promise = trained.metrics["promise"]
    assert promise["promise"] == 0.95
    assert promise["answered_in_scope"] >= 0.6
    assert promise["precision"] >= 0.95


def test_golden_messages_are_read_rightly(trained: Trained) -> None:
    golden = read_desk(STARTER).golden
    readings = Reader.load(trained.path, "cpu").read([case.text for case in golden])
    wrong = [
        f"{case.text!r}: {reading.intent.label}, not {case.intent}"
        for case, reading in zip(golden, readings, strict=True)
        if reading.intent is not None and reading.intent.label != case.intent
    ]
    assert len(wrong) <= 0.05 * len(golden), "\n".join(wrong)
