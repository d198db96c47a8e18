"""The cache of vectors: it saves encoding, and a bad file costs time but never an error."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from index.vectors import VectorCache, prune

TEXTS = ["one", "two", "three"]


class Encoder:
    """Encodes a text as its length in each of ``width`` places, and remembers what it was given."""

    def __init__(self, width: int = 4) -> None:
        self.width = width
        self.seen: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Any:
        self.seen += texts
        rows = [[float(len(text))] * self.width for text in texts]
        return np.array(rows, np.float32).reshape(-1, self.width)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "rel_a.safetensors"


def test_only_new_texts_are_encoded_and_old_ones_forgotten(path: Path) -> None:
    VectorCache(path).encode(TEXTS, Encoder())
    encoder = Encoder()
    vectors = VectorCache(path).encode(["two", "four", "two"], encoder)
    assert encoder.seen == ["four"]
    assert vectors[:, 0].tolist() == [3, 4, 3]
    assert len(load_file(path)["hashes"]) == 2
    assert VectorCache(path).encode([], Encoder()).shape == (0, 4)
    assert len(load_file(path)["hashes"]) == 0


@pytest.mark.parametrize("texts", [TEXTS, [*TEXTS, "four"]])
def test_vectors_of_another_width_are_dropped(path: Path, texts: list[str]) -> None:
    VectorCache(path).encode(TEXTS, Encoder(3))
    encoder = Encoder(4)
    assert VectorCache(path).encode(texts, encoder).shape == (len(texts), 4)
    assert encoder.seen == texts
    assert load_file(path)["vectors"].shape == (len(texts), 4)


HASHES, VECTORS = np.zeros((3, 32), np.uint8), np.ones((3, 4), np.float32)
BROKEN: dict[str, dict[str, Any]] = {
    "no vectors": {"hashes": HASHES},
    "flat hashes": {"hashes": HASHES[:, 0], "vectors": VECTORS},
    "hashes of numbers": {"hashes": HASHES.astype(np.float32), "vectors": VECTORS},
    "flat vectors": {"hashes": HASHES, "vectors": VECTORS[:, 0]},
    "vectors of text": {"hashes": HASHES, "vectors": VECTORS.astype(np.int8)},
    "no finite vectors": {"hashes": HASHES, "vectors": VECTORS * np.inf},
    "fewer vectors": {"hashes": HASHES, "vectors": VECTORS[:2]},
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_no_cache_is_dropped(path: Path, case: str) -> None:
    path.parent.mkdir()
    save_file(BROKEN[case], path)
    assert VectorCache(path).rows == {}
    assert VectorCache(path).encode(TEXTS, Encoder()).shape == (3, 4)


def test_a_damaged_file_is_dropped(path: Path) -> None:
    VectorCache(path).encode(TEXTS, Encoder())
    whole = path.read_bytes()
    for damaged in (b"", whole[:-1], whole[:20], b"{}" * 100):
        path.write_bytes(damaged)
        encoder = Encoder()
        assert VectorCache(path).encode(TEXTS, encoder)[:, 0].tolist() == [3, 3, 5]
        assert encoder.seen == TEXTS


def test_caches_of_other_releases_are_removed(tmp_path: Path) -> None:
    for name in ("rel_a.safetensors", "rel_b.safetensors", "rel_c.safetensors", "rel_c.7.tmp"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "rel_a.8.tmp").write_bytes(b"being written")
    (tmp_path / "notes.txt").write_text("mine")
    prune(tmp_path, {"rel_a", "rel_b"})
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["notes.txt", "rel_a.8.tmp", "rel_a.safetensors", "rel_b.safetensors"]
    prune(tmp_path / "missing", set())
