"""A release folder is whole or refused, and the champion is swapped and rolled back."""

import json
from pathlib import Path

import pytest

from index.calibration import Calibration
from index.champion import champion, list_releases, previous, promote, rollback
from index.errors import ReleaseError
from index.records import Thresholds
from index.release import Manifest, draft, load_release, publish, seal, verify, write_json

CALIBRATION = Calibration(Thresholds(0.95, 0.1, 0.8, 0.3, 0.5), temperature=1.5)


def write_release(releases: Path, name: str | None = None) -> Manifest:
    with draft(releases) as folder:
        write_json(folder / "recipe.json", {"seed": len(list(releases.iterdir()))})
        write_json(
            folder / "labels.json", {"intents": ["a", "b"], "sentiments": [], "entities": []}
        )
        write_json(folder / "calibration.json", CALIBRATION.to_json())
        write_json(folder / "metrics.json", {"rows": 3})
        (folder / "heads.safetensors").write_bytes(b"weights")
        (folder / "encoder").mkdir()
        (folder / "encoder" / "config.json").write_text("{}")
        manifest = seal(folder, encoder="tiny", dataset="0" * 64)
        publish(folder, releases / (name or manifest.id))
    return manifest


def test_release_reads_back_as_written(tmp_path: Path) -> None:
    manifest = write_release(tmp_path)
    release = load_release(tmp_path / manifest.id)
    assert release.manifest == manifest
    assert release.labels.intents == ("a", "b")
    assert release.calibration == CALIBRATION
    assert release.metrics == {"rows": 3}
    assert "encoder/config.json" in manifest.files


@pytest.mark.parametrize("name", ["heads.safetensors", "encoder/config.json", "labels.json"])
def test_damaged_or_missing_file_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / write_release(tmp_path).id
    (path / name).write_bytes(b"weighty")
    with pytest.raises(ReleaseError, match=f"damaged: {name}"):
        verify(path)
    (path / name).unlink()
    with pytest.raises(ReleaseError, match=f"incomplete: {name}"):
        verify(path)


def test_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / write_release(tmp_path).id
    (path / "manifest.json").unlink()
    with pytest.raises(ReleaseError, match=r"manifest\.json is missing"):
        load_release(path)
    with pytest.raises(ReleaseError, match="no release at"):
        load_release(tmp_path / "rel_none")


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', '{"format": 2}', "{"])
def test_malformed_manifest_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / write_release(tmp_path).id
    (path / "manifest.json").write_text(content)
    with pytest.raises(ReleaseError, match=str(path)):
        verify(path)


def test_manifest_that_leaves_out_a_part_is_refused(tmp_path: Path) -> None:
    path = tmp_path / write_release(tmp_path).id
    fields = json.loads((path / "manifest.json").read_text())
    del fields["files"]["heads.safetensors"]
    (path / "manifest.json").write_text(json.dumps(fields))
    with pytest.raises(ReleaseError, match=r"does not list heads\.safetensors"):
        verify(path)


def test_failed_training_leaves_nothing_behind(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with draft(tmp_path) as folder:
            (folder / "labels.json").write_text("{}")
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        write_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_incomplete_draft_cannot_be_sealed(tmp_path: Path) -> None:
    with draft(tmp_path) as folder, pytest.raises(ReleaseError, match=r"recipe\.json"):
        seal(folder, encoder="tiny", dataset="")


def test_existing_release_is_not_overwritten(tmp_path: Path) -> None:
    write_release(tmp_path, "same")
    before = (tmp_path / "same" / "manifest.json").read_bytes()
    with pytest.raises(ReleaseError, match="cannot be put"):
        write_release(tmp_path, "same")
    assert (tmp_path / "same" / "manifest.json").read_bytes() == before


def test_draft_in_unwritable_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReleaseError, match="cannot be written"), draft(tmp_path / "file"):
        pass


def test_promote_and_rollback(tmp_path: Path) -> None:
    assert champion(tmp_path) is None
    first, second = write_release(tmp_path).id, write_release(tmp_path).id
    promote(tmp_path, first)
    with pytest.raises(ReleaseError, match="no earlier champion"):
        rollback(tmp_path)
    promote(tmp_path, second)
    promote(tmp_path, second)
    assert (champion(tmp_path), previous(tmp_path)) == (second, first)
    assert rollback(tmp_path) == first
    assert (champion(tmp_path), previous(tmp_path)) == (first, second)


def test_unknown_release_cannot_be_promoted(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no release at"):
        promote(tmp_path, "rel_none")
    assert champion(tmp_path) is None


def test_damaged_release_cannot_be_promoted(tmp_path: Path) -> None:
    release = write_release(tmp_path).id
    (tmp_path / release / "heads.safetensors").write_bytes(b"weighty")
    with pytest.raises(ReleaseError, match=r"damaged: heads\.safetensors"):
        promote(tmp_path, release)
    assert champion(tmp_path) is None


def test_list_leaves_out_drafts_and_damaged(tmp_path: Path) -> None:
    assert list_releases(tmp_path / "none") == []
    manifest = write_release(tmp_path)
    (tmp_path / "rel_broken").mkdir()
    with draft(tmp_path):
        assert [found.id for found in list_releases(tmp_path)] == [manifest.id]
