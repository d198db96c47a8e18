"""Tiny random encoders of the families that people fine-tune, with tokenizers of three kinds."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    AlbertConfig,
    AutoModel,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    ModernBertConfig,
    MPNetConfig,
    PretrainedConfig,
    RobertaConfig,
    T5Config,
    XLMRobertaConfig,
)

from tiny import LETTERS, make_encoder, make_rows

SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 64, "max_position_embeddings": 160}
DISTIL = {"dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 160}
RELATIVE = {"relative_attention": True, "position_buckets": 16, "pos_att_type": ["p2c", "c2p"]}
RELATIVE |= {"share_att_key": True, "norm_rel_ebd": "layer_norm", "position_biased_input": False}
GPT = {"n_embd": 32, "n_layer": 3, "n_head": 2, "n_positions": 160}
T5 = {"d_model": 32, "num_layers": 2, "num_heads": 2, "d_kv": 16, "d_ff": 64}

# Family -> configuration, its sizes, kind of tokenizer.
ENCODERS: dict[str, tuple[type[PretrainedConfig], dict[str, Any], str]] = {
    "bert": (BertConfig, SIZES, "pieces"),
    "roberta": (RobertaConfig, SIZES, "bytes"),
    "xlm-roberta": (XLMRobertaConfig, SIZES, "unigram"),
    "distilbert": (DistilBertConfig, DISTIL, "pieces"),
    "mpnet": (MPNetConfig, SIZES, "pieces"),
    "modernbert": (ModernBertConfig, SIZES, "bytes"),
    "deberta-v2": (DebertaV2Config, {**SIZES, **RELATIVE}, "unigram"),
    "electra": (ElectraConfig, {**SIZES, "embedding_size": 16}, "pieces"),
    "albert": (AlbertConfig, {**SIZES, "embedding_size": 16}, "unigram"),
}
OTHERS: dict[str, tuple[type[PretrainedConfig], dict[str, Any], str]] = {
    "gpt2": (GPT2Config, GPT, "bytes"),
    "t5": (T5Config, T5, "unigram"),
    "short": (BertConfig, {**SIZES, "max_position_embeddings": 64}, "pieces"),
}
# The numbers that RoBERTa's tokenizer gives them; padding is not 0.
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]


def make_family(name: str, folder: Path) -> Path:
    """The tiny encoder of a family, saved in ``folder``."""
    config, sizes, kind = {**ENCODERS, **OTHERS}[name]
    if kind == "pieces":
        make_encoder(folder)
        (folder / "model.safetensors").unlink()
        size, pad = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size(), 0
    else:
        folder.mkdir(exist_ok=True)
        tokenizer = byte_level() if kind == "bytes" else unigram()
        tokenizer.save(str(folder / "tokenizer.json"))
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"}
        settings |= {"unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        size, pad = tokenizer.get_vocab_size(), 1
    torch.manual_seed(0)
    # A config of BERT's kind starts with small weights; larger ones tell faults from rounding.
    made = config(vocab_size=size, pad_token_id=pad, initializer_range=0.2, **sizes)
    AutoModel.from_config(made).save_pretrained(folder)
    return folder


def byte_level() -> Tokenizer:
    """Byte pairs of whole words, with the space before a word inside its first token."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [f"Ġ{word}" for word in _words()]
    merges, made = [], []
    for word in words:
        for end in range(2, len(word) + 1):
            merges.append((word[: end - 1], word[end - 1]))
            made.append(word[:end])
    names = list(dict.fromkeys([*SPECIALS, *letters, *made]))
    vocabulary = {name: number for number, name in enumerate(names)}
    model = models.BPE(vocabulary, list(dict.fromkeys(merges)), unk_token="<unk>")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


def unigram() -> Tokenizer:
    """SentencePiece's kind: spaces are letters, and tokens may begin with one."""
    names = [f"▁{word}" for word in _words()]
    scores = [(name, -2.0) for name in names] + [(letter, -8.0) for letter in (*LETTERS, "▁")]
    specials = [(name, 0.0) for name in SPECIALS]
    tokenizer = Tokenizer(models.Unigram([*specials, *scores], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def make_old_bert(folder: Path) -> Path:
    """A BERT whose tokenizer is a mere vocab.txt, as in the first years."""
    make_encoder(folder)
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    names = sorted(vocabulary, key=vocabulary.__getitem__)
    (folder / "vocab.txt").write_text("\n".join(names) + "\n")
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    return folder


def copy_without(source: Path, folder: Path, *names: str) -> Path:
    """A copy of an encoder that lacks some files."""
    return shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*names))


def _words() -> list[str]:
    return sorted({word for row in make_rows() for word in row.text.split()})
