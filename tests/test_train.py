"""Training end to end with a tiny random encoder: it learns, repeats itself, and writes a release
that reads, serves as a plain encoder, and is refused when damaged."""

import json
import queue
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from finetune.batches import assemble, find_labels, number, shuffle
from finetune.build import build_network
from finetune.prepare import prepare
from finetune.proxies import find_proxies
from finetune.report import describe, headline
from finetune.rows import Row
from finetune.run import Trained, evaluate_release, train_release
from finetune.train import compute_loss
from index.backend import Outputs
from index.errors import ReleaseError
from index.network import (
    TorchBackend,
    choose_device,
    choose_devices,
    load_network,
    pass_batch,
)
from index.reader import Reader
from index.release import ENCODER, HEADS, load_release
from index.spans import tag_count
from index.tokens import Tokenizer, Tokens
from service.errors import ContentError
from tiny import make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

STRANGE = ["", " ", "\n", "😀😀", "\ud800", "x" * 10_000, "word " * 5_000, "\x00", "العربية"]


@pytest.fixture(scope="module")
def trained(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    releases = tmp_path_factory.mktemp("releases")
    return train_release(make_rows(), tiny_recipe(encoder), releases=releases, device="cpu")


@pytest.fixture(scope="module")
def reader(trained: Trained) -> Reader:
    return Reader.load(trained.path, "cpu")


def test_every_head_learns(trained: Trained) -> None:
    metrics = trained.metrics
    assert metrics["measured_on"] == "test"
    assert metrics["intent"]["accuracy"] >= 0.9
    assert metrics["sentiment"]["macro_f1"] >= 0.9
    assert metrics["entities"]["rows"] > 0
    assert metrics["out_of_scope"]["auroc"] >= 0.9


def test_a_weight_multiplies_the_loss_of_its_row(encoder: Path) -> None:
    """Of every head: two thirds of one row and four of another are what they are alone."""
    rows = [next(r for r in make_rows() if r.entities), Row("sing a song", "out_of_scope")]
    rows += [Row("hello there", "greeting", "positive"), Row("good morning", "greeting")]
    labels = find_labels(rows)
    recipe = tiny_recipe(encoder, proxy_weight=1.0)
    torch.manual_seed(1)
    network = build_network(encoder, labels, recipe).eval()
    proxies = find_proxies(network)
    assert proxies is not None

    def losses(rows: Sequence[Row]) -> list[float]:
        dataset = number(rows, labels, Tokenizer.load(encoder))
        batches = assemble(dataset, [np.array([n]) for n in range(len(rows))], torch.device("cpu"))
        found = []
        for batch in batches:
            output = network(batch.ids, batch.mask)
            found.append(compute_loss(output, batch, recipe, network.crf))
            found.append(proxies(output.vectors, batch.intents, batch.weights))
        return [float(loss) for loss in found]

    with torch.inference_mode():
        alone = losses(rows)
        weights = (2 / 3, 4.0, 0.5, 1.0)
        weighed = losses([replace(r, weight=w) for r, w in zip(rows, weights, strict=True)])
    expected = [loss * weights[place // 2] for place, loss in enumerate(alone)]
    assert weighed == pytest.approx(expected, rel=1e-4)


def test_release_is_named_and_whole(trained: Trained) -> None:
    release = load_release(trained.path)
    assert trained.path.name == release.id == trained.manifest.id
    assert release.id.startswith("rel_")
    assert release.labels.intents == ("cancel_order", "greeting", "track_order")
    assert release.labels.entities == ("product",)
    assert json.loads((trained.path / "recipe.json").read_text())["batch_size"] == 8


def test_release_describes_itself(trained: Trained) -> None:
    report = (trained.path / "report.html").read_text()
    card = (trained.path / "README.md").read_text()
    assert trained.manifest.id in report
    assert trained.manifest.id in card
    assert "#training" in report
    assert {"report.html", "README.md", "seen.json"} <= set(trained.manifest.files)
    assert json.loads((trained.path / "metrics.json").read_text()) == trained.metrics
    assert set(trained.metrics["labels"]["intents"]["greeting"]) == {"train", "valid", "test"}


def test_release_of_before_the_report_still_loads(trained: Trained, tmp_path: Path) -> None:
    old = shutil.copytree(trained.path, tmp_path / "old")
    manifest = json.loads((old / "manifest.json").read_text())
    for name in ("report.html", "README.md", "seen.json"):
        (old / name).unlink()
        del manifest["files"][name]
    (old / "manifest.json").write_text(json.dumps(manifest))
    page = tmp_path / "page.html"
    rows = make_rows()
    metrics = evaluate_release(trained.path, rows, against=old, html=page, device="cpu")
    assert metrics["changes"]["unseen"] is False
    assert metrics["changes"]["rows"] == len(rows)
    assert all(line["difference"] == 0 for line in metrics["changes"]["figures"])
    assert "kept no list of what it learned from" in page.read_text()


def test_next_release_is_compared_on_rows_that_the_one_before_never_saw(
    trained: Trained, encoder: Path, tmp_path: Path
) -> None:
    recipe = tiny_recipe(encoder, epochs=1)
    made = train_release(
        make_rows(), recipe, out=tmp_path / "next", against=trained.path, device="cpu"
    )
    changes = made.metrics["changes"]
    assert changes["against"] == trained.manifest.id
    assert (changes["rows"], changes["set_aside"]) == (made.metrics["rows"], 0)
    assert changes["intent"]["broken"]["count"] > 0
    assert trained.manifest.id in (made.path / "report.html").read_text()

    learned = prepare(make_rows()).train[0]
    rows = [replace(learned, split=None), Row("quite new to all", "greeting")]
    seen = evaluate_release(made.path, rows, against=trained.path, device="cpu")["changes"]
    assert (seen["rows"], seen["set_aside"]) == (1, 1)


def test_champion_that_cannot_be_read_stops_no_training(encoder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(encoder, epochs=1)
    gone = tmp_path / "rel_gone"
    made = train_release(make_rows(), recipe, out=tmp_path / "new", against=gone, device="cpu")
    assert made.metrics["changes"]["against"] == "rel_gone"
    assert "no release" in made.metrics["changes"]["error"]


def test_reading_is_complete(reader: Reader) -> None:
    reading = reader.read(["track the boots order again"])[0]
    assert reading.intent is not None
    assert reading.intent.label == "track_order"
    assert len(reading.intents) == len(reading.sentiments) == 3
    assert sum(scored.confidence for scored in reading.intents) == pytest.approx(1, abs=1e-4)
    assert [(e.text, e.label) for e in reading.entities] == [("boots", "product")]
    assert 0 <= reading.in_scope <= 1
    assert reader.read(["track the order please"])[0].in_scope > 0.5
    assert np.linalg.norm(reading.vector) == pytest.approx(1, abs=1e-5)
    assert reading.release == reader.release.id


def test_any_text_can_be_read(reader: Reader) -> None:
    reader.warm_up()
    readings = reader.read(STRANGE)
    assert [reading.text for reading in readings] == STRANGE
    assert all(np.isfinite(reading.vector).all() for reading in readings)
    assert reader.read([]) == []
    assert reader.encode([]).shape == (0, reader.hidden)


def test_batch_does_not_change_a_reading(reader: Reader) -> None:
    texts = ["hello there", "where is my parcel " * 9, "cancel now"]
    alone = [reader.read([text])[0] for text in texts]
    for one, other in zip(alone, reader.read(texts), strict=True):
        assert one.vector == pytest.approx(other.vector, abs=1e-5)
        assert one.in_scope == pytest.approx(other.in_scope, abs=1e-4)


def test_same_seed_same_metrics_and_weights(encoder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(encoder, epochs=2, dropout=0.2)
    one, two, other = (
        train_release(make_rows(), replace(recipe, seed=seed), out=tmp_path / name, device="cpu")
        for name, seed in (("one", 1), ("two", 1), ("other", 2))
    )
    assert one.metrics == two.metrics
    pages = {"report.html", "README.md"}  # they name the release and when it was made
    names = set(one.manifest.files)
    assert names == set(two.manifest.files) > pages
    for name in names - pages:
        assert one.manifest.files[name] == two.manifest.files[name], name
    assert one.manifest.files["heads.safetensors"] != other.manifest.files["heads.safetensors"]


def test_training_leaves_the_random_state_alone(encoder: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train_release(make_rows(), tiny_recipe(encoder, epochs=1), out=tmp_path / "r", device="cpu")
    assert torch.rand(1) == expected


def test_encoder_loads_as_plain_model(trained: Trained, reader: Reader) -> None:
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel

    folder = trained.path / "encoder"
    assert AutoModel.from_pretrained(folder).config.hidden_size == 32
    texts = ["where is my parcel", "hey you"]
    vectors = SentenceTransformer(str(folder), device="cpu").encode(texts)
    assert vectors == pytest.approx(reader.encode(texts), abs=1e-5)


def test_evaluation_matches_training(trained: Trained, tmp_path: Path) -> None:
    rows = [replace(row, split=None) for row in make_rows()]
    metrics = evaluate_release(trained.path, rows, device="cpu")
    assert metrics["measured_on"] == "all given"
    assert metrics["rows"] == len(rows)
    text = describe(metrics)
    assert "intent accuracy" in text
    assert "track_order" in text
    assert "sentiment macro-F1" in headline(metrics)


def test_unknown_intent_in_test_rows_counts_as_wrong(trained: Trained) -> None:
    rows = [Row("hello there", "greeting"), Row("hello you", "brand_new")]
    assert evaluate_release(trained.path, rows, device="cpu")["intent"]["accuracy"] == 0.5


@pytest.mark.parametrize("head", ["intent", "sentiment"])
def test_one_kind_of_label_is_enough(encoder: Path, tmp_path: Path, head: str) -> None:
    rows = [row for row in make_rows() if getattr(row, head) and row.intent != "out_of_scope"]
    rows = [replace(row, entities=None) for row in rows]
    recipe = tiny_recipe(encoder, epochs=2)
    made = train_release(rows, recipe, out=tmp_path / "rel", device="cpu")
    reading = Reader.load(made.path, "cpu").read(["hello"])[0]
    assert bool(reading.intents) == (head == "intent")
    assert bool(reading.sentiments) == (head == "sentiment")
    assert reading.entities == ()
    assert 0 <= reading.certainty <= 1


def test_rows_without_labels_cannot_train(encoder: Path, tmp_path: Path) -> None:
    for rows in ([], [Row("hi"), Row("you")]):
        with pytest.raises(ContentError, match="nothing to train on"):
            train_release(rows, tiny_recipe(encoder), out=tmp_path / "rel", device="cpu")
    assert list(tmp_path.iterdir()) == []


def test_full_folder_is_refused_before_training(encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ReleaseError, match="not an empty folder"):
        train_release(make_rows(), tiny_recipe(encoder), out=tmp_path, device="cpu")


def test_missing_encoder_is_named(tmp_path: Path) -> None:
    recipe = tiny_recipe(tmp_path / "none")
    with pytest.raises(ReleaseError, match="is not the folder of an encoder"):
        train_release(make_rows(), recipe, out=tmp_path / "rel", device="cpu")


@pytest.mark.parametrize("name", ["encoder/model.safetensors", "encoder/tokenizer.json"])
def test_damaged_release_is_not_read(trained: Trained, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(trained.path, tmp_path / "copy")
    with (copy / name).open("ab") as file:
        file.truncate(100)
    with pytest.raises(ReleaseError, match=name):
        Reader.load(copy, "cpu")


def test_devices_are_chosen_by_name() -> None:
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in ("cpu", "cuda")
    for name in ("tpu", "cuda:99", "mps"):
        with pytest.raises(ReleaseError, match=name):
            choose_device(name)


def test_several_devices_must_be_different_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in ("cpu,cpu", "cpu,cuda:99", "cuda:0,cuda:99"):
        with pytest.raises(ReleaseError):
            choose_devices(names)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    found = choose_devices("cuda:2, cuda:0")
    assert [str(device) for device in found] == ["cuda:2", "cuda:0"]
    assert choose_device("cuda:2,cuda:0") == found[0]
    for names in ("cuda:1,cuda:1", "cuda,cuda:0", "cuda:0,cpu", "cuda:0,"):
        with pytest.raises(ReleaseError):
            choose_devices(names)


def test_copies_on_several_devices_read_as_one(trained: Trained, reader: Reader) -> None:
    """With the CPU twice instead of two GPUs: who is free takes the next batch."""
    release = reader.release
    network = load_network(
        release.path / ENCODER,
        release.path / HEADS,
        intents=len(release.labels.intents),
        sentiments=len(release.labels.sentiments),
        tags=tag_count(release.labels.entities),
    )
    pair = TorchBackend(network, [torch.device("cpu"), torch.device("cpu")])
    assert pair.lanes == 2
    tokens = Tokenizer.load(release.path / ENCODER).split([*STRANGE, "where is my parcel"] * 60)
    alone, together = reader.backend.run(tokens), pair.run(tokens)
    assert together.vectors == pytest.approx(alone.vectors, abs=1e-6)
    assert together.intents == pytest.approx(alone.intents, abs=1e-4)
    assert together.distances == pytest.approx(alone.distances, abs=1e-4)
    assert [path.tolist() for path in together.tags] == [path.tolist() for path in alone.tags]
    both = threading.Barrier(2)  # which only two passes at once come through

    def meet(batch: Sequence[Tokens]) -> Outputs:
        both.wait(10)
        return pass_batch(network, torch.device("cpu"), batch)

    pair._free = queue.SimpleQueue()
    for _ in range(2):
        pair._free.put(meet)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(pair.run, [tokens[:2], tokens[2:4]]))
    assert found[1].vectors == pytest.approx(alone.vectors[2:4], abs=1e-6)


def test_batches_hold_every_row_once(encoder: Path) -> None:
    rows = make_rows()
    dataset = number(rows, find_labels(rows), Tokenizer.load(encoder))
    batches = shuffle(dataset, 8, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(rows)))
    assert max(len(batch) for batch in batches) == 8


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_reads_as_the_cpu_does(trained: Trained, reader: Reader) -> None:
    texts = ["where is my parcel", "hey you"]
    on_gpu = Reader.load(trained.path, "cuda")
    assert on_gpu.encode(texts) == pytest.approx(reader.encode(texts), abs=5e-3)
    assert on_gpu.read(STRANGE)[0].release == trained.manifest.id
