"""The compiled network reads as the one that it was made of, or it is left out of the release."""

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from finetune import compiling
from finetune.compiling import Figure
from finetune.rows import Row
from finetune.run import Trained, evaluate_release, train_release
from index.backend import Outputs
from index.compiled import COMPILED, CompiledBackend, load_openvino
from index.errors import ReleaseError
from index.network import Network, Output
from index.reader import Reader
from index.tokens import Tokens
from tiny import make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

TEXTS = ["hello there", "track the boots order again", "where is my parcel please", "", "x" * 999]
ROOT = Path(__file__).resolve().parents[1]
ALONE = """
import json, sys
from pathlib import Path
from index.reader import Reader
from index.tokens import Tokens
reader = Reader.load(Path(sys.argv[1]), "cpu")
reading = reader.read(["hello there"])[0]
loaded = [name for name in ("torch", "openvino_telemetry") if sys.modules.get(name)]
print(json.dumps([reader.backend.name, reading.intents[0].label, loaded]))
"""
QUIET = """
from index.compiled import load_openvino
load_openvino()
from unittest.mock import MagicMock
import nncf.telemetry.wrapper, openvino.tools.ovc.convert_impl as convert
assert isinstance(nncf.telemetry.wrapper.telemetry, MagicMock), "nncf would report"
assert convert.tm.__name__ == "openvino.tools.ovc.telemetry_stub", "openvino would report"
"""


@pytest.fixture(scope="module")
def trained(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    out = tmp_path_factory.mktemp("compiled") / "release"
    return train(encoder, out)


def train(encoder: Path, out: Path, rows: list[Row] | None = None) -> Trained:
    recipe = tiny_recipe(encoder, int8=True)
    return train_release(make_rows() if rows is None else rows, recipe, out=out, device="cpu")


def test_twin_serves_on_the_cpu_and_reads_the_same(trained: Trained) -> None:
    made = trained.metrics["int8"]
    assert (made["serves"], made["reason"]) == (True, "")
    names = ["intent", "out_of_scope", "retrieval", "answered", "sentiment", "tags"]
    assert [name for name in made["figures"] if name != "answers"] == names
    assert all(
        line["float32"] >= 0.9 for name, line in made["figures"].items() if name != "answered"
    )
    assert "compiled/network.xml" in trained.manifest.files

    twin, whole = (Reader.load(trained.path, "cpu", compiled=flag) for flag in (True, False))
    assert (twin.backend.name, whole.backend.name) == ("int8 cpu", "torch cpu")
    assert twin.hidden == whole.hidden
    for one, other in zip(twin.read(TEXTS[:3]), whole.read(TEXTS[:3]), strict=True):
        assert one.intents[0].label == other.intents[0].label
        assert one.intents[0].confidence == pytest.approx(other.intents[0].confidence, abs=0.05)
        assert [(e.text, e.label) for e in one.entities] == [
            (e.text, e.label) for e in other.entities
        ]
        assert float(one.vector @ other.vector) > 0.99
    assert all(np.isfinite(reading.vector).all() for reading in twin.read(TEXTS))
    assert twin.read([]) == []


def test_release_says_what_the_twin_lost(trained: Trained) -> None:
    page = (trained.path / "report.html").read_text()
    assert "8-bit integers against 32-bit floats" in page
    assert "nearest example of the same intent" in page


def test_twin_reads_without_torch(trained: Trained) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(trained.path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["int8 cpu", "greeting", []]


def test_nothing_calls_home() -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUIET], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_numpy_is_met_before_threads_can_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two first arrays at once have stopped a process for ever, in one of some dozens."""
    openvino = load_openvino()
    given: list[tuple[int, ...]] = []
    monkeypatch.setattr(openvino, "Tensor", lambda array: given.append(array.shape))
    assert load_openvino() is openvino
    assert given == [(1,)]


def test_threads_do_not_mix_their_readings(trained: Trained) -> None:
    reader = Reader.load(trained.path, "cpu")
    texts = [row.text for row in make_rows()]
    expected = [reader.read([text])[0].intents[0] for text in texts]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: reader.read([text])[0].intents[0], texts))
    assert found == expected


def test_evaluation_measures_what_serves(trained: Trained) -> None:
    metrics = evaluate_release(trained.path, make_rows(), against=trained.path, device="cpu")
    assert metrics["intent"]["accuracy"] >= 0.9
    assert all(line["difference"] == 0 for line in metrics["changes"]["figures"])


def test_damaged_twin_is_refused(trained: Trained, tmp_path: Path) -> None:
    copy = shutil.copytree(trained.path, tmp_path / "copy")
    with (copy / "compiled" / "network.bin").open("r+b") as file:
        file.write(b"\xff" * 64)
    with pytest.raises(ReleaseError, match=r"network\.bin"):
        Reader.load(copy, "cpu")


def break_pass(change: Callable[[Outputs], Outputs]) -> Callable[..., Outputs]:
    whole = CompiledBackend._pass

    def broken(self: CompiledBackend, tokens: Sequence[Tokens]) -> Outputs:
        return change(whole(self, tokens))

    return broken


def test_twin_that_reads_worse_is_left_out(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap(output: Outputs) -> Outputs:
        assert output.intents is not None
        return replace(output, intents=output.intents[:, ::-1])

    monkeypatch.setattr(CompiledBackend, "_pass", break_pass(swap))
    made = train(encoder, tmp_path / "release")
    assert made.metrics["int8"]["serves"] is False
    assert "worse in intent" in made.metrics["int8"]["reason"]
    assert not (made.path / "compiled").exists()
    assert Reader.load(made.path, "cpu").backend.name == "torch cpu"
    assert "would not do: worse in intent" in (made.path / "report.html").read_text()


def test_what_8_bits_harm_stays_in_floats_until_the_twin_is_good(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = iter([False])
    whole = Figure.holds

    def holds(figure: Figure, after: float) -> bool:
        counts = figure.rows > 0  # all but one do
        return (counts or next(verdicts, True)) and whole(figure, after)

    monkeypatch.setattr(Figure, "holds", holds)
    made = train(encoder, tmp_path / "release")
    said, text = made.metrics["int8"], (made.path / "compiled" / "network.xml").read_text()
    assert said["serves"] is True
    assert said["exact"] == 2
    quantised = {
        number: f"layer.{number}.output.dense/aten::linear/MatMul/fq" in text for number in (0, 1)
    }
    assert quantised == {0: False, 1: False}


def test_where_8_bits_will_not_do_the_twin_is_in_floats(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads several times as fast as torch all the same."""
    whole = CompiledBackend._pass

    def bad_in_8_bits(self: CompiledBackend, tokens: Sequence[Tokens]) -> Outputs:
        output = whole(self, tokens)
        assert output.intents is not None
        bad = replace(output, intents=output.intents[:, ::-1])
        return bad if self.name == "int8 cpu" else output

    monkeypatch.setattr(CompiledBackend, "_pass", bad_in_8_bits)
    made = train(encoder, tmp_path / "release")
    said = made.metrics["int8"]
    assert (said["serves"], said["numbers"]) == (True, "float32")
    assert "worse in intent" in said["reason"]
    twin, network = (Reader.load(made.path, "cpu", compiled=flag) for flag in (True, False))
    assert twin.backend.name == "float32 cpu"
    for one, other in zip(twin.read(TEXTS), network.read(TEXTS), strict=True):
        assert float(one.vector @ other.vector) > 0.9999
    page = (made.path / "report.html").read_text()
    assert "CPUs read in 32-bit floats; 8-bit integers would not do: worse in intent" in page


def test_twin_whose_texts_see_each_other_is_left_out(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = Network.forward_packed

    def unmasked(
        self: Network,
        ids: torch.Tensor,
        places: torch.Tensor,
        texts: torch.Tensor,
        shares: torch.Tensor,
    ) -> Output:
        texts = torch.ones_like(texts) if torch.jit.is_tracing() else texts
        return forward(self, ids, places, texts, shares)

    monkeypatch.setattr(Network, "forward_packed", unmasked)
    made = train(encoder, tmp_path / "release")
    assert made.metrics["int8"]["serves"] is False
    assert "other texts of its batch turn" in made.metrics["int8"]["reason"]


def test_encoder_that_cannot_be_packed_is_padded(
    trained: Trained, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those that tell positions by the distance between tokens, or take none."""
    forward = Network.forward_packed

    def shifted(
        self: Network,
        ids: torch.Tensor,
        places: torch.Tensor,
        texts: torch.Tensor,
        shares: torch.Tensor,
    ) -> Output:
        across = torch.arange(ids.shape[1]).expand_as(ids)
        return forward(self, ids, across, texts, shares)

    monkeypatch.setattr(Network, "forward_packed", shifted)
    made = train(encoder, tmp_path / "release")
    assert made.metrics["int8"]["serves"] is True
    packed, padded = (Reader.load(release.path, "cpu") for release in (trained, made))
    assert inputs_of(packed) == {"ids", "places", "texts", "shares"}
    assert inputs_of(padded) == {"ids", "mask"}
    for reader in (packed, padded):
        reader.warm_up_batches()
        one_by_one = [reader.read([text])[0] for text in TEXTS]
        for alone, beside in zip(one_by_one, reader.read(TEXTS), strict=True):
            assert float(alone.vector @ beside.vector) > 0.99
            assert alone.entities == beside.entities


def inputs_of(reader: Reader) -> set[str]:
    """What the compiled network of a reader takes."""
    model = ElementTree.parse(reader.release.path / COMPILED).getroot()
    layers = [layer for layer in model.iter("layer") if layer.get("type") == "Parameter"]
    return {layer.find("output/port").get("names") for layer in layers}


@pytest.mark.parametrize(
    ("missing", "backend"), [("nncf", "float32 cpu"), ("openvino", "torch cpu")]
)
def test_without_the_libraries_it_is_read_in_floats(
    missing: str,
    backend: str,
    trained: Trained,
    encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    made = train(encoder, tmp_path / "release")
    assert made.metrics["int8"]["serves"] is (missing == "nncf")
    assert missing in made.metrics["int8"]["reason"]
    assert Reader.load(made.path, "cpu").backend.name == backend


def test_where_8_bits_cannot_be_made_the_twin_is_in_floats(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mixed(twin: CompiledBackend, tokens: Sequence[Tokens]) -> None:
        if twin.name == "int8 cpu":
            raise ReleaseError("other texts of its batch turn a vector by 0.011")

    monkeypatch.setattr(compiling, "_check_alone", mixed)
    made = train(encoder, tmp_path / "release")
    assert made.metrics["int8"]["numbers"] == "float32"
    assert "by 0.011" in made.metrics["int8"]["reason"]


def test_rows_that_all_trained_check_the_twin_too(encoder: Path, tmp_path: Path) -> None:
    rows = [row for row in make_rows() if row.intent == "greeting" or row.intent == "cancel_order"]
    recipe = tiny_recipe(encoder, int8=True, cross_fit=2)
    made = train_release(rows, recipe, out=tmp_path / "release", device="cpu")
    assert made.metrics["int8"]["reason"] == ""
    assert made.metrics["int8"]["figures"]["intent"]["rows"] > 0


@pytest.mark.parametrize(
    ("before", "after", "good"),
    [
        (Figure(0.950, 1000), 0.948, True),
        (Figure(0.950, 1000), 0.947, False),
        (Figure(0.95, 100), 0.94, True),
        (Figure(0.95, 100), 0.93, False),
        (Figure(0.980), 0.9785, True),
        (Figure(0.980), 0.977, False),
        (Figure(0.90, 100), 0.99, True),
        (Figure(0.97, 1000, enough=0.95), 0.95, True),
        (Figure(0.97, 1000, enough=0.95), 0.94, False),
        (Figure(0.93, 1000, enough=0.95), 0.928, True),
    ],
)
def test_two_tenths_of_a_point_or_one_row_may_be_lost(
    before: Figure, after: float, good: bool
) -> None:
    assert before.holds(after) is good


@pytest.mark.parametrize("head", ["intent", "sentiment", "entities"])
def test_one_head_is_enough(head: str, encoder: Path, tmp_path: Path) -> None:
    rows = [row for row in make_rows() if getattr(row, head)]
    if head == "entities":
        rows = [replace(row, intent=None) for row in rows]
    made = train(encoder, tmp_path / "release", rows)
    assert made.metrics["int8"]["serves"] is True
    assert Reader.load(made.path, "cpu").read(TEXTS)[0].vector.shape == (32,)


def test_a_failed_conversion_leaves_the_log_as_it_was() -> None:
    root = logging.getLogger()
    before = root.level, root.filters[:], root.handlers[:]
    with suppress(RuntimeError), compiling._quiet():
        root.setLevel(logging.CRITICAL)
        root.handlers = [logging.NullHandler()]
        raise RuntimeError("no such operation")
    assert (root.level, root.filters, root.handlers) == before
