"""A backup holds one moment of a desk that goes on, and is there whole or not at all."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from drafts import draft, handoff
from index.champion import promote
from live import LiveServer
from service import backup, server
from service.backup import back_up
from service.commands.home import make_home
from service.commands.serving import start_server
from service.config import Config
from service.errors import Conflict, NotFound, StoreError
from service.store import Store, open_store
from service.swap import alone
from test_cli import ROOT, subprocess_of
from test_release import write_release


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "desk.tar.gz"


@pytest.fixture
def releases(config: Config, store: Store) -> list[str]:
    """Three releases: the third speaks, and the second did before it."""
    names = [write_release(config.releases).id for _ in range(3)]
    for name in names:
        promote(config.releases, name)
    return names


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path, "r:gz") as tar:
        files = ((entry.name, tar.extractfile(entry)) for entry in tar)
        return {name: file.read() for name, file in files if file}


def manifest(path: Path) -> dict[str, Any]:
    return json.loads(members(path)["manifest.json"])


def database(path: Path, folder: Path) -> sqlite3.Connection:
    (folder / "copy.db").write_bytes(members(path)["desk.db"])
    return sqlite3.connect(folder / "copy.db")


def test_it_holds_only_whole_turns_of_a_busy_desk(
    config: Config, store: Store, tmp_path: Path
) -> None:
    ids = [store.create_conversation()[0].id for _ in range(4)]
    stop = threading.Event()

    def write(n: int) -> None:
        k = 0
        while not stop.is_set():
            k += 1
            store.record_turn((handoff if k % 7 == 0 else draft)(ids[n], str(k)))

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(write, n) for n in range(4)]
        try:
            before = store.last_event()
            store.wait(before + 20, 5)
            files = [back_up(config, store, tmp_path / f"{n}.tar.gz")[0] for n in range(3)]
        finally:
            stop.set()
        for work in running:
            work.result()
    counts = []
    for file in files:
        told = manifest(file)
        with closing(database(file, tmp_path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            turns, answered, said, replies, events = (
                db.execute(f"SELECT count(*) FROM {query}").fetchone()[0]
                for query in (
                    "turn",
                    "turn WHERE reply_id IS NOT NULL",
                    "message WHERE author = 'customer'",
                    "turn JOIN message ON message.id = turn.reply_id",
                    "event WHERE kind = 'message'",
                )
            )
            assert turns == said
            assert answered == replies
            assert events == said + replies == told["messages"]
            seqs = [row[0] for row in db.execute("SELECT seq FROM event ORDER BY seq")]
            assert seqs == list(range(1, len(seqs) + 1))
            named = db.execute("SELECT count(*) FROM turn WHERE ticket_id IS NOT NULL").fetchone()
            tickets = db.execute("SELECT count(*) FROM ticket").fetchone()
            assert tickets[0] == told["tickets"] <= named[0]
            counts.append(turns)
    assert 0 < counts[0] < counts[1] < counts[2]
    assert store.last_event() > before


def test_it_holds_the_releases_that_matter_and_no_cache(
    config: Config, store: Store, releases: list[str], target: Path
) -> None:
    for left in (".training-x", ".draft-x", "rel_halfmade"):
        (config.releases / left).mkdir()
        (config.releases / left / "weights").write_bytes(b"half")
    (config.home / "cache").mkdir()
    (config.home / "cache" / "vectors").write_bytes(b"cached")
    _, told = back_up(config, store, target)
    assert told.champion == releases[2]
    assert told.releases == tuple(sorted(releases[1:]))
    held = members(target)
    assert held["releases/champion"].decode().strip() == releases[2]
    assert held["releases/previous"].decode().strip() == releases[1]
    assert held[f"releases/{releases[2]}/heads.safetensors"] == b"weights"
    assert {name.split("/")[0] for name in held} == {"manifest.json", "desk.db", "releases"}
    _, told = back_up(config, store, target, all_releases=True, overwrite=True)
    assert told.releases == tuple(sorted(releases))


def test_a_desk_without_a_release_has_a_backup(config: Config, store: Store, target: Path) -> None:
    _, told = back_up(config, store, target)
    assert (told.champion, told.releases) == (None, ())
    assert list(members(target)) == ["manifest.json", "desk.db"]


def test_only_its_owner_reads_it_and_nothing_is_left_beside_it(
    config: Config, store: Store, releases: list[str], target: Path
) -> None:
    before = os.umask(0)
    try:
        back_up(config, store, target)
    finally:
        os.umask(before)
    assert target.stat().st_mode & 0o777 == 0o600
    assert not list(target.parent.glob(".frontdesk*"))


def test_a_folder_gets_a_name_with_the_time(config: Config, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    path, told = back_up(config, store, folder)
    assert path.parent == folder
    stamp = told.created_at.replace("-", "").replace(":", "").replace("+0000", "Z")
    assert path.name == f"frontdesk-{stamp}.tar.gz"


def test_it_overwrites_only_when_asked(config: Config, store: Store, target: Path) -> None:
    target.write_bytes(b"dear")
    with pytest.raises(Conflict, match="--overwrite"):
        back_up(config, store, target)
    assert target.read_bytes() == b"dear"
    back_up(config, store, target, overwrite=True)
    assert manifest(target)["format"] == 1


def test_what_cannot_be_written_is_told(config: Config, store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        back_up(config, store, tmp_path / "nowhere" / "desk.tar.gz")
    with pytest.raises(StoreError, match="/proc/desk"):
        back_up(config, store, Path("/proc/desk.tar.gz"))


def test_a_file_that_changes_meanwhile_fails_the_backup(
    config: Config, store: Store, releases: list[str], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = backup._write

    def change_first(*arguments: Any) -> None:
        (config.releases / releases[2] / "heads.safetensors").write_bytes(b"WEIGHTS")
        write(*arguments)

    monkeypatch.setattr(backup, "_write", change_first)
    with pytest.raises(StoreError, match=r"heads\.safetensors was changed"):
        back_up(config, store, target)
    assert not list(target.parent.glob("*desk.tar.gz"))


def test_a_damaged_database_is_not_backed_up(config: Config, tmp_path: Path) -> None:
    with closing(open_store(config)) as store:
        store.create_conversation(name="x" * 100_000)
    with config.database.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(size - 4096)
        file.write(b"\xff" * 4096)
    with closing(open_store(config)) as store, pytest.raises(StoreError, match="damaged"):
        back_up(config, store, tmp_path / "desk.tar.gz")
    assert not (tmp_path / "desk.tar.gz").exists()


@pytest.fixture
def large(config: Config, store: Store) -> Config:
    """A desk whose backup takes a while: a release with 60 MB of noise."""
    release = write_release(config.releases).id
    promote(config.releases, release)
    (config.releases / release / "noise").write_bytes(os.urandom(60_000_000))
    return config


def kill_when(command: list[str], folder: Path, sign: str) -> None:
    """``kill -9`` the command as soon as the folder has something of this pattern."""
    process = subprocess.Popen([sys.executable, "-m", "service", *command], cwd=ROOT)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if any(folder.glob(sign)):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.001)
    assert process.wait(timeout=10) == -signal.SIGKILL


def test_a_killed_backup_is_none_and_is_cleared_away(large: Config, target: Path) -> None:
    command = ["--home", str(large.home), "backup", str(target)]
    kill_when(command, target.parent, ".frontdesk-backup-*/backup")
    assert not target.exists()
    assert len(list(target.parent.glob(".frontdesk-backup-*"))) == 1
    done = subprocess_of(*command, "--json")
    assert (done.code, done.json["path"]) == (0, str(target))
    assert not list(target.parent.glob(".frontdesk-backup-*"))


def test_another_backup_under_way_is_left_alone(config: Config, store: Store, target: Path) -> None:
    with backup._draft(target.parent) as draft:
        back_up(config, store, target)
        assert draft.is_dir()


def test_a_served_desk_is_backed_up_and_not_restored_into(
    config: Config, store: Store, releases: list[str], tmp_path: Path
) -> None:
    store.close()
    with LiveServer(config.home) as server:
        path, token = server.start_conversation()
        said = {"client_id": "1", "text": "Where is my parcel?"}
        assert server.call("POST", f"{path}/messages", said, token=token)[0] == 201
        done = subprocess_of("--home", config.home, "backup", tmp_path, "--json")
        assert done.code == 0, done.err
        refused = subprocess_of("--home", config.home, "restore", done.json["path"], "--replace")
        assert (refused.code, "is in use" in refused.err) == (1, True)
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)  # the master alone keeps the home, too
        assert subprocess_of(
            "--home", config.home, "restore", done.json["path"], "--replace"
        ).err.count("is in use")
    other = tmp_path / "other"
    assert subprocess_of("--home", other, "restore", done.json["path"]).code == 0
    with LiveServer(other) as server:
        status, _, got = server.call("GET", f"{path}/messages", token=token)
        assert status == 200
        assert "Where is my parcel?" in [message["text"] for message in got["messages"]]


def test_a_home_that_run_made_is_kept_from_restores(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve_in_use(served: Config, _on_ready: object) -> None:
        with pytest.raises(Conflict, match="in use"), alone(served.home):
            pass
        served.home.joinpath("served").touch()

    monkeypatch.setattr(server, "serve", serve_in_use)
    make_home(config, empty=True)
    start_server(config)
    assert (config.home / "served").exists()


def test_no_command_starts_while_a_restore_is_under_way(config: Config, store: Store) -> None:
    with alone(config.home):
        for command in ("serve", "releases"):
            done = subprocess_of("--home", config.home, command)
            assert (done.code, "restore" in done.err) == (1, True)
    assert subprocess_of("--home", config.home, "releases").code == 0
