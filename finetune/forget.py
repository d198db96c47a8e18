"""What is left to do after customers were erased from the store: files, vectors, releases.

Called by ``frontdesk erase`` and at the end of every training in the home, which may have read its
rows before an erasure. Weights cannot forget; releases that learned from an erased text are marked
until a clean one has taken their place. Doing it again changes nothing more.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from finetune.rows import from_content
from index.champion import PREVIOUS, champion, list_releases, previous
from index.errors import ReleaseError
from index.release import REPORT, finish_revisions, load_release, revise, write_json
from index.seen import (
    Mark,
    fingerprint,
    is_quote_of,
    read_fingerprints,
    read_marks,
    write_marks,
)
from index.vectors import VectorCache
from service.config import Config
from service.engine import index_entries
from service.errors import Conflict
from service.store import Store

METRICS = "metrics.json"
MESSAGES = 10_000  # of customers, the newest: what a student may have read
KEPT = timedelta(days=7)  # of fingerprints: as long as the checkpoint of a training
YOUNG = 60.0  # seconds; a younger draft may be of a training that has just begun
LOCK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was done: releases that are newly marked, those whose reports and metrics quote erased
    texts no more, and how many folders of killed trainings were removed."""

    learned: Sequence[str] = ()
    rewritten: Sequence[str] = ()
    removed: int = 0


def forget(store: Store, config: Config) -> Forgotten:
    """Make the home's files follow the erasures of the last days.

    Raises ``Conflict`` when a release that must be rewritten is damaged: all else is done by then.
    """
    pending = store.erased_texts()
    unfinished = [erasure.id for erasure in store.erasures() if erasure.finished_at is None]
    if not pending and not unfinished:
        return Forgotten()
    content = store.content()
    held = {fingerprint(row.text) for row in from_content(content)}
    held |= {fingerprint(text) for text in store.customer_texts(MESSAGES)}
    # What others wrote, too, a release rightly knows.
    erased = {
        found.erasure_id: [text for text in found.texts if text[0] not in held] for found in pending
    }
    _forget_vectors(config.cache, [entry.text for entry in index_entries(content)])
    _forget_nights(
        config.home, {one for texts in erased.values() for text in texts for one in text}
    )
    shutil.rmtree(config.home / "diffs", ignore_errors=True)  # they quote, and can be made again
    done = Forgotten()
    if config.releases.is_dir():
        with _alone(config.releases):
            finish_revisions(config.releases)
            rewritten, damaged = _rewrite_all(config.releases, erased)
            marked = _mark_all(config.releases, erased)
            done = Forgotten(marked, rewritten, _remove_unfinished(config.releases))
            if damaged:
                raise Conflict(" ".join(damaged))
    before = (datetime.now(UTC) - KEPT).isoformat(timespec="milliseconds")
    store.finish_erasures(unfinished, before.replace("+00:00", "Z"))
    return done


def standing(releases: Path) -> dict[str, Any]:
    """Which releases are marked, which one serves, and since when a clean one does."""
    current, marks = champion(releases), read_marks(releases)
    known = {manifest.id for manifest in list_releases(releases)}
    clean = current is not None and current not in marks
    since = (releases / "champion").stat().st_mtime if clean else 0.0
    return {
        "champion": current,
        "clean": clean,
        "replaced_at": datetime.fromtimestamp(since, UTC).isoformat("T", "seconds")
        if clean and marks
        else None,
        "marked": [
            {"release": name, **mark.to_json(), "champion": name == current}
            for name, mark in marks.items()
            if name in known
        ],
    }


def remove_marked(config: Config) -> list[str]:
    """Remove the marked releases that do not serve, with their vectors; returns their ids."""
    if not config.releases.is_dir():
        return []
    with _alone(config.releases):
        current, last = champion(config.releases), previous(config.releases)
        marks = read_marks(config.releases)
        gone = [name for name in marks if name != current]
        for name in gone:
            for vectors in config.cache.glob(f"{name}.*"):
                vectors.unlink(missing_ok=True)
            if name == last:
                (config.releases / PREVIOUS).unlink(missing_ok=True)
            if (config.releases / name).is_dir():
                shutil.rmtree(config.releases / name)
        write_marks(config.releases, {name: marks[name] for name in marks if name not in gone})
    return gone


def _alone(releases: Path) -> FileLock:
    return FileLock(releases / ".erasing.lock", timeout=LOCK_SECONDS)


def _forget_vectors(cache: Path, texts: Sequence[str]) -> None:
    for path in cache.glob("*.safetensors"):
        VectorCache(path).keep(texts)
    for draft in cache.glob("*.tmp"):
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > YOUNG:
                draft.unlink()


def _forget_nights(home: Path, prints: Set[str]) -> None:
    """Take erased rows out of what the nights froze, and their quotes out of the verdicts."""
    for path in (home / "nights").glob("nig_*/rows.jsonl") if prints else ():
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        gone = [r for r in rows if prints & {fingerprint(r["text"]), r["original"]}]
        if not gone:
            continue
        kept = "".join(json.dumps(row) + "\n" for row in rows if row not in gone)
        _write_privately(path, kept)
        verdict = path.with_name("verdict.json")
        if verdict.is_file():
            quoted = frozenset(prints) | {fingerprint(row["text"]) for row in gone}
            told, _ = without_quotes(json.loads(verdict.read_bytes()), quoted)
            _write_privately(verdict, json.dumps(told, indent=1))


def _write_privately(path: Path, text: str) -> None:
    temporary = path.with_suffix(".part")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _mark_all(releases: Path, erased: Mapping[str, Sequence[tuple[str, ...]]]) -> list[str]:
    """Mark the releases that have seen erased texts; returns the ids of those that were not."""
    marks = read_marks(releases)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    fresh = []
    known = {manifest.id for manifest in list_releases(releases)}
    for name in sorted(known):
        try:
            seen = read_fingerprints(releases / name, tested=True)
        except ReleaseError:
            seen = None
        if seen is None:
            counts = {erasure: 0 for erasure, texts in erased.items() if texts}
        else:
            counts = {e: sum(text[0] in seen for text in texts) for e, texts in erased.items()}
            counts = {erasure: count for erasure, count in counts.items() if count}
        if not counts:
            continue
        if name not in marks:
            fresh.append(name)
        mark = marks.get(name, Mark(now))
        marks[name] = Mark(mark.at, {**counts, **mark.erasures}, seen is None)
    write_marks(releases, {name: mark for name, mark in marks.items() if name in known})
    return fresh


def _rewrite_all(
    releases: Path, erased: Mapping[str, Sequence[tuple[str, ...]]]
) -> tuple[list[str], list[str]]:
    """Take quotes of erased texts out of the releases; returns the ids of those that had some, and
    what is to be said of those that cannot be rewritten."""
    prints = frozenset(one for texts in erased.values() for text in texts for one in text)
    rewritten, damaged = [], []
    for folder in sorted(releases.glob("rel_*")) if prints else []:
        try:
            quoting = folder.is_dir() and _rewrite(folder, prints)
        except (ReleaseError, OSError) as error:
            damaged.append(f"{error} What it quotes stays in it: remove {folder}.")
            continue
        if quoting:
            rewritten.append(folder.name)
    return rewritten, damaged


def _rewrite(folder: Path, prints: frozenset[str]) -> bool:
    """Write metrics and report anew if they quote an erased text; whether they did."""
    try:
        metrics = json.loads((folder / METRICS).read_bytes())
    except (FileNotFoundError, ValueError) as error:
        raise ReleaseError(f"{folder / METRICS} cannot be read: {error}.") from None
    kept, gone = without_quotes(metrics, prints)
    if not gone:
        return False
    release = load_release(folder)

    def change(copy: Path) -> Iterator[str]:
        from finetune.page import write_report

        (copy / METRICS).unlink()
        write_json(copy / METRICS, kept)
        yield METRICS
        if REPORT in release.manifest.files:
            (copy / REPORT).unlink()
            write_report(copy / REPORT, replace(release, path=copy, metrics=kept), kept)
            yield REPORT

    now = datetime.now(UTC).isoformat(timespec="seconds")
    note = f"{now}: {gone} erased texts were taken out of {METRICS} and {REPORT}."
    revise(folder, lambda copy: list(change(copy)), note)
    return True


def without_quotes(value: Any, prints: frozenset[str]) -> tuple[Any, int]:
    """JSON without the objects whose "text" is of an erased one, and how many those were."""
    if isinstance(value, dict):
        pairs = {name: without_quotes(part, prints) for name, part in value.items()}
        return {n: part for n, (part, _) in pairs.items()}, sum(gone for _, gone in pairs.values())
    if not isinstance(value, list):
        return value, 0
    kept, count = [], 0
    for entry in value:
        text = entry.get("text") if isinstance(entry, dict) else None
        if isinstance(text, str) and is_quote_of(text, prints):
            count += 1
            continue
        part, gone = without_quotes(entry, prints)
        kept.append(part)
        count += gone
    return kept, count


def _remove_unfinished(releases: Path) -> int:
    """Remove what killed trainings left, which no training would go on with: its rows are others
    now. One that runs keeps its own, and comes here when it is done."""
    removed, running = 0, False
    with ExitStack() as held:
        for folder in releases.glob(".training-*"):
            lock = FileLock(folder / "lock", timeout=0)
            try:
                held.enter_context(lock)
            except (Timeout, OSError):
                running = True
                continue
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    for draft in [] if running else releases.glob(".draft-*"):
        with suppress(OSError):
            if time.time() - draft.stat().st_mtime > YOUNG:
                shutil.rmtree(draft)
                removed += 1
    return removed
