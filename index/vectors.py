"""Vectors of texts that were encoded before, kept in one file a release.

Used by the engine, so that a start or an edit of content encodes only the texts that are new.
A cache: a damaged or missing file costs time, never correctness. Encodes nothing itself.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

DIGEST = hashlib.sha256().digest_size


class VectorCache:
    """Text to unit vector for one release; ``path`` names the release, so they cannot mix."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[bytes, int] = {}
        self.vectors = np.zeros((0, 0), np.float32)
        try:
            stored = load_file(path)
            hashes, vectors = stored["hashes"], stored["vectors"]
        except (OSError, SafetensorError, KeyError, ValueError, TypeError):
            return
        if _is_sound(hashes, vectors):
            packed = hashes.tobytes()
            keys = [packed[at : at + DIGEST] for at in range(0, len(packed), DIGEST)]
            self.rows, self.vectors = dict(zip(keys, range(len(keys)), strict=True)), vectors

    def encode(self, texts: Sequence[str], encode: Encode) -> NDArray[np.float32]:
        """Vectors of the texts, shape ``(len(texts), hidden)``; only unknown ones are encoded.

        ``encode`` of no texts gives shape ``(0, hidden)``: what has another width is dropped.

        The file afterwards holds just these texts, so that it never outgrows the content and
        forgets an erased text.
        """
        keys = [_key(text) for text in texts]
        none = encode([])
        if self.vectors.shape[1] != none.shape[1]:
            self.rows, self.vectors = {}, none
        wanted = dict(zip(keys, texts, strict=True))
        known = [key for key in wanted if key in self.rows]
        fresh = [key for key in wanted if key not in self.rows]
        if fresh or len(known) < len(self.rows):
            encoded = encode([wanted[key] for key in fresh]) if fresh else none
            left = self.vectors[[self.rows[key] for key in known]]
            self.vectors = np.concatenate([left, encoded])
            self.rows = dict(zip(known + fresh, range(len(wanted)), strict=True))
            self._save()
        return self.vectors[[self.rows[key] for key in keys]]

    def keep(self, texts: Iterable[str]) -> None:
        """Forget what is not among these texts, in the file too."""
        wanted = {_key(text) for text in texts}
        kept = [key for key in self.rows if key in wanted]
        if len(kept) < len(self.rows) or not kept:
            self.path.unlink(missing_ok=True)  # also where the rest cannot be written, or read
            if not kept:
                return
            self.vectors = self.vectors[[self.rows[key] for key in kept]]
            self.rows = dict(zip(kept, range(len(kept)), strict=True))
            self._save()

    def _save(self) -> None:
        hashes = np.frombuffer(b"".join(self.rows), np.uint8).reshape(-1, DIGEST)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save_file({"hashes": hashes, "vectors": self.vectors}, temporary)
            temporary.replace(self.path)
        except (OSError, SafetensorError):
            temporary.unlink(missing_ok=True)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def prune(folder: Path, keep: set[str]) -> None:
    """Remove the caches of all releases but these ids; one that cannot be removed stays."""
    for pattern in ("*.safetensors", "*.tmp"):
        for path in folder.glob(pattern):
            if path.name.split(".")[0] not in keep:
                with suppress(OSError):
                    path.unlink()


def _is_sound(hashes: NDArray[np.generic], vectors: NDArray[np.generic]) -> bool:
    """Whether these can be what ``_save`` wrote."""
    return (
        hashes.dtype == np.uint8
        and vectors.dtype == np.float32
        and hashes.shape[1:] == (DIGEST,)
        and vectors.ndim == 2
        and len(hashes) == len(vectors)
        and bool(np.isfinite(vectors).all())
    )
