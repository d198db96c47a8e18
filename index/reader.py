"""The reader: texts in, readings out, with the champion's weights and calibration.

The engine of the service holds one and swaps it whole. It never searches, routes or logs, and
reading is safe from several threads at once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.backend import Backend, Raw
from index.calibration import Calibration, softmax
from index.compiled import CompiledBackend, is_compiled
from index.devices import may_have_gpu
from index.records import Entity, Reading, Scored, Thresholds
from index.release import ENCODER, HEADS, Labels, Manifest, Release, load_release
from index.spans import decode, tag_count
from index.tokens import Tokenizer, Tokens

if TYPE_CHECKING:
    import torch

    from index.network import Network

WARM_UP = ("hello", "where is my order? " * 6, "I would like to send this back. " * 16)


class Reader:
    """A loaded release. ``backend`` computes, on ``device``: cpu, cuda, cuda:N or several."""

    def __init__(
        self, release: Release, backend: Backend, tokenizer: Tokenizer, device: str
    ) -> None:
        self.release = release
        self.backend = backend
        self.device = device
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, path: str | Path, device: str = "auto", *, compiled: bool = True) -> "Reader":
        """The release in folder ``path`` on ``device``: auto, cpu, cuda, cuda:N, or several of the
        last with commas between them, each of which has a copy.

        On a CPU the release's compiled network computes in 8-bit integers, if it has one and unless
        ``compiled`` is false; else its weights are 32-bit floats there, and 16-bit on a GPU. Raises
        ``ReleaseError`` when the release is incomplete or damaged, or when there is no such device.
        """
        folder, has_twin = Path(path), compiled and is_compiled(Path(path))
        if has_twin and (device == "cpu" or (device == "auto" and not may_have_gpu())):
            return cls._load_compiled(folder)
        from index.network import TorchBackend, choose_devices, load_network

        places = choose_devices(device)
        on_gpu = places[0].type == "cuda"
        if has_twin and not on_gpu:  # torch finds no GPU
            return cls._load_compiled(folder)
        release = load_release(folder)
        network = load_network(
            release.path / ENCODER,
            release.path / HEADS,
            intents=len(release.labels.intents),
            sentiments=len(release.labels.sentiments),
            tags=tag_count(release.labels.entities),
        )
        if on_gpu:
            network.encoder.half()
        names = ",".join(map(str, places))
        tokenizer = Tokenizer.load(release.path / ENCODER)
        return cls(release, TorchBackend(network, places), tokenizer, names)

    @classmethod
    def _load_compiled(cls, folder: Path) -> "Reader":
        release = load_release(folder)
        backend = CompiledBackend.load(release.path)
        return cls(release, backend, Tokenizer.load(release.path / ENCODER), "cpu")

    @classmethod
    def assemble(
        cls,
        folder: Path,
        network: "Network",
        labels: Labels,
        calibration: Calibration,
        device: "torch.device",
    ) -> "Reader":
        """The reader of a release that is still being written, from what its training holds.

        ``folder`` must have the encoder's tokenizer already.
        """
        from index.network import TorchBackend

        manifest = Manifest(id=folder.name, created_at="", encoder="", dataset="", files={})
        release = Release(folder, manifest, labels, calibration, {})
        backend = TorchBackend(network, [device])
        return cls(release, backend, Tokenizer.load(folder / ENCODER), str(device))

    @property
    def labels(self) -> Labels:
        """The labels that readings are made of."""
        return self.release.labels

    @property
    def thresholds(self) -> Thresholds:
        """From which scores the release keeps its promise."""
        return self.release.calibration.thresholds

    @property
    def hidden(self) -> int:
        """Numbers in a vector."""
        return self.backend.widths.hidden

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """A reading of each text, in order. Any text will do: empty, huge, malformed."""
        tokens = self._tokenizer.split(texts)
        return self._interpret(texts, tokens, self._run_tokens(tokens))

    def interpret(self, texts: Sequence[str], raw: Raw) -> list[Reading]:
        """Readings of texts from what some network said about them before calibration."""
        return self._interpret(texts, self._tokenizer.split(texts), raw)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of shape ``(n, hidden)``: what templates and examples are found by."""
        return self._run_tokens(self._tokenizer.split(texts)).vectors

    def warm_up(self) -> None:
        """Read a few messages of different length, so that the first customer does not wait."""
        for text in WARM_UP:
            self.read([text])

    def warm_up_batches(self) -> None:
        """Take a second or two, so that those who come together do not wait either."""
        self.backend.warm_up()

    def _run_tokens(self, tokens: Sequence[Tokens]) -> Raw:
        return self.backend.run(tokens)

    def _interpret(self, texts: Sequence[str], tokens: Sequence[Tokens], raw: Raw) -> list[Reading]:
        intents, in_scope = self._judge_intents(raw)
        calibration, labels = self.release.calibration, self.release.labels
        sentiments = softmax(raw.sentiments, calibration.sentiment_temperature)
        readings = []
        for row, text in enumerate(texts):
            readings.append(
                Reading(
                    text=text,
                    vector=raw.vectors[row],
                    intents=_rank(labels.intents, intents[row]),
                    sentiments=_rank(labels.sentiments, sentiments[row]),
                    in_scope=float(in_scope[row]),
                    entities=self._find_entities(text, tokens[row], raw.tags[row]),
                    release=self.release.id,
                )
            )
        return readings

    def _judge_intents(self, raw: Raw) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if not self.labels.intents:
            return raw.intents, np.zeros(len(raw.intents), np.float32)
        calibration = self.release.calibration
        in_scope = calibration.in_scope(raw.intents, raw.distances)
        return softmax(raw.intents, calibration.temperature), in_scope

    def _find_entities(
        self, text: str, tokens: Tokens, tags: NDArray[np.int64]
    ) -> tuple[Entity, ...]:
        return decode(text, tokens, tags, self.labels.entities) if self.labels.entities else ()


def _rank(labels: Sequence[str], scores: NDArray[np.float32]) -> tuple[Scored, ...]:
    order = np.argsort(-scores, kind="stable")
    names = [labels[place] for place in order.tolist()]
    return tuple(map(Scored, names, scores[order].tolist()))
