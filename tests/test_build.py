"""Any encoder that reads in both directions trains and comes out as a plain model; others are
refused with the reason."""

from pathlib import Path

import pytest
import torch

from families import ENCODERS, copy_without, make_family, make_old_bert
from finetune.build import SharedDropout, adaptable, build_network, number_layers, parameter_groups
from finetune.encoders import find_encoder
from finetune.run import train_release
from index.errors import ReleaseError
from index.network import load_encoder
from index.reader import Reader
from index.release import Labels
from index.tokens import Tokenizer
from tiny import make_encoder, make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = Labels(intents=("a", "b"), sentiments=(), entities=())
TEXTS = ["where is my parcel", "hey you", "track the green hat order again, please", "Ω"]


@pytest.mark.parametrize("name", ENCODERS)
def test_every_family_trains_into_a_plain_encoder(name: str, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, AutoTokenizer

    encoder = make_family(name, tmp_path / "encoder")
    recipe = tiny_recipe(encoder, epochs=1, max_steps=2, encoder_dropout=0.1, freeze_layers=1)
    made = train_release(make_rows(), recipe, out=tmp_path / "release", device="cpu")
    expected = Reader.load(made.path, "cpu").encode(TEXTS)

    folder = str(made.path / "encoder")
    vectors = SentenceTransformer(folder, device="cpu").encode(TEXTS)
    assert vectors == pytest.approx(expected, abs=1e-5)
    tokens = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = AutoModel.from_pretrained(folder)(**tokens).last_hidden_state
    weights = tokens["attention_mask"].unsqueeze(-1)
    mean = torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)
    assert mean.numpy() == pytest.approx(expected, abs=1e-5)

    before, after = load_encoder(encoder)[0], load_encoder(Path(folder))[0]
    changed = {
        layer
        for (key, old), new in zip(before.named_parameters(), after.parameters(), strict=True)
        for layer in [number_layers(before)[key]]
        if not torch.equal(old, new)
    }
    assert changed == ({3} if name == "albert" else {2, 3})


@pytest.mark.parametrize("name", ENCODERS)
def test_layers_are_found_in_every_family(name: str, tmp_path: Path) -> None:
    encoder = load_encoder(make_family(name, tmp_path))[0]
    layers = number_layers(encoder)
    assert set(layers.values()) == ({0, 3} if name == "albert" else {0, 1, 2, 3})
    assert layers[next(key for key in layers if "embed" in key and "weight" in key)] == 0
    assert adaptable(encoder, 3) == []
    if name != "albert":
        own = adaptable(encoder, 1)
        assert own
        assert {layers[f"{module}.weight"] for module in own} == {2, 3}


@pytest.mark.parametrize("name", ["bert", "distilbert", "mpnet", "deberta-v2", "albert"])
def test_nothing_drops_out_within_the_attention(name: str, tmp_path: Path) -> None:
    encoder = make_family(name, tmp_path)
    body = build_network(encoder, LABELS, tiny_recipe(encoder, encoder_dropout=0.3)).encoder
    shares: dict[str, set[float]] = {"attention": set(), "features": set()}
    for name_, module in body.named_modules():
        if isinstance(module, torch.nn.Dropout):
            assert isinstance(module, SharedDropout)
            parent = type(body.get_submodule(name_.rpartition(".")[0])).__name__
            within = parent.endswith("SelfAttention") or name_.endswith("attention_dropout")
            shares["attention" if within else "features"].add(module.p)
    assert shares == {"attention": {0.0}, "features": {0.3}}


def test_lower_layers_learn_more_slowly_and_heads_fastest(tmp_path: Path) -> None:
    encoder = make_family("distilbert", tmp_path)
    recipe = tiny_recipe(encoder, layer_decay=0.5, freeze_layers=1, weight_decay=0.1)
    network = build_network(encoder, LABELS, recipe)
    groups = parameter_groups(network, recipe)
    rates = sorted({group["lr"] for group in groups}, key=str)
    assert sorted(rates, key=float) == [0.0015, 0.003, 0.01]  # type: ignore[arg-type]
    for group in groups:
        decayed = {parameter.ndim > 1 for parameter in group["params"]}  # type: ignore[attr-defined]
        assert decayed == {group["weight_decay"] == 0.1}


@pytest.mark.parametrize(
    ("name", "message"),
    [("gpt2", "left to right"), ("t5", "decoder"), ("short", "128 tokens")],
)
def test_what_is_no_encoder_is_refused_with_the_reason(
    name: str, message: str, tmp_path: Path
) -> None:
    encoder = make_family(name, tmp_path / "encoder")
    with pytest.raises(ReleaseError, match=message):
        train_release(make_rows(), tiny_recipe(encoder), out=tmp_path / "release", device="cpu")
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_older_tokenizer_is_converted(tmp_path: Path) -> None:
    encoder = make_old_bert(tmp_path / "old")
    texts = ["Where is my parcel?", "hey skye"]
    new = Tokenizer.load(make_encoder(tmp_path / "new")).split(texts)
    assert Tokenizer.load(encoder).split(texts) == new
    recipe = tiny_recipe(encoder, epochs=1, max_steps=2)
    made = train_release(make_rows(), recipe, out=tmp_path / "release", device="cpu")
    assert Tokenizer.load(made.path / "encoder").split(texts) == new
    from sentence_transformers import SentenceTransformer

    vectors = SentenceTransformer(str(made.path / "encoder"), device="cpu").encode(texts)
    assert vectors == pytest.approx(Reader.load(made.path, "cpu").encode(texts), abs=1e-5)


def test_encoder_without_any_tokenizer_is_refused(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "encoder")
    bare = copy_without(encoder, tmp_path / "bare", "tokenizer*")
    with pytest.raises(ReleaseError, match=r"no tokenizer\.json"):
        Tokenizer.load(bare)


def test_old_weights_are_fetched_where_there_are_no_safetensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def fetch(name: str, *, allow_patterns: list[str], ignore_patterns: list[str]) -> str:
        asked.append(allow_patterns)
        if "pytorch_model*.bin" in allow_patterns:
            (tmp_path / "pytorch_model.bin").touch()
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    assert find_encoder("somebody/old-bert") == tmp_path
    assert ["*.safetensors" in patterns for patterns in asked] == [True, False]
