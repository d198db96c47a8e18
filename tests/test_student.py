"""A student has fewer layers, agrees with its teacher, and makes nobody's message an example."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AlbertConfig, AutoModel, DistilBertConfig, ModernBertConfig

from finetune.crop import choose_layers, count_layers, crop_encoder
from finetune.fit import Fitted, Setup, fit_network
from finetune.folds import cross_evaluate
from finetune.prepare import Prepared, prepare
from finetune.recipe import Recipe
from finetune.report import describe
from finetune.run import Trained, train_release
from finetune.student import choose_messages, fit_student
from index.calibration import softmax
from index.errors import ReleaseError
from index.network import Network, load_encoder
from index.reader import Reader
from index.seen import SEEN, fingerprint, read_fingerprints
from service.errors import ContentError
from tiny import make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
MESSAGES = ["hello hello friend", "where could it be then", "great but awful parcel", "sing it now"]


@pytest.fixture(scope="module")
def recipe(encoder: Path) -> Recipe:
    return tiny_recipe(encoder, distil_layers=1)


@pytest.fixture(scope="module")
def trained(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    out = tmp_path_factory.mktemp("student") / "release"
    return train_release(
        make_rows(), replace(recipe, int8=True), out=out, device="cpu", messages=MESSAGES
    )


def quiet(stage: str, done: int, whole: int) -> None:
    """Progress that nobody looks at."""


def test_release_holds_the_student_and_says_what_it_costs(trained: Trained) -> None:
    assert count_layers(trained.path / "encoder") == 1
    made = trained.metrics["distil"]
    assert made["layers"] == [0]
    assert made["messages"] == len(MESSAGES)
    assert {"intent", "out_of_scope", "retrieval", "answered", "sentiment", "tags"} <= set(
        made["figures"]
    )
    assert all(0 <= line["student"] <= 1 for line in made["figures"].values())
    assert made["figures"]["intent"]["teacher"] >= 0.9
    for speed in made["speeds"].values():
        assert speed["backend"] == "int8 cpu"
        assert speed["texts_per_second"] > 0
        assert speed["alone_ms"] > 0
    text = describe(trained.metrics)
    assert "student   teacher" in text
    assert "milliseconds for one alone" in text
    page = (trained.path / "report.html").read_text()
    assert "Student against teacher" in page
    assert "4 messages of customers" in page


def test_student_is_read_and_checked_as_any_release(trained: Trained) -> None:
    assert trained.metrics["int8"]["serves"]
    reading = Reader.load(trained.path, "cpu").read(["where is my parcel"])[0]
    assert reading.intents[0].label == "track_order"
    assert trained.metrics["intent"]["accuracy"] >= 0.9


def test_customers_messages_never_become_examples(trained: Trained) -> None:
    metrics, prepared = trained.metrics, prepare(make_rows())
    assert metrics["splits"]["train"] == len(prepared.train)
    counts = metrics["labels"]["intents"].values()
    known = sum(
        bool(row.intent) for row in (*prepared.train, *prepared.calibrating, *prepared.test)
    )
    assert sum(sum(parts.values()) for parts in counts) == known
    seen = read_fingerprints(trained.path)
    assert seen is not None
    assert {fingerprint(text) for text in MESSAGES} <= seen, f"{SEEN} must tell what was read"


def test_messages_like_rows_that_certify_or_test_are_left_out() -> None:
    prepared = prepare(make_rows())
    held = [*prepared.calibrating, *prepared.test]
    messages = [f"{row.text.upper()}!" for row in held]
    messages += [" ".join(row.text.split()[::-1]) for row in held]
    chosen = choose_messages([*messages, "quite new", "quite  NEW", ""], prepared)
    assert [row.text for row in chosen] == ["quite new"]
    assert all((row.intent, row.sentiment, row.entities) == (None, None, None) for row in chosen)


@pytest.fixture(scope="module")
def taught(recipe: Recipe, encoder: Path) -> tuple[Prepared, Setup, Fitted]:
    """A teacher of few steps, so that its students have something to disagree about."""
    setup = Setup(encoder, replace(recipe, epochs=4), CPU)
    prepared = prepare(make_rows())
    return prepared, setup, fit_network(prepared, setup, quiet)


def disagreement(one: Fitted, other: Fitted) -> tuple[float, float]:
    """How far the vectors of held-out rows are apart, and the probabilities of their intents."""
    vectors = 1 - (one.raw.vectors * other.raw.vectors).sum(axis=1)
    odds = softmax(one.raw.intents, 1.0) - softmax(other.raw.intents, 1.0)
    return float(vectors.mean()), float(np.abs(odds).sum(axis=1).mean())


def test_student_agrees_more_with_its_teacher_than_one_that_was_not_taught(
    taught: tuple[Prepared, Setup, Fitted],
) -> None:
    prepared, setup, teacher = taught
    unlabelled = choose_messages(MESSAGES, prepared)
    alone = replace(setup.recipe, distil_weight=0.0, distil_vector_weight=0.0)
    student = fit_student(prepared, setup, teacher.network, unlabelled, quiet)
    untaught = fit_student(
        prepared, replace(setup, recipe=alone), teacher.network, unlabelled, quiet
    )
    near, far = disagreement(student, teacher), disagreement(untaught, teacher)
    assert near[0] < 0.7 * far[0]
    assert near[1] < far[1]


def test_few_rows_are_held_out_for_a_student(recipe: Recipe, tmp_path: Path) -> None:
    few = replace(recipe, cross_fit=2, epochs=1)
    made = train_release(make_rows(), few, out=tmp_path / "release", device="cpu")
    assert (made.metrics["crossed"], made.metrics["measured_on"]) == (0, "test")
    assert made.metrics["splits"]["valid"] > 0


def test_folds_judge_students(recipe: Recipe) -> None:
    stages: set[str] = set()
    rows = [row for row in make_rows() if row.intent]
    cross_evaluate(
        rows,
        replace(recipe, epochs=1),
        2,
        device="cpu",
        progress=lambda stage, done, whole: stages.add(stage.partition(", epoch")[0]),
    )
    assert {"fold 2/2, teacher", "fold 2/2, student"} <= stages


@pytest.mark.parametrize("stopped", ["teacher, epoch", "student, epoch"])
def test_interrupted_distillation_goes_on_with_the_same_result(
    stopped: str, recipe: Recipe, tmp_path: Path
) -> None:
    short = replace(recipe, epochs=2, typos=0.3, dropout=0.2)

    def train(out: str, said: list[str], progress: Callable[[str, int, int], None]) -> Trained:
        return train_release(
            make_rows(),
            short,
            out=tmp_path / out,
            device="cpu",
            messages=MESSAGES,
            progress=progress,
            say=said.append,
            checkpoint_seconds=0,
        )

    def stop(stage: str, done: int, whole: int) -> None:
        if stage.startswith(stopped) and done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("release", [], stop)
    said: list[str] = []
    made, whole = train("release", said, quiet), train("whole", [], quiet)
    assert "after step 5 of" in said[-1]
    for name in ("encoder/model.safetensors", "heads.safetensors"):
        assert made.manifest.files[name] == whole.manifest.files[name]


def test_layers_are_taken_at_equal_steps() -> None:
    assert choose_layers(6, 3) == [0, 2, 4]
    assert choose_layers(6, 4) == [0, 1, 3, 4]
    assert choose_layers(12, 1) == [0]
    for count in (0, 6, 7):
        with pytest.raises(ContentError, match="encoder's 6, not"):
            choose_layers(6, count)


def test_too_many_layers_are_refused_before_the_teacher_trains(
    recipe: Recipe, tmp_path: Path
) -> None:
    with pytest.raises(ContentError, match="encoder's 2, not 2"):
        train_release(
            make_rows(),
            replace(recipe, distil_layers=2),
            out=tmp_path / "release",
            device="cpu",
            progress=lambda *_: pytest.fail("it trained"),
        )


FAMILIES = {
    "distilbert": DistilBertConfig(vocab_size=99, dim=32, n_layers=3, n_heads=2, hidden_dim=64),
    "albert": AlbertConfig(
        vocab_size=99,
        embedding_size=16,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
    ),
    "modernbert": ModernBertConfig(
        vocab_size=99,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        pad_token_id=0,
    ),
}


@pytest.fixture(params=FAMILIES)
def other(request: pytest.FixtureRequest, encoder: Path, tmp_path: Path) -> Path:
    """An encoder of another family, three layers deep."""
    folder = tmp_path / "other"
    AutoModel.from_config(FAMILIES[request.param]).save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).write_bytes((encoder / file).read_bytes())
    return folder


def test_other_families_are_cropped_too(other: Path, tmp_path: Path) -> None:
    body, pooling = load_encoder(other)
    network = Network(body, pooling, intents=0, sentiments=0, tags=0)
    crop_encoder(network, other, [0, 2], tmp_path / "cropped")
    assert count_layers(tmp_path / "cropped") == 2


def test_encoder_that_would_load_as_another_is_refused(encoder: Path, tmp_path: Path) -> None:
    body = AutoModel.from_config(FAMILIES["modernbert"])
    # Only its first layer does without a norm, so that no other can stand first.
    torch.nn.init.constant_(body.layers[1].attn_norm.weight, 2.0)
    network = Network(body, "mean", intents=0, sentiments=0, tags=0)
    with pytest.raises(ReleaseError, match="no layers can be taken out"):
        crop_encoder(network, encoder, [1, 2], tmp_path / "cropped")
