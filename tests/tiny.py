"""A tiny random encoder with its tokenizer, and rows that it can learn by heart."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from finetune.recipe import Recipe
from finetune.rows import Row, Span

# click keeps a command's help option from its first use; the reference page shows this one.
HELP = ["-h", "--help"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!'-"
WORDS = {
    "track_order": ["where is my parcel", "track the order", "has it left yet", "parcel status"],
    "cancel_order": ["please cancel it", "stop the purchase", "undo what i bought", "cancel now"],
    "greeting": ["hello there", "good morning", "hi you", "hey"],
}
ENDINGS = ["", " please", " today", " my friend", " now then", " thanks a lot"]


def make_encoder(folder: Path) -> Path:
    """A BERT of two layers and 32 hidden units with random weights, saved in ``folder``."""
    words = sorted({word for texts in WORDS.values() for text in texts for word in text.split()})
    extra = sorted({word for ending in ENDINGS for word in ending.split()} - set(words))
    pieces = [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    names = list(dict.fromkeys([*specials, *pieces, *words, *extra]))
    vocabulary = {name: number for number, name in enumerate(names)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=ends
    )
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=160,
    )
    with torch.random.fork_rng():
        torch.manual_seed(5)
        BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
    settings |= {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def make_rows() -> list[Row]:
    """Rows of three intents, of three sentiments, out of scope, and with an entity."""
    rows = [
        Row(text + ending, intent=intent, place=f"{intent}:{number}")
        for intent, texts in WORDS.items()
        for number, text in enumerate(texts)
        for ending in ENDINGS
    ]
    moods = {"positive": "great and good", "negative": "awful and bad", "neutral": "a box came"}
    for sentiment, words in moods.items():
        for number in range(8):
            text = f"{words} {LETTERS[number]} {LETTERS[number + 8] * 3}"
            rows.append(Row(text, sentiment=sentiment, place=f"{sentiment}:{number}"))
    for number in range(12):
        text = f"sing {LETTERS[number]} song {LETTERS[number + 5] * 4}"
        rows.append(Row(text, intent="out_of_scope", place=f"out:{number}"))
    for number, name in enumerate(["boots", "skye jacket", "stove", "green hat"] * 3):
        text = f"track the {name} order{' again' * (number // 4)}"
        span = Span(10, 10 + len(name), "product")
        rows.append(Row(text, intent="track_order", entities=(span,), place=f"product:{number}"))
    return rows


def tiny_recipe(encoder: Path, **changes: object) -> Recipe:
    """A recipe by which the tiny encoder learns quickly."""
    fields = {"encoder": str(encoder), "epochs": 12, "batch_size": 8, "patience": 12}
    fields |= {"learning_rate": 0.003, "head_learning_rate": 0.01, "freeze_words": False}
    fields |= {"precision": "fp32", "dropout": 0.0, "encoder_dropout": 0.0, "min_steps": 0}
    fields |= {"freeze_layers": 0, "cross_fit": 0, "int8": False}
    return Recipe.from_json({**fields, **changes})
