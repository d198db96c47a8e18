"""Three models behind Flask, one message at a time, as a first version is often built: intent,
sentiment and entities each with an encoder of its own. `python flask_peer.py --port PORT`.

The encoder's folder is in PEER_ENCODER. The heads are not trained: only the time counts here.
"""

import os
import sys

import torch
from flask import Flask, request
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

INTENTS, SENTIMENTS, TAGS = 64, 3, 9

ENCODER = os.environ["PEER_ENCODER"]

app = Flask(__name__)
tokenizer = AutoTokenizer.from_pretrained(ENCODER)
sequence = AutoModelForSequenceClassification.from_pretrained
models = [
    sequence(ENCODER, num_labels=INTENTS),
    sequence(ENCODER, num_labels=SENTIMENTS),
    AutoModelForTokenClassification.from_pretrained(ENCODER, num_labels=TAGS),
]


@app.post("/inference")
def read() -> dict[str, object]:
    """The best label of each model."""
    text = request.get_json()["text"]
    found = []
    for model in models:
        with torch.inference_mode():
            logits = model.eval()(**tokenizer(text, return_tensors="pt")).logits
        found.append(logits.argmax(-1).flatten().tolist())
    return {"intent": found[0], "sentiment": found[1], "tags": found[2]}


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[2]))
