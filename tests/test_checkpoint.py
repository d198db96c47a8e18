"""An interrupted training goes on where it was, with the same result; no other picks it up."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from finetune import checkpoint
from finetune.recipe import Recipe
from finetune.rows import Row
from finetune.run import Trained, train_release
from tiny import make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

# 64 of the tiny rows train: 8 batches an epoch. Dropout and typos draw random numbers all along.
CHANGES = {"epochs": 3, "dropout": 0.2, "encoder_dropout": 0.2, "typos": 0.3}

KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import torch
from finetune.run import train_release
from tiny import make_rows, tiny_recipe
torch.set_num_threads(1)
def tell(stage, done, whole):
    if stage.startswith("epoch") and done == 11:
        os.kill(os.getpid(), signal.SIGKILL)
recipe = tiny_recipe(Path({encoder!r}), **{changes!r})
train_release(make_rows(), recipe, out=Path({out!r}), device="cpu", progress=tell,
              checkpoint_seconds=0)
"""


class Interrupted(Exception):
    """What stands for a machine that stops."""


@pytest.fixture(scope="module")
def recipe(encoder: Path) -> Recipe:
    return tiny_recipe(encoder, **CHANGES)


@pytest.fixture(scope="module")
def whole(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """What the training gives when nothing interrupts it."""
    return run(recipe, tmp_path_factory.mktemp("whole") / "release", [])


def run(
    recipe: Recipe,
    out: Path,
    said: list[str],
    *,
    rows: list[Row] | None = None,
    stop_at: int = 0,
    fresh: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> Trained:
    def tell(stage: str, done: int, steps: int) -> None:
        if progress:
            progress(stage, done, steps)
        if stage.startswith("epoch") and done == stop_at:
            raise Interrupted

    return train_release(
        make_rows() if rows is None else rows,
        recipe,
        out=out,
        device="cpu",
        progress=tell,
        fresh=fresh,
        say=said.append,
        checkpoint_seconds=0,
    )


def interrupt(recipe: Recipe, out: Path, step: int = 5) -> Path:
    """Stop a training after a step; the folder that it leaves."""
    with pytest.raises(Interrupted):
        run(recipe, out, [], stop_at=step)
    (folder,) = out.parent.glob(".training-*")
    return folder


def weights(trained: Trained) -> dict[str, str]:
    files = trained.manifest.files
    return {name: files[name] for name in ("encoder/model.safetensors", "heads.safetensors")}


@pytest.mark.parametrize("where", ["within the first epoch", "at an epoch's end", "at the end"])
def test_interrupted_training_ends_with_the_same_weights(
    where: str, recipe: Recipe, whole: Trained, tmp_path: Path
) -> None:
    steps = [0]
    out = tmp_path / "release"

    def count(stage: str, done: int, all_steps: int) -> None:
        steps[0] = all_steps if stage.startswith("epoch") else steps[0]

    with pytest.raises(Interrupted):
        run(recipe, out, [], stop_at=1, progress=count)
    step = {"w": 3, "a": steps[0] // 3}.get(where[0], 0)
    step = steps[0] if where == "at the end" else step
    interrupt(recipe, out, step)
    assert not out.exists()
    said: list[str] = []
    made = run(recipe, out, said)
    assert said == [f"Going on with an interrupted training after step {step} of {steps[0]}."]
    assert weights(made) == weights(whole)
    assert made.metrics == whole.metrics
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_every_course_of_a_soup_goes_on(recipe: Recipe, tmp_path: Path) -> None:
    both = replace(recipe, soup=2)
    undisturbed = run(both, tmp_path / "undisturbed", [])

    def stop(stage: str, done: int, steps: int) -> None:
        if stage.startswith("training 2/2, epoch") and done == 5:
            raise Interrupted

    with pytest.raises(Interrupted):
        run(both, tmp_path / "release", [], progress=stop)
    said: list[str] = []
    made = run(both, tmp_path / "release", said)
    steps = said[0].rsplit(" ", 1)[1]
    assert said == [
        f"Going on with an interrupted training after step {step} of {steps}"
        for step in (steps.rstrip("."), 5)
    ]
    assert weights(made) == weights(undisturbed)


def test_killed_command_goes_on(
    recipe: Recipe, encoder: Path, whole: Trained, tmp_path: Path
) -> None:
    out = tmp_path / "release"
    tests = str(Path(__file__).parent)
    code = KILLED.format(tests=tests, encoder=str(encoder), changes=CHANGES, out=str(out))
    killed = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=Path(tests).parent, capture_output=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    said: list[str] = []
    made = run(recipe, out, said)
    assert "after step 11 of" in said[0]
    assert weights(made) == weights(whole)
    shutil.rmtree(out)
    assert [path.name[:7] for path in tmp_path.iterdir()] == [".draft-"], "what the kill left"


def test_other_rows_recipes_and_seeds_start_anew(recipe: Recipe, tmp_path: Path) -> None:
    folder = interrupt(recipe, tmp_path / "release")
    others: list[tuple[Recipe, list[Row]]] = [
        (replace(recipe, seed=1), make_rows()),
        (replace(recipe, learning_rate=0.1), make_rows()),
        (recipe, [*make_rows(), Row("good evening", "greeting")]),
        (recipe, make_rows()[::-1]),
    ]
    for number, (other, rows) in enumerate(others):
        said: list[str] = []
        with pytest.raises(Interrupted):
            run(other, tmp_path / f"other{number}", said, rows=rows, stop_at=2)
        assert said == []
    assert len({path.name for path in tmp_path.glob(".training-*")} - {folder.name}) == len(others)


def test_changed_encoder_starts_anew(recipe: Recipe, encoder: Path, tmp_path: Path) -> None:
    own = shutil.copytree(encoder, tmp_path / "encoder")
    changed = replace(recipe, encoder=str(own))
    interrupt(changed, tmp_path / "release")
    os.utime(own / "model.safetensors", (1, 1))
    said: list[str] = []
    with pytest.raises(Interrupted):
        run(changed, tmp_path / "release", said, stop_at=1)
    assert said == []


def test_fresh_forgets_the_interrupted_training(
    recipe: Recipe, whole: Trained, tmp_path: Path
) -> None:
    interrupt(recipe, tmp_path / "release")
    said: list[str] = []
    made = run(recipe, tmp_path / "release", said, fresh=True)
    assert said == []
    assert weights(made) == weights(whole)


@pytest.mark.parametrize("size", [0, 100, -200])
def test_checkpoint_cut_in_half_is_ignored_and_said(
    size: int, recipe: Recipe, whole: Trained, tmp_path: Path
) -> None:
    file = interrupt(recipe, tmp_path / "release") / "state-0.pt"
    with file.open("ab") as stream:
        stream.truncate(size if size >= 0 else file.stat().st_size + size)
    said: list[str] = []
    made = run(recipe, tmp_path / "release", said)
    assert said == [f"{file} cannot be read; the training starts from the beginning."]
    assert weights(made) == weights(whole)


def test_checkpoint_cannot_run_code(recipe: Recipe, tmp_path: Path) -> None:
    file = interrupt(recipe, tmp_path / "release") / "state-0.pt"
    torch.save(Evil(str(tmp_path / "owned")), file)
    said: list[str] = []
    with pytest.raises(Interrupted):
        run(recipe, tmp_path / "release", said, stop_at=1)
    assert "cannot be read" in said[0]
    assert not (tmp_path / "owned").exists()


class Evil:
    """An object whose unpickling makes a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.folder,)


def test_training_that_runs_already_is_left_alone(
    recipe: Recipe, whole: Trained, tmp_path: Path
) -> None:
    folder = interrupt(recipe, tmp_path / "release")
    said: list[str] = []
    with FileLock(folder / "lock"):
        made = run(recipe, tmp_path / "release", said)
    assert "Another process" in said[0]
    assert weights(made) == weights(whole)
    assert (folder / "state-0.pt").is_file()


def test_full_disk_costs_the_checkpoint_only(
    recipe: Recipe, whole: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "replace", refuse)
    said: list[str] = []
    made = run(recipe, tmp_path / "release", said)
    assert "No space left on device" in said[0]
    assert weights(made) == weights(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["release"]


def test_short_training_writes_no_checkpoint(recipe: Recipe, tmp_path: Path) -> None:
    seen: list[bool] = []

    def look(*_: object) -> None:
        seen.append(any(tmp_path.glob(".training-*/state-*.pt")))

    train_release(make_rows(), recipe, out=tmp_path / "r", device="cpu", progress=look)
    assert seen
    assert not any(seen)


def test_slow_disk_gets_fewer_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    saves: list[float] = []
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: clock[0])

    def save(self: object, state: object) -> None:
        saves.append(clock[0])
        clock[0] += 3.0

    monkeypatch.setattr(checkpoint.Checkpoint, "_save", save)
    kept = checkpoint.Checkpoint(tmp_path, lambda text: None, 60.0)
    while clock[0] < 1000:
        clock[0] += 1.0
        kept.save_when_due(None)  # type: ignore[arg-type]
    assert saves == [60.0, 363.0, 666.0, 969.0]


def test_folders_of_abandoned_trainings_are_swept(recipe: Recipe, tmp_path: Path) -> None:
    old = tmp_path / ".training-old"
    new = tmp_path / ".training-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "state-0.pt").touch()
    past = time.time() - 8 * 24 * 3600
    os.utime(old, (past, past))
    with checkpoint.open_checkpoint(tmp_path, "mine", lambda text: None):
        assert not old.exists()
        assert new.exists()
