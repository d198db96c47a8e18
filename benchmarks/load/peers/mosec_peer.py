"""mosec with the encoder's embedding and nothing else: `python mosec_peer.py --port PORT`.

mosec reads the command line itself; the encoder's folder is in PEER_ENCODER.
"""

import os
from typing import Any

from mosec import Server, Worker


class Embedder(Worker):
    """One process; torch has every core."""

    def __init__(self) -> None:
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(os.environ["PEER_ENCODER"], device="cpu")

    def forward(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Vectors of a batch of requests."""
        vectors = self.model.encode([each["text"] for each in data], normalize_embeddings=True)
        return [{"vector": vector.tolist()} for vector in vectors]


if __name__ == "__main__":
    server = Server()
    server.append_worker(Embedder, num=1, max_batch_size=32, max_wait_time=5)
    server.run()
