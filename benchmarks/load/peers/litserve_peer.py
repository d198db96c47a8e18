"""LitServe with the encoder's embedding and nothing else: `python litserve_peer.py --port PORT`.

The encoder's folder is in PEER_ENCODER.
"""

import os
import sys
from typing import Any

import litserve


class Embedder(litserve.LitAPI):
    """One process; torch has every core."""

    def setup(self, device: str) -> None:
        """Load the encoder."""
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(os.environ["PEER_ENCODER"], device=device)

    def decode_request(self, request: dict[str, Any]) -> str:
        """The text of one request."""
        return str(request["text"])

    def predict(self, x: list[str]) -> Any:
        """Vectors of a batch of texts."""
        return self.model.encode(x, normalize_embeddings=True)

    def encode_response(self, output: Any) -> dict[str, Any]:
        """The vector as JSON."""
        return {"vector": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(
        Embedder(max_batch_size=32, batch_timeout=0.005), accelerator="cpu", timeout=60
    )
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False)
