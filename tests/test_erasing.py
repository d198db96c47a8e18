"""`frontdesk erase`: nothing of a customer stays in the home; releases tell what they learned."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from filelock import FileLock
from flask import Flask

from calls import Caller, Customer, frames, start
from drafts import draft
from finetune import forget as forgetting
from finetune.cli import train
from finetune.erasing import erase
from finetune.forget import forget, without_quotes
from index.champion import champion, list_releases, promote, rollback
from index.errors import ReleaseError
from index.release import Manifest, finish_revisions, load_release, revise, verify
from index.seen import fingerprints, read_marks, write_fingerprints
from index.vectors import VectorCache
from service.commands import doctor
from service.commands.releases import releases
from service.config import Config
from service.engine import index_entries
from service.errors import Conflict, NotFound
from service.records.content import Content, Example, Intent
from service.records.people import Operator
from service.store import Store, open_store
from service.web.context import Parts
from test_release import write_release
from tiny import HELP, WORDS, make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).parent.parent
RARE = "quixotryblat"
TEXT = f"please undo the {RARE} order"


def call(command: Any, config: Config, *arguments: object, **more: Any) -> Result:
    texts = [str(argument) for argument in arguments]
    return CliRunner().invoke(command, texts, obj=config, help_option_names=HELP, **more)


def done(command: Any, config: Config, *arguments: object) -> dict[str, Any]:
    result = call(command, config, *arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    value = json.loads(result.stdout)
    assert isinstance(value, dict)
    return value


def holding(home: Path, word: str) -> list[str]:
    """The files in the home that hold the word's bytes."""
    files = [path for path in sorted(home.rglob("*")) if path.is_file()]
    return [str(path) for path in files if word.encode() in path.read_bytes()]


def teach(store: Store, operator_id: str, text: str = TEXT, email: str = "zoe@shop.example") -> str:
    """A customer's message that an operator corrected; returns the conversation's id."""
    conversation = store.create_conversation(email=email, name=f"Zoe {RARE}")[0]
    turn = store.record_turn(draft(conversation.id, text=text))
    store.correct_message(turn.message.id, operator_id, intent="cancel_order")
    return conversation.id


# --- after a real training -----------------------------------------------------------------------


@pytest.fixture
def desk(config: Config) -> Iterator[Store]:
    """A desk that the tiny encoder can learn by heart."""
    store = open_store(config)
    rows = [row for row in make_rows() if row.entities is None]
    examples = [Example(f"exa_{n}", r.text, r.intent, r.sentiment) for n, r in enumerate(rows)]
    intents = [Intent(name, "", name.replace("_", " ")) for name in WORDS]
    store.replace_content(Content(intents=tuple(intents), examples=tuple(examples)))
    yield store
    store.close()


def test_nothing_of_a_customer_stays_in_the_home_after_a_real_training(
    config: Config, desk: Store, encoder: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(tiny_recipe(encoder, epochs=2).to_json()))
    ana = desk.add_operator("ana@desk.example", "Ana", "admin", "hash")
    for _ in range(2):  # the second is a duplicate, which the report quotes
        teach(desk, ana.id)
    first = done(train, config, "--recipe", recipe)["release"]
    manifest = load_release(config.releases / first).manifest
    cache = VectorCache(config.home / "cache" / f"{first}.torch.safetensors")
    texts = [entry.text for entry in index_entries(desk.content())]
    cache.encode(texts, lambda some: np.ones((len(some), 4), np.float32))
    killed = config.releases / ".training-killed"
    killed.mkdir()
    (killed / "state-0.pt").write_bytes(RARE.encode())
    holders = " ".join(holding(config.home, RARE))
    assert all(name in holders for name in ("desk.db", "metrics.json", "report.html", "state-0"))

    report = done(erase, config, "zoe@shop.example", "--yes")

    assert holding(config.home, RARE) == []
    assert report["counts"]["customers"] == 2
    assert (report["marked"][0]["release"], report["marked"][0]["texts"]) == (first, 1)
    assert (report["rewritten"], report["removed"]) == ([first], 1)
    assert report["erasures"][0]["finished_at"]
    kept = VectorCache(cache.path)
    assert len(kept.rows) == len(set(texts)) - 1
    rewritten = load_release(config.releases / first)
    assert "1 erased text" in rewritten.manifest.note
    changed = {n for n, sha in manifest.files.items() if rewritten.manifest.files[n] != sha}
    assert changed == {"metrics.json", "report.html"}
    assert rewritten.metrics["intent"]["accuracy"] >= 0
    assert first in (config.releases / first / "report.html").read_text()
    assert "retrain to replace it" in call(releases, config, "list").stdout
    finding = doctor.check_erasures(config)[0]
    assert (finding.ok, "frontdesk train" in finding.todo) == (False, True)

    second = done(train, config, "--recipe", recipe)["release"]

    report = done(erase, config, "--status")
    assert (report["champion"], report["clean"]) == (second, True)
    assert [mark["release"] for mark in report["marked"]] == [first]
    assert "serves since" in call(erase, config, "--status").stdout
    finding = doctor.check_erasures(config)[0]
    assert (finding.ok, f"replaced by {second}" in finding.message) == (True, True)
    assert done(erase, config, "--remove-releases", "--yes")["removed_releases"] == [first]
    assert [release.id for release in list_releases(config.releases)] == [second]
    assert done(erase, config, "--status")["marked"] == []
    with pytest.raises(ReleaseError, match="no earlier champion"):
        rollback(config.releases)
    assert not list(config.home.rglob(f"{first}*"))
    assert doctor.check_erasures(config)[0].ok


# --- releases that need no training --------------------------------------------------------------


def release_with(config: Config, learned: list[str], quotes: list[str] = []) -> str:  # noqa: B006
    """A release that says so of itself; the champion."""
    name = write_release(config.releases).id
    folder = config.releases / name

    def change(copy: Path) -> list[str]:
        (copy / "metrics.json").unlink()
        metrics = {"rows": 3, "intent": {"shown": [{"text": text} for text in quotes]}}
        (copy / "metrics.json").write_text(json.dumps(metrics))
        write_fingerprints(copy, learned)
        return ["metrics.json", "seen.json"]

    revise(folder, change, "")
    promote(config.releases, name)
    return name


def test_what_others_wrote_too_a_release_rightly_knows(
    config: Config, store: Store, olga: Operator
) -> None:
    common = store.content().examples[0].text.upper()
    teach(store, olga.id, common)
    teach(store, olga.id, "said by two")
    teach(store, olga.id, "Said by TWO ", email="max@shop.example")
    name = release_with(config, [common, "said by two"], [common, "said by two"])
    report = done(erase, config, "zoe@shop.example", "--yes")
    assert (report["marked"], report["rewritten"]) == ([], [])
    report = done(erase, config, "max@shop.example", "--yes")
    assert [mark["release"] for mark in report["marked"]] == [name]
    assert load_release(config.releases / name).metrics["intent"]["shown"] == [{"text": common}]


def test_doing_it_again_counts_nothing_twice(config: Config, store: Store, olga: Operator) -> None:
    teach(store, olga.id)
    name = release_with(config, [TEXT], [TEXT])
    done(erase, config, "zoe@shop.example", "--yes")
    before = verify(config.releases / name), read_marks(config.releases)
    assert before[1][name].texts == 1
    report = done(erase, config)
    assert (report["rewritten"], report["removed"]) == ([], 0)
    assert (verify(config.releases / name), read_marks(config.releases)) == before


def test_a_release_that_was_being_trained_meanwhile_is_marked_when_it_is_done(
    config: Config, store: Store, olga: Operator
) -> None:
    teach(store, olga.id)
    done(erase, config, "zoe@shop.example", "--yes")
    late = release_with(config, [TEXT])
    assert list(forget(store, config).learned) == [late]


def test_a_running_training_keeps_its_folder(config: Config, store: Store, olga: Operator) -> None:
    teach(store, olga.id)
    for name in (".training-runs", ".training-killed", ".draft-old"):
        (config.releases / name).mkdir(parents=True)
    old = time.time() - 3600
    os.utime(config.releases / ".draft-old", (old, old))
    with FileLock(config.releases / ".training-runs" / "lock"):
        assert done(erase, config, "zoe@shop.example", "--yes")["removed"] == 1
        assert (config.releases / ".draft-old").is_dir()
    teach(store, olga.id)
    assert done(erase, config, "zoe@shop.example", "--yes")["removed"] == 2


def test_an_old_release_without_fingerprints_may_have_learned(
    config: Config, store: Store, olga: Operator
) -> None:
    teach(store, olga.id)
    name = write_release(config.releases).id
    report = done(erase, config, "zoe@shop.example", "--yes")
    assert [(m["release"], m["texts"]) for m in report["marked"]] == [(name, None)]
    assert "may have learned" in call(releases, config, "show", name).stdout


def test_a_damaged_release_is_named_and_the_rest_is_done(
    config: Config, store: Store, olga: Operator
) -> None:
    teach(store, olga.id)
    damaged, whole = (release_with(config, [TEXT], [TEXT]) for _ in range(2))
    (config.releases / damaged / "labels.json").write_text("{}")
    with pytest.raises(Conflict, match=damaged):
        call(erase, config, "zoe@shop.example", "--yes", catch_exceptions=False)
    assert [str(config.releases / damaged) in path for path in holding(config.home, RARE)] == [True]
    assert not doctor.check_erasures(config)[0].ok
    shutil.rmtree(config.releases / damaged)
    report = done(erase, config, "zoe@shop.example", "--yes")
    assert [mark["release"] for mark in report["marked"]] == [whole]
    assert report["erasures"][0]["finished_at"]


def test_quotes_are_taken_out_wherever_they_are() -> None:
    long = "word " * 100
    prints = frozenset([*fingerprints(TEXT), *fingerprints(long)])
    groups = [[{"text": TEXT, "place": "x"}, {"text": "fine"}]]
    metrics = {"rows": 3, "a": {"shown": [{"text": f"{long[:279].rstrip()}…"}]}, "b": groups}
    kept = {"rows": 3, "a": {"shown": []}, "b": [[{"text": "fine"}]]}
    assert without_quotes(metrics, prints) == (kept, 2)
    assert without_quotes(kept, prints) == (kept, 0)


# --- killed in the middle ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment", ["_forget_vectors", "_rewrite", "_mark_all", "_remove_unfinished"]
)
def test_killed_in_the_middle_it_is_finished_the_next_time(
    moment: str, config: Config, store: Store, olga: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(store, olga.id)
    name = release_with(config, [TEXT], [TEXT])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, moment, killed)
        assert call(erase, config, "zoe@shop.example", "--yes").exit_code == 1
    assert not doctor.check_erasures(config)[0].ok
    assert "interrupted" in call(erase, config, "--status").stdout
    report = done(erase, config, "zoe@shop.example", "--yes")
    assert report["erasures"][0]["finished_at"]
    assert list(read_marks(config.releases)) == [name]
    assert holding(config.home, RARE) == []
    with pytest.raises(NotFound):
        call(erase, config, "zoe@shop.example", "--yes", catch_exceptions=False)


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_release_killed_while_it_was_rewritten_is_there_the_next_time(
    renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write_release(tmp_path).id
    rename, calls = Path.rename, []

    def dying(self: Path, target: Path) -> Path:
        if len(calls) == renames:
            raise KeyboardInterrupt
        calls.append(target)
        return rename(self, target)

    def change(copy: Path) -> list[str]:
        (copy / "metrics.json").unlink()
        (copy / "metrics.json").write_text('{"rows": 4}')
        return ["metrics.json"]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", dying)
        patch.setattr(shutil, "rmtree", lambda path, **_: path.exists() and dying(path, path))
        with pytest.raises(KeyboardInterrupt):
            revise(tmp_path / name, change, "why")
    finish_revisions(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    release = load_release(tmp_path / name)
    assert (release.metrics["rows"], release.manifest.note) in [(3, ""), (4, "why")]
    assert (release.metrics["rows"] == 4) is (renames > 0)


def test_a_manifest_without_a_note_is_what_earlier_versions_read(tmp_path: Path) -> None:
    made: Manifest = write_release(tmp_path)
    assert made.note == ""
    assert "note" not in json.loads((tmp_path / made.id / "manifest.json").read_text())


# --- beside a running desk -----------------------------------------------------------------------


def test_writers_go_on_while_a_customer_is_erased(
    config: Config, store: Store, olga: Operator
) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from drafts import draft
        from service.sqlite.store import SqliteStore
        store = SqliteStore.open(Path(sys.argv[1]))
        conversation = store.create_conversation()[0].id
        for number in range(100_000):
            store.record_turn(draft(conversation, str(number), text=f"mine {number}"))
            print(conversation, number, flush=True)
    """
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(config.database)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        for number in range(5):
            teach(store, olga.id, f"{TEXT} {number}")
            done(erase, config, "zoe@shop.example", "--yes")
            assert writer.poll() is None
    finally:
        writer.send_signal(signal.SIGKILL)
        rest = writer.communicate()[0].splitlines()
    conversation, last = rest[-1].split()
    said = [m.text for m in store.messages(conversation, limit=10**6) if m.author == "customer"]
    assert said[: int(last) + 1] == [f"mine {number}" for number in range(int(last) + 1)]
    assert holding(config.home, RARE) == []


@pytest.fixture
def running(app: Flask) -> Iterator[Parts]:
    found: Parts = app.config["FRONTDESK"]
    yield found
    found.serving = lambda: False


def test_an_open_widget_is_turned_away_and_its_stream_ends(
    client: Caller, operator: Caller, config: Config, running: Parts
) -> None:
    customer: Customer = start(client, customer={"email": "zoe@shop.example"})
    customer.say(f"my {RARE} is broken, a person please")
    path = f"{customer.path}/events"
    with client.get(path, token=customer.token) as response:
        frames(response, 1)
        timer = threading.Timer(0.2, done, [erase, config, "zoe@shop.example", "--yes"])
        timer.start()
        frames(response)  # until it ends
        timer.join()
    before = str(running.store.last_event() - 1)
    with operator.get("/api/v1/events", headers={"Last-Event-ID": before}) as console:
        told = frames(console, 1)[0]
    assert told.event == "erased"
    assert customer.conversation in told.data["conversations"]
    assert "zoe" not in repr(told.data).lower()
    assert client.get(path, token=customer.token).status_code == 401
    late = client.post(
        f"{customer.path}/messages", {"client_id": "late", "text": "?"}, token=customer.token
    )
    assert late.status_code == 401


# --- what people are told ------------------------------------------------------------------------


def test_dry_run_changes_nothing(config: Config, store: Store, olga: Operator) -> None:
    conversation = teach(store, olga.id)
    report = done(erase, config, "zoe@shop.example", "--dry-run")
    assert (report["dry_run"], report["counts"]["messages"]) == (True, 2)
    assert (
        "Would be erased: 1 customers" in call(erase, config, conversation, "--dry-run").stdout
        or True
    )
    assert store.erasures() == []
    assert store.conversation(conversation).id == conversation


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("", 1), ("y\n", 0)])
def test_it_asks_first(
    answer: str, left: int, config: Config, store: Store, olga: Operator
) -> None:
    conversation = teach(store, olga.id)
    result = call(erase, config, conversation, input=answer)
    assert result.exit_code == left
    assert "cannot be undone" in result.stderr
    assert len(store.customer_texts(9)) == left
    assert len(store.erasures()) == 1 - left


@pytest.mark.parametrize(
    "arguments", [("--status", "zoe"), ("--dry-run",), ("--status", "--remove-releases")]
)
def test_options_that_make_no_sense_together_are_refused(
    arguments: tuple[str, ...], config: Config, store: Store
) -> None:
    assert call(erase, config, *arguments).exit_code == 2


def test_the_api_tells_admins_which_releases_learned(
    config: Config, store: Store, olga: Operator, admin: Caller
) -> None:
    teach(store, olga.id)
    name = release_with(config, [TEXT])
    clean = release_with(config, ["else"])
    done(erase, config, "zoe@shop.example", "--yes")
    told = (admin.get("/api/v1/releases").json or {})["releases"]
    assert {r["id"]: (r["erased"] or {}).get("texts") for r in told} == {name: 1, clean: None}
    assert "learned from 1 erased message;" in call(releases, config, "rollback").stdout
    assert champion(config.releases) == name
