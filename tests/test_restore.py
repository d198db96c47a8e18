"""A restored desk is the one that was backed up; whatever is not quite it changes nothing."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from conftest import PASSWORD_HASH
from drafts import draft, handoff
from index.champion import champion, previous, promote, rollback
from index.release import verify
from service import swap
from service.backup import back_up
from service.config import Config
from service.errors import Conflict, ContentError, DeskError, StoreError
from service.restore import restore
from service.sqlite.events import GAP
from service.sqlite.migrations.order import MIGRATIONS
from service.store import Store, open_store
from service.swap import alone, sharing, staging
from test_backup import kill_when
from test_cli import subprocess_of
from test_release import write_release

Entry = tuple[tarfile.TarInfo, bytes]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Config:
    """The configuration of a home that is not there."""
    return Config(home=tmp_path / "elsewhere")


@pytest.fixture
def file(config: Config, store: Store, tmp_path: Path) -> Path:
    """The backup of a desk with conversations, a ticket, an operator and two releases."""
    operator = store.add_operator("olga@desk.example", "Olga", "admin", PASSWORD_HASH)
    conversation = store.create_conversation(name="Cleo")[0]
    turn = store.record_turn(draft(conversation.id))
    store.correct_message(turn.message.id, operator.id, sentiment="negative")
    store.record_turn(handoff(store.create_conversation()[0].id))
    store.ensure_setting("site_secret", "secret")
    for _ in range(2):
        promote(config.releases, write_release(config.releases).id)
    return back_up(config, store, tmp_path / "desk.tar.gz")[0]


def test_a_rehearsal_posts_to_nobody(
    config: Config, store: Store, tmp_path: Path, elsewhere: Config
) -> None:
    webhook, _ = store.add_webhook("https://hooks.example/", ["alarm.began"])
    store.test_webhook(webhook.id)
    file = back_up(config, store, tmp_path / "hooks.tar.gz")[0]
    assert store.due_webhooks()
    told = subprocess_of("--home", elsewhere.home, "restore", file)
    assert "1 webhook is off; switch on" in told.out
    with closing(open_store(elsewhere)) as copy:
        assert not copy.webhook(webhook.id).active
        assert copy.deliveries(webhook.id)[0].state == "failed"


def rows(path: Path) -> dict[str, list[Any]]:
    """Every row of every table of a database, but for the numbers that are next."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE conversation SET last_number = last_number % ?", (GAP,))
        names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        names.remove("sqlite_sequence")
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def change(path: Path, alter: Callable[[list[Entry]], list[Entry]]) -> None:
    """Write a backup again with other entries."""
    with tarfile.open(path, "r:gz") as tar:
        entries = [(e, opened.read()) for e in tar if (opened := tar.extractfile(e))]
    entries = alter(entries)
    with gzip.open(path, "wb", 1) as packed, tarfile.open(fileobj=packed, mode="w:") as tar:
        for entry, content in entries:
            tar.addfile(entry, io.BytesIO(content))


def change_manifest(path: Path, **fields: Any) -> None:
    def alter(entries: list[Entry]) -> list[Entry]:
        entry, content = entries[0]
        content = json.dumps({**json.loads(content), **fields}).encode()
        entry.size = len(content)
        return [(entry, content), *entries[1:]]

    change(path, alter)


def add(path: Path, entry: tarfile.TarInfo, content: bytes = b"", listed: bool = True) -> None:
    """Add a file, and list it in the manifest."""
    entry.size = len(content)
    with tarfile.open(path, "r:gz") as tar:
        first = tar.extractfile("manifest.json")
        members = json.loads(first.read())["members"] if first else {}
    if listed:
        told = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        change_manifest(path, members={**members, entry.name: told})
    change(path, lambda entries: [*entries, (entry, content)])


def refused(config: Config, path: Path, match: str, error: type[DeskError] = ContentError) -> None:
    """It is refused with these words, and the home is as it was."""
    before = {p: p.is_file() and p.read_bytes() for p in config.home.rglob("*")}
    with pytest.raises(error, match=match):
        restore(config, path, replace=True)
    assert {p: p.is_file() and p.read_bytes() for p in config.home.rglob("*")} == before


# --- the same desk -------------------------------------------------------------------------------


def test_the_desk_is_as_it_was(config: Config, store: Store, file: Path, elsewhere: Config) -> None:
    done = restore(elsewhere, file)
    assert done.kept_aside is None
    assert rows(elsewhere.database) == rows(config.database)
    assert len(rows(elsewhere.database)["message"]) == done.manifest.messages == 4
    assert done.manifest.tickets == 1
    for pointer in (champion, previous):
        assert pointer(elsewhere.releases) == pointer(config.releases)
    assert verify(elsewhere.releases / str(champion(elsewhere.releases)))
    assert rollback(elsewhere.releases) == previous(config.releases)
    assert sorted(p.name for p in elsewhere.home.iterdir()) == ["desk.db", "files", "releases"]
    assert elsewhere.database.stat().st_mode & 0o777 == 0o600
    with closing(open_store(elsewhere)) as copy:
        assert copy.content() == store.content()
        olga = copy.operator_by_email("olga@desk.example")
        assert copy.password_hash(olga.id) == PASSWORD_HASH
        assert copy.setting("site_secret") == "secret"


def test_who_listens_meanwhile_hears_what_is_new(
    config: Config, store: Store, file: Path, elsewhere: Config
) -> None:
    told = [event for event in store.events(after=0) if event.kind == "message"]
    conversation_id = str(told[0].conversation_id)
    for number in range(5):  # what the backup does not have
        store.record_turn(draft(conversation_id, client_id=f"later-{number}"))
    heard, read = store.last_event(), store.messages(conversation_id)[-1].seq
    restore(elsewhere, file)
    with closing(open_store(elsewhere)) as copy:
        assert copy.events(after=heard) == []
        new = copy.record_turn(draft(conversation_id, client_id="new")).message
        told = [event for event in copy.events(after=heard) if event.kind == "message"]
        assert told[0].body["message"]["id"] == new.id
        assert copy.messages(conversation_id, after=read)[0].id == new.id
        assert copy.conversation_events(conversation_id, after=read)[0].number == new.seq


def test_the_desk_that_was_there_is_kept_aside(config: Config, store: Store, file: Path) -> None:
    later = store.create_conversation()[0].id
    newest = write_release(config.releases).id
    promote(config.releases, newest)
    before = rows(config.database)
    with pytest.raises(Conflict, match="--replace"):
        restore(config, file)
    assert rows(config.database) == before
    store.close()
    aside = restore(config, file, replace=True).kept_aside
    assert aside is not None
    assert len(rows(config.database)["conversation"]) == 2
    assert not (config.releases / newest).exists()
    old = config.model_copy(update={"home": aside})  # a home of its own
    assert aside.stat().st_mode & 0o077 == 0
    assert champion(old.releases) == newest
    with closing(open_store(old)) as kept:
        assert kept.conversation(later).id == later


def test_a_log_that_was_not_written_back_goes_aside_with_its_database(
    config: Config, store: Store, file: Path
) -> None:
    later = store.create_conversation()[0].id  # in the log only: the store stays open
    assert config.database.with_name("desk.db-wal").stat().st_size > 0
    aside = restore(config, file, replace=True).kept_aside
    assert aside is not None
    assert len(rows(config.database)["conversation"]) == 2
    assert later in [row[0] for row in rows(aside / "desk.db")["conversation"]]


def test_an_older_schema_is_brought_up_to_date(
    file: Path, elsewhere: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restored = restore(elsewhere, file)
    assert restored.manifest.migrations == tuple(rows_of_migrations(elsewhere.database))
    newer = type(MIGRATIONS)("frontdesk")
    newer._migrations = list(MIGRATIONS._migrations)

    @newer()
    def m999_later(db: Any) -> None:
        db.execute("CREATE TABLE later (name TEXT) STRICT")

    monkeypatch.setattr("service.sqlite.store.MIGRATIONS", newer)
    third = Config(home=tmp_path / "third")
    restore(third, file)
    assert "later" in rows(third.database)


def rows_of_migrations(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]


# --- refusals ------------------------------------------------------------------------------------


def test_a_newer_frontdesk_is_named(file: Path, elsewhere: Config) -> None:
    change_manifest(file, migrations=["m001_schema", "m998_future"], version="9.9")
    refused(elsewhere, file, r"newer frontdesk, 9\.9 \(m998_future\); upgrade", Conflict)
    change_manifest(file, format=2)
    refused(elsewhere, file, r"newer frontdesk \(format 2\)", Conflict)


def test_a_manifest_that_hides_a_newer_schema_does_not_help(
    config: Config, store: Store, elsewhere: Config, tmp_path: Path
) -> None:
    file, told = back_up(config, store, tmp_path / "desk.tar.gz")
    with closing(sqlite3.connect(config.database)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('frontdesk', 'm998_future', 'tomorrow')"
        )
    back_up(config, store, file, overwrite=True)
    change_manifest(file, migrations=list(told.migrations))
    refused(elsewhere, file, "m998_future", StoreError)


NAMES = """
../evil /etc/evil releases/../../evil releases/rel_1/../../../evil desk.db-wal releases/rel_1//evil
releases/rel_1/./evil cache/evil releases/.draft-1/evil
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_that_is_no_part_of_a_desk_is_refused(
    file: Path, elsewhere: Config, name: str
) -> None:
    add(file, tarfile.TarInfo(name), b"evil")
    refused(elsewhere, file, "no part of a desk")
    assert not list(elsewhere.home.parent.rglob("*evil*"))


KINDS = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
    "folder": tarfile.DIRTYPE,
    "contiguous": tarfile.CONTTYPE,
    "sparse": tarfile.GNUTYPE_SPARSE,
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_only_plain_files_come_in(
    file: Path, elsewhere: Config, tmp_path: Path, kind: bytes
) -> None:
    entry = tarfile.TarInfo("releases/rel_1/link")
    entry.type, entry.linkname = kind, str(tmp_path)
    add(file, entry)
    refused(elsewhere, file, r"no plain file|damaged")


def test_what_the_manifest_does_not_list_is_refused(file: Path, elsewhere: Config) -> None:
    add(file, tarfile.TarInfo("releases/rel_1/more"), b"more", listed=False)
    refused(elsewhere, file, "rel_1/more' is not in its manifest")


def test_the_same_file_twice_is_refused(file: Path, elsewhere: Config) -> None:
    change(file, lambda entries: [*entries, entries[1]])
    refused(elsewhere, file, "there twice")


def test_a_file_below_a_file_is_refused(file: Path, elsewhere: Config) -> None:
    add(file, tarfile.TarInfo("releases/rel_1/a"), b"file")
    add(file, tarfile.TarInfo("releases/rel_1/a/b"), b"below")
    refused(elsewhere, file, "cannot be restored", StoreError)


def test_a_changed_byte_is_found_wherever_it_is(config: Config, store: Store, file: Path) -> None:
    whole = file.read_bytes()
    store.close()
    for at in range(20, len(whole) - 8, len(whole) // 9):
        changed = whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]
        with contextlib.suppress(OSError, EOFError, zlib.error):
            if gzip.decompress(changed) == gzip.decompress(whole):
                continue  # another way to say the same, as where zeros follow zeros
        file.write_bytes(changed)
        refused(config, file, str(file), DeskError)
    for at in (0, 5, len(whole) // 3, len(whole) - 2000):
        file.write_bytes(whole[:at])
        refused(config, file, str(file))


def test_a_changed_file_is_named(file: Path, elsewhere: Config) -> None:
    def alter(entries: list[Entry]) -> list[Entry]:
        return [(e, b"WEIGHTS" if c == b"weights" else c) for e, c in entries]

    change(file, alter)
    refused(elsewhere, file, r"heads\.safetensors is not what was written")
    change(file, lambda entries: entries[:-1])
    change(file, lambda entries: [e for e in entries if e[1] != b"WEIGHTS"])
    refused(elsewhere, file, r"is incomplete: .* is missing")


def test_what_is_no_backup_is_refused(elsewhere: Config, tmp_path: Path) -> None:
    path = tmp_path / "other.tar.gz"
    for content in (b"", b"no gzip", gzip.compress(b"no tar" * 1000), gzip.compress(bytes(10240))):
        path.write_bytes(content)
        refused(elsewhere, path, "no backup of frontdesk")
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("photo.jpg"))
    refused(elsewhere, path, "does not begin with manifest.json")
    for told in (b"[]", b"{", b'{"format": 1}', b"[" * 100_000):
        with tarfile.open(path, "w:gz") as tar:
            entry = tarfile.TarInfo("manifest.json")
            entry.size = len(told)
            tar.addfile(entry, io.BytesIO(told))
        refused(elsewhere, path, str(path))


def test_a_header_that_asks_for_all_memory_is_refused(elsewhere: Config, tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, (8 << 30) - 1
    path.write_bytes(gzip.compress(header.tobuf()))
    refused(elsewhere, path, f"a header of {8 << 30} bytes")
    deep = tarfile.TarInfo("././@PaxHeader")
    deep.type = tarfile.XHDTYPE
    path.write_bytes(gzip.compress(deep.tobuf() * 5000))
    refused(elsewhere, path, "damaged")


def test_too_little_room_is_told_before_anything_is_written(
    file: Path, elsewhere: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(file.parent)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    refused(elsewhere, file, "has no room", StoreError)


def test_a_home_in_use_is_refused(config: Config, store: Store, file: Path) -> None:
    with sharing(config.home), sharing(config.home):
        refused(config, file, "is in use", Conflict)
    with alone(config.home), pytest.raises(Conflict, match="under way"), sharing(config.home):
        pass


# --- cut short -----------------------------------------------------------------------------------


def test_a_swap_cut_short_anywhere_leaves_the_old_or_the_new_desk(
    config: Config, store: Store, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every rename and every flush in turn; whoever comes next finds one of both, whole."""
    store.create_conversation()
    store.close()
    restore(Config(home=tmp_path / "new"), file)
    desks = {"old": rows(config.database), "new": rows(tmp_path / "new" / "desk.db")}
    pointers = {"old": champion(config.releases), "new": champion(tmp_path / "new" / "releases")}
    (config.releases / "mark").touch()
    found: list[str] = []
    for step in range(1, 100):
        home = tmp_path / f"home{step}"
        shutil.copytree(config.home, home)
        if not cut_short(Config(home=home), file, step, monkeypatch):
            break
        with sharing(home):
            pass
        is_old = (home / "releases" / "mark").exists()
        found.append("old" if is_old else "new")
        assert rows(home / "desk.db") == desks[found[-1]]
        assert champion(home / "releases") == pointers[found[-1]]
        assert not list(home.glob(".restored-*"))
        with alone(home):
            assert not list(home.glob(".restore-*"))
        kept = list(home.glob("before-restore-*"))
        assert [rows(aside / "desk.db") == desks["old"] for aside in kept] == [True] * (not is_old)
    assert found == sorted(found, reverse=True)  # once new, never old again
    assert found.count("old") > 5
    assert found.count("new") >= 5


class Killed(BaseException):
    """Like ``kill -9``: nothing that follows runs."""


def cut_short(config: Config, file: Path, step: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Restore, stopping before the so-manieth rename or flush; false when it got to the end."""
    left = [step]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def stop(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return None if left[0] < 0 else call(*arguments, **named)

        return stop

    with monkeypatch.context() as patch:
        patch.setattr(swap, "sync", counted(swap.sync))
        patch.setattr(Path, "rename", counted(Path.rename))
        patch.setattr(shutil, "rmtree", counted(shutil.rmtree))
        try:
            restore(config, file, replace=True)
        except Killed:
            return True
    return False


def test_a_killed_restore_leaves_the_old_desk(config: Config, store: Store, tmp_path: Path) -> None:
    release = write_release(config.releases).id
    promote(config.releases, release)
    (config.releases / release / "noise").write_bytes(os.urandom(60_000_000))
    file = back_up(config, store, tmp_path / "desk.tar.gz")[0]
    store.create_conversation()
    store.close()
    before = rows(config.database)
    command = ["--home", str(config.home), "restore", str(file), "--replace"]
    kill_when(command, config.home, ".restore-*/releases/rel_*/noise")
    assert rows(config.database) == before
    assert champion(config.releases) == release
    done = subprocess_of(*command, "--json")
    assert done.code == 0, done.err
    assert not list(config.home.glob(".restore*"))
    assert rows(config.database) != before
    assert rows(Path(done.json["kept_aside"]) / "desk.db") == before


def test_a_decided_restore_is_finished_by_the_next_command(
    config: Config, store: Store, file: Path, elsewhere: Config
) -> None:
    restore(elsewhere, file)
    store.close()
    with alone(config.home), staging(config.home) as staged:
        for name in ("desk.db", "releases"):
            (elsewhere.home / name).rename(staged / name)
        staged.rename(config.home / staged.name.replace(".restore-", ".restored-"))
    done = subprocess_of("--home", config.home, "releases", "--json")
    assert done.json["champion"] == champion(config.releases)
    assert len(list(config.home.glob("before-restore-*"))) == 1
    assert not list(config.home.glob(".restored-*"))


# --- the command ---------------------------------------------------------------------------------


def test_the_commands_report(config: Config, store: Store, file: Path, tmp_path: Path) -> None:
    store.close()
    other = tmp_path / "other"
    done = subprocess_of("--home", other, "restore", file, "--json")
    assert done.code == 0, done.err
    assert done.json["home"] == str(other)
    assert (done.json["conversations"], done.json["tickets"]) == (2, 1)
    again = subprocess_of("--home", other, "restore", file)
    assert (again.code, "--replace" in again.err) == (1, True)
    assert subprocess_of("--home", other, "restore", tmp_path / "none").code == 2
    missing = subprocess_of("--home", tmp_path / "nothing", "backup", tmp_path / "x.tar.gz")
    assert (missing.code, "There is no desk" in missing.err) == (1, True)
    said = subprocess_of("--home", other, "backup", tmp_path / "second.tar.gz")
    assert f"{tmp_path / 'second.tar.gz'}, 0." in said.out
    assert "2 conversations, 4 messages, 1 tickets" in said.out
