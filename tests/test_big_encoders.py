"""What makes big encoders fit: parts of a batch, recomputed layers, adapters, 16-bit numbers. None
of it may change what is learned, or what a release looks like."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from families import make_family
from finetune import lora
from finetune.batches import Batch, assemble, find_labels, number
from finetune.build import build_network
from finetune.precision import choose_dtype, make_scaler
from finetune.recipe import Recipe
from finetune.run import train_release
from finetune.state import State, trainable
from finetune.train import compute_loss, take_step, train
from index.errors import ReleaseError
from index.network import load_encoder
from index.reader import Reader
from index.tokens import Tokenizer
from tiny import make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
ROWS = make_rows()
LABELS = find_labels(ROWS)


def take_batch(encoder: Path, size: int, device: torch.device = CPU) -> Batch:
    """Rows of every kind, so that each head lacks some labels, in unequal numbers in each part."""
    kinds = (
        [n for n, row in enumerate(ROWS) if row.entities],
        [n for n, row in enumerate(ROWS) if row.intent == "out_of_scope"],
        [n for n, row in enumerate(ROWS) if row.sentiment],
        [n for n, row in enumerate(ROWS) if row.intent == "greeting"],
    )
    chosen = np.array([n for kind in kinds for n in kind[: size // 4]])
    dataset = number(ROWS, LABELS, Tokenizer.load(encoder))
    (batch,) = assemble(dataset, [chosen], device)
    assert batch.outliers.any()
    assert (batch.sentiments >= 0).any()
    assert (batch.tags > 0).any()
    return batch


def start(encoder: Path, recipe: Recipe, device: torch.device = CPU) -> State:
    torch.manual_seed(1)
    network = build_network(encoder, LABELS, recipe).to(device)
    return State(network.train(), recipe, 10, device)


def find_gradients(encoder: Path, recipe: Recipe, batch: Batch) -> dict[str, torch.Tensor]:
    """The gradients that a step moves the weights by."""
    state = start(encoder, recipe)
    kept: dict[str, torch.Tensor] = {}

    def keep(*_: object) -> None:
        for name, parameter in state.network.named_parameters():
            if parameter.grad is not None:
                kept[name] = parameter.grad.clone()

    state.optimizer.register_step_pre_hook(keep)
    take_step(state, batch, recipe)
    return kept


@pytest.mark.parametrize("parts", [2, 3, 32])
def test_parts_of_a_batch_add_up_to_its_gradient(encoder: Path, parts: int) -> None:
    recipe = tiny_recipe(encoder, batch_size=32)
    batch = take_batch(encoder, 32)
    whole = find_gradients(encoder, recipe, batch)
    sizes = [len(part.ids) for part in batch.parts(parts)]
    assert (len(sizes), sum(sizes)) == (parts, 32)
    cut = find_gradients(encoder, replace(recipe, accumulate=parts), batch)
    assert cut.keys() == whole.keys()
    for name, gradient in whole.items():
        assert torch.allclose(cut[name], gradient, rtol=1e-4, atol=1e-6), name


def test_more_parts_than_rows_are_one_row_each(encoder: Path) -> None:
    assert len(take_batch(encoder, 8).parts(99)) == 8


def test_a_part_without_any_label_adds_nothing(encoder: Path) -> None:
    batch = take_batch(encoder, 8)
    blank = {name: torch.full_like(getattr(batch, name), -100) for name in ("intents", "tags")}
    blank["sentiments"] = torch.full_like(batch.sentiments, -100)
    empty = replace(batch, **blank, outliers=torch.zeros_like(batch.outliers))
    recipe = tiny_recipe(encoder, accumulate=2)
    assert take_step(start(encoder, recipe), empty, recipe) == 0


@pytest.mark.parametrize("name", ["bert", "distilbert", "modernbert"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_recomputed_layers_give_the_same_gradient(
    name: str, dropout: float, tmp_path: Path
) -> None:
    encoder = make_family(name, tmp_path)
    recipe = tiny_recipe(encoder, encoder_dropout=dropout)
    batch = take_batch(encoder, 16)
    once = find_gradients(encoder, recipe, batch)
    twice = find_gradients(encoder, replace(recipe, gradient_checkpointing=True), batch)
    assert twice.keys() == once.keys()
    for key, gradient in once.items():
        assert torch.allclose(twice[key], gradient, rtol=1e-4, atol=1e-6), key


def test_recomputed_layers_keep_less_in_memory(tmp_path: Path) -> None:
    encoder = make_family("bert", tmp_path)
    batch = take_batch(encoder, 16)
    kept = []
    for on in (False, True):
        recipe = tiny_recipe(encoder, gradient_checkpointing=on)
        network = start(encoder, recipe).network
        sizes: list[int] = []

        def count(tensor: torch.Tensor, sizes: list[int] = sizes) -> torch.Tensor:
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            compute_loss(network(batch.ids, batch.mask), batch, recipe, network.crf)
        kept.append(sum(sizes))
    assert kept[1] < kept[0] / 2


def test_encoder_that_cannot_recompute_says_so(tmp_path: Path) -> None:
    encoder = make_family("mpnet", tmp_path)
    recipe = tiny_recipe(encoder, gradient_checkpointing=True)
    with pytest.raises(ReleaseError, match="gradient_checkpointing"):
        build_network(encoder, LABELS, recipe)


@pytest.mark.parametrize("name", ["bert", "distilbert", "xlm-roberta", "mpnet", "albert"])
def test_adapters_and_heads_alone_are_trained_and_merged(name: str, tmp_path: Path) -> None:
    encoder = make_family(name, tmp_path)
    recipe = tiny_recipe(encoder, lora_rank=4, freeze_layers=1, epochs=2)
    state = start(encoder, recipe)
    learning = {key for key, value in state.network.named_parameters() if value.requires_grad}
    adapters = {key for key in learning if "lora_" in key}
    heads = ("intents", "sentiments", "tags")
    beside = {f"{head}.{kind}" for head in heads for kind in ("weight", "bias")}
    assert learning - adapters == beside | {"crf.first", "crf.follows", "proxies.points"}
    assert adapters
    assert "pooler" not in str(adapters)
    assert sum(value.numel() for value in trainable(state.network)) < 12_000

    batch = take_batch(encoder, 16)
    before = {key: value.detach().clone() for key, value in state.network.named_parameters()}
    for _ in range(3):
        take_step(state, batch, recipe)
    for key, value in state.network.named_parameters():
        assert torch.equal(value, before[key]) == (key not in learning), key

    network = state.network.eval()
    expected = network(batch.ids, batch.mask)
    lora.merge_adapters(network)
    assert not [key for key in network.state_dict() if "lora" in key or "base_layer" in key]
    merged = network(batch.ids, batch.mask)
    assert torch.allclose(merged.vectors, expected.vectors, atol=1e-5)
    assert torch.allclose(merged.intents, expected.intents, atol=1e-4)


@pytest.mark.parametrize("name", ["bert", "distilbert", "xlm-roberta"])
def test_release_trained_with_adapters_is_a_plain_model(name: str, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel

    encoder = make_family(name, tmp_path / "encoder")
    recipe = tiny_recipe(
        encoder, lora_rank=8, epochs=8, accumulate=2, gradient_checkpointing=True, freeze_layers=0
    )
    made = train_release(ROWS, recipe, out=tmp_path / "release", device="cpu")
    folder = made.path / "encoder"
    assert not list(folder.glob("adapter*"))
    assert AutoModel.from_pretrained(folder).state_dict().keys() == (
        load_encoder(encoder)[0].state_dict().keys()
    )
    texts = ["where is my parcel", "hey you"]
    vectors = SentenceTransformer(str(folder), device="cpu").encode(texts)
    assert vectors == pytest.approx(Reader.load(made.path, "cpu").encode(texts), abs=1e-5)
    start_, end = made.metrics["epochs"][0], made.metrics["epochs"][-1]
    assert end["loss"] < 0.7 * start_["loss"]


def test_missing_peft_says_what_to_install(encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lora, "find_spec", lambda name: None)
    with pytest.raises(ReleaseError, match=r"pip install 'frontdesk\[lora\]'"):
        build_network(encoder, LABELS, tiny_recipe(encoder, lora_rank=4))


def test_nothing_to_adapt_is_said(encoder: Path) -> None:
    with pytest.raises(ReleaseError, match="lower freeze_layers"):
        build_network(encoder, LABELS, tiny_recipe(encoder, lora_rank=4, freeze_layers=2))


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns_as_full_precision_does(encoder: Path, precision: str) -> None:
    dataset = number(ROWS, LABELS, Tokenizer.load(encoder))
    losses = []
    for name in ("fp32", precision):
        recipe = tiny_recipe(encoder, precision=name, epochs=8)
        network, history = train([dataset], dataset, LABELS, encoder, recipe, CPU)
        assert {value.dtype for value in network.parameters()} == {torch.float32}
        losses.append([epoch.loss for epoch in history])
    assert losses[1] != losses[0]
    # In fp16 the first steps look for the scale of the gradients and move nothing.
    assert losses[1][-1] < 0.5 * losses[0][0]


def test_overflow_in_16_bits_leaves_the_weights_alone(encoder: Path) -> None:
    recipe = tiny_recipe(encoder, precision="fp16")
    state = start(encoder, recipe)
    before = [value.detach().clone() for value in trainable(state.network)]
    state.network.intents.weight.register_hook(lambda gradient: gradient / 0)  # type: ignore[union-attr]
    scale = state.scaler.get_scale()
    take_step(state, take_batch(encoder, 16), recipe)
    assert all(map(torch.equal, before, trainable(state.network)))
    assert state.scaler.get_scale() == scale / 2


def test_precision_follows_recipe_and_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch.device("cuda")
    for native, expected in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda native=native, **_: native)
        assert choose_dtype("auto", cuda) == expected
    for native, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda native=native: native)
        assert choose_dtype("auto", CPU) == expected
    assert choose_dtype("fp16", CPU) == torch.float16
    assert not make_scaler(torch.bfloat16, CPU).is_enabled()
    assert make_scaler(torch.float16, CPU).is_enabled()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["auto", "fp32", "bf16", "fp16"])
def test_gpu_learns_in_every_precision(encoder: Path, tmp_path: Path, precision: str) -> None:
    recipe = tiny_recipe(encoder, precision=precision, accumulate=2, epochs=12)
    made = train_release(ROWS, recipe, out=tmp_path / "release", device="cuda")
    assert made.metrics["intent"]["accuracy"] >= 0.9
    assert Reader.load(made.path, "cpu").read(["where is my parcel"])[0].intents


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_gpu_goes_on_after_an_interruption(encoder: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(encoder, precision="fp16", epochs=3)
    said: list[str] = []

    def stop(stage: str, done: int, whole: int) -> None:
        if stage.startswith("epoch") and done == 5:
            raise KeyboardInterrupt

    for progress in (stop, None):
        try:
            train_release(
                ROWS,
                recipe,
                out=tmp_path / "release",
                device="cuda",
                progress=progress,
                say=said.append,
                checkpoint_seconds=0,
            )
        except KeyboardInterrupt:
            assert progress is stop
    assert "after step 5 of" in said[0]
