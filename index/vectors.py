"""Vectors of texts that were encoded before, kept in one file a release.

Used by the engine, so that a start or an edit of content encodes only the texts that are new.
A cache: a damaged or missing file costs time, never correctness. Encodes nothing itself.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

DIGEST = hashlib.sha256().digest_size


class VectorCache:
    """Text to unit vector for one release; ``path`` names the release, so they cannot mix."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.vectors: dict[bytes, NDArray[np.float32]] = {}
        try:
            stored = load_file(path)
            hashes, vectors = stored["hashes"], stored["vectors"]
        except (OSError, SafetensorError, KeyError, ValueError, TypeError):
            return
        if _is_sound(hashes, vectors):
            self.vectors = dict(zip(map(bytes, hashes), vectors, strict=True))

    def encode(self, texts: Sequence[str], encode: Encode) -> NDArray[np.float32]:
        """Vectors of the texts, shape ``(len(texts), hidden)``; only unknown ones are encoded.

        ``encode`` of no texts gives shape ``(0, hidden)``: what has another width is dropped.

        The file afterwards holds just these texts, so that it never outgrows the content and
        forgets an erased text.
        """
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        none = encode([])
        if any(len(vector) != none.shape[1] for vector in self.vectors.values()):
            self.vectors = {}
        fresh = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self.vectors
        }
        if fresh:
            encoded = encode(list(fresh.values()))
            self.vectors |= dict(zip(fresh, encoded, strict=True))
        stale = self.vectors.keys() - set(keys)
        for key in stale:
            del self.vectors[key]
        if (fresh or stale) and self.vectors:
            self._save()
        return np.stack([self.vectors[key] for key in keys]) if keys else none

    def _save(self) -> None:
        hashes = np.stack([np.frombuffer(key, np.uint8) for key in self.vectors])
        vectors = np.stack(list(self.vectors.values())).astype(np.float32)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(save({"hashes": hashes, "vectors": vectors}))
            temporary.replace(self.path)
        except OSError:
            temporary.unlink(missing_ok=True)


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
