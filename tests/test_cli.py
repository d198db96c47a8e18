"""The command line: what it reports, how it fails, and with which exit code."""

import importlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from service import cli
from service.config import Config
from service.content import read_desk
from service.passwords import password_matches
from service.store import open_store
from service.webhooks import Try
from test_release import write_release

ROOT = Path(__file__).parent.parent


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one JSON object and nothing else."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Run = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls ``frontdesk --home HOME …`` in this process, exit codes included."""

    def call(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["frontdesk", "--home", str(home), *map(str, arguments)])
        capsys.readouterr()
        code: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return call


def subprocess_of(*arguments: str | Path, **environ: str) -> Done:
    """The same as a real process."""
    command = [sys.executable, "-m", "service", *map(str, arguments)]
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("FRONTDESK_")}
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings | environ, capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def made(run: Run, desk_folder: Path) -> Run:
    """A home with the small desk."""
    assert run("init", "--empty").code == 0
    assert run("import", "desk", desk_folder).code == 0
    return run


# --- init ----------------------------------------------------------------------------------------


def test_init_makes_a_desk_with_the_starter_content(run: Run, home: Path) -> None:
    done = run("init", "--json")
    assert done.code == 0
    assert done.json["home"] == str(home)
    assert done.json["intents"] >= 45
    assert done.json["golden_cases"] >= 150
    assert (home / "desk.db").exists()


def test_init_reports_in_words_without_json(run: Run, home: Path) -> None:
    done = run("init", "--empty")
    assert (done.code, done.err) == (0, "")
    assert str(home) in done.out
    assert "0 intents" in done.out


def test_init_twice_fails_and_changes_nothing(made: Run, home: Path) -> None:
    before = made("export", "desk", home / "before").out
    done = made("init", "--json")
    assert (done.code, done.out) == (1, "")
    assert str(home) in done.err
    assert "already" in done.err
    assert made("export", "desk", home / "before").out == before


def test_init_in_the_place_of_a_file_fails(run: Run, home: Path) -> None:
    (home.parent / "home").write_text("")
    done = run("init")
    assert done.code == 2  # --home is an option, and its value is wrong
    assert str(home) in done.err


def test_init_below_a_file_fails(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    below = str(tmp_path / "file" / "home")
    monkeypatch.setattr(sys, "argv", ["frontdesk", "--home", below, "init"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1


@pytest.fixture
def powerless() -> Iterator[Path]:
    """A folder that the user who runs the test may read, but not write; root becomes nobody."""
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-"))
    folder.chmod(0o555)
    user = os.geteuid()
    for module in ("service.commands.home", "service.sqlite.store"):  # nobody may not read them
        importlib.import_module(module)
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_read_only_home_is_named(
    powerless: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for home in (powerless, powerless / "below"):
        monkeypatch.setattr(sys, "argv", ["frontdesk", "--home", str(home), "init", "--empty"])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 1
        assert str(home) in capsys.readouterr().err
    assert list(powerless.iterdir()) == []


def test_a_database_that_is_none_is_named(run: Run, home: Path) -> None:
    home.mkdir()
    (home / "desk.db").write_bytes(b"no database at all, just text " * 100)
    for arguments in (("init",), ("operator", "list"), ("serve",), ("export", "desk", home / "x")):
        done = run(*arguments)
        assert done.code == 1, arguments
        assert "desk.db" in done.err
        assert "Traceback" not in done.err


def test_a_database_of_something_else_is_left_alone(run: Run, home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "desk.db") as other:
        other.execute("CREATE TABLE conversation (mine TEXT)")
    other.close()
    done = run("init")
    assert done.code == 1
    assert "Traceback" not in done.err


# --- operators -----------------------------------------------------------------------------------


def test_operator_gets_a_password_that_is_shown_once(made: Run, home: Path) -> None:
    done = made("operator", "add", "mary.jane-o@desk.example", "--role", "admin", "--json")
    assert done.code == 0
    value = done.json
    assert (value["email"], value["role"]) == ("mary.jane-o@desk.example", "admin")
    assert value["name"] == "Mary Jane O"
    store = open_store(Config(home=home))
    stored = store.password_hash(value["id"])
    store.close()
    assert password_matches(stored, value["password"])
    assert value["password"] not in stored
    assert not password_matches(stored, "something else")
    listed = made("operator", "list", "--json")
    assert listed.json["operators"] == [
        {k: value[k] for k in ("id", "email", "name", "role")} | {"disabled": False}
    ]
    assert value["password"] not in listed.out


def test_operator_with_own_password_is_not_told_it(made: Run) -> None:
    done = made("operator", "add", "a@b.example", "--password", "long enough!", "--name", "Al")
    assert done.code == 0
    assert "long enough!" not in done.out
    assert "password" not in done.out.lower()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("add", "no-address"), 1, "no-address"),
        (("add", "a b@c.example"), 1, "e-mail"),
        (("add", "a@b.example", "--password", "short"), 1, "10 characters"),
        (("add", "a@b.example", "--role", "boss"), 2, "boss"),
        (("add",), 2, "EMAIL"),
        (("token", "nobody@desk.example"), 1, "nobody@desk.example"),
        (("disable", "nobody@desk.example"), 1, "nobody@desk.example"),
        (("password", "nobody@desk.example"), 1, "nobody@desk.example"),
        (("remove", "a@b.example"), 2, "remove"),
    ],
)
def test_wrong_operator_calls_change_nothing(
    arguments: tuple[str, ...], code: int, told: str, made: Run
) -> None:
    done = made("operator", *arguments)
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    assert made("operator", "list", "--json").json == {"operators": []}


def test_address_is_taken_whatever_its_case(made: Run) -> None:
    assert made("operator", "add", "a@b.example").code == 0
    done = made("operator", "add", "A@B.example")
    assert done.code == 1
    assert "already" in done.err


@pytest.mark.parametrize("given", [None, "long enough!"])
def test_operator_gets_a_new_password(given: str | None, made: Run, home: Path) -> None:
    added = made("operator", "add", "a@b.example", "--json").json
    option = ("--password", given) if given else ()
    done = made("operator", "password", "A@b.example", *option, "--json")
    assert done.code == 0
    assert ("password" in done.json) is (given is None)
    store = open_store(Config(home=home))
    stored = store.password_hash(added["id"])
    store.close()
    assert password_matches(stored, given or done.json["password"])
    assert not password_matches(stored, added["password"])


def test_short_new_password_changes_nothing(made: Run, home: Path) -> None:
    added = made("operator", "add", "a@b.example", "--json").json
    done = made("operator", "password", "a@b.example", "--password", "short")
    assert (done.code, done.out) == (1, "")
    store = open_store(Config(home=home))
    assert password_matches(store.password_hash(added["id"]), added["password"])
    store.close()


def test_token_works_until_its_operator_is_disabled(made: Run, home: Path) -> None:
    made("operator", "add", "a@b.example")
    token = made("operator", "token", "A@b.example", "--json").json["token"]
    assert token.startswith("fdk_")
    store = open_store(Config(home=home))
    found = store.api_token_operator(token)
    assert found
    assert found.email == "a@b.example"
    done = made("operator", "disable", "a@b.example", "--json")
    assert (done.code, done.json["disabled"]) == (0, True)
    assert store.api_token_operator(token) is None
    store.close()
    assert made("operator", "list", "--json").json["operators"][0]["disabled"] is True
    assert made("operator", "token", "a@b.example").code == 1


# --- content -------------------------------------------------------------------------------------


def test_content_goes_in_and_out_unchanged(made: Run, desk_folder: Path, tmp_path: Path) -> None:
    done = made("export", "desk", tmp_path / "out", "--json")
    assert (done.code, done.json["format"]) == (0, "desk")
    assert done.json["intents"] == len(read_desk(desk_folder).intents)
    assert done.json["examples"] == len(read_desk(desk_folder).examples)
    for written in desk_folder.rglob("*.*"):
        copy = tmp_path / "out" / written.relative_to(desk_folder)
        assert copy.read_text() == written.read_text(), written


def test_importing_a_broken_folder_changes_nothing(
    made: Run, desk_folder: Path, tmp_path: Path
) -> None:
    before = made("export", "desk", tmp_path / "before", "--json").json
    (desk_folder / "golden" / "orders.jsonl").write_text("{broken\n")
    done = made("import", "desk", desk_folder, "--json")
    assert (done.code, done.out) == (1, "")
    assert "orders.jsonl, line 1" in done.err
    assert made("export", "desk", tmp_path / "before", "--json").json == before


FORMATS = {"desk", "csv", "jsonl", "rasa", "chatwoot", "zendesk"}
FAQ = "Frage;Antwort\nDo you ship to Norway?;Yes, for {price}.\n"


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    path = tmp_path / "faq.csv"
    path.write_text(FAQ)
    return path


def test_every_promised_format_goes_in_and_out(made: Run, tmp_path: Path) -> None:
    for verb in ("import", "export"):
        assert set(re.findall(r"\w+", made(verb, "--help").out)) >= FORMATS
    for name in FORMATS:
        path = tmp_path / f"out.{name}"
        done = made("export", name, path, "--json")
        assert (done.code, done.json["format"], done.json["intents"]) == (0, name, 9)
        assert bool(done.json["not_carried_over"]) is (name != "desk")
        for note in done.json["not_carried_over"]:
            assert note.keys() == {"what", "where", "why"}
        if name != "desk":
            done = made("import", name, path, "--json")
            assert done.code == 0, done.err
            changed = [k for k, c in done.json["changes"].items() if c["added"] or c["updated"]]
            assert changed == [], name


def test_an_export_says_in_words_what_stays_behind(made: Run, tmp_path: Path) -> None:
    done = made("export", "csv", tmp_path / "rows.csv")
    assert done.out.startswith("Exported what csv holds of 9 intents, 8 templates, 31 examples")
    assert "\n  articles (1): returns: labelled rows hold examples only\n" in done.out


def test_an_export_tells_of_corrections_whose_intent_is_gone(
    made: Run, home: Path, tmp_path: Path
) -> None:
    with sqlite3.connect(home / "desk.db") as connection:
        gone = "UPDATE example SET source = 'correction', intent = 'fax' WHERE rowid = 1"
        assert connection.execute(gone).rowcount == 1
    connection.close()
    done = made("export", "desk", tmp_path / "out", "--json")
    (note,) = done.json["not_carried_over"]
    assert note["what"] == "examples of intents that are gone (1)"
    assert len(read_desk(tmp_path / "out").examples) == done.json["examples"] - 1


def test_what_is_told_cannot_move_the_cursor(made: Run, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "\\u001b[2Jwhat", "sentiment": "neutral"}\n')
    assert made("import", "jsonl", rows).code == 0
    out = made("export", "chatwoot", tmp_path / "canned.json").out
    assert "�[2Jwhat" in out
    assert "\x1b" not in out


def test_an_import_adds_and_says_what(made: Run, faq: Path, tmp_path: Path) -> None:
    mapping = ("--map", "question=Frage", "--map", "answer=Antwort")
    done = made("import", "csv", faq, *mapping, "--json")
    assert done.code == 0, done.err
    assert (done.json["dry_run"], done.json["templates"]) == (False, 9)
    assert done.json["changes"]["templates"] == {
        "added": 1,
        "updated": 0,
        "removed": 0,
        "unchanged": 8,
        "names": {"added": ["do_you_ship_to_norway"]},
    }
    assert done.json["changes"]["facts"]["names"] == {"added": ["price"]}
    assert done.json["not_carried_over"] == []
    assert [note["where"] for note in done.json["notes"]] == [f"{faq}:2"]
    assert made("export", "desk", tmp_path / "out", "--json").json["examples"] == 32
    done = made("import", "csv", faq, *mapping)
    assert "nothing changed" in done.out
    assert "Please look at:" in done.out


def test_a_rasa_project_becomes_a_desk(run: Run, tmp_path: Path) -> None:
    project = Path(__file__).parent / "fixtures" / "rasa"
    assert run("init", "--empty").code == 0
    done = run("import", "rasa", project, "--json")
    assert done.code == 0, done.err
    assert (done.json["intents"], done.json["templates"], done.json["examples"]) == (5, 5, 13)
    assert len(done.json["not_carried_over"]) == 30
    shown = run("import", "rasa", project).out
    assert f"{project / 'data' / 'nlu.yml'}:30: synonym kettle (2 entries): the desk" in shown
    assert "nothing changed" in shown
    assert run("export", "desk", tmp_path / "out").code == 0
    content = read_desk(tmp_path / "out")
    assert {slot.name for slot in content.settings.slots} == {"order_number", "street"}
    assert len(content.examples) == 13


def test_a_dry_run_changes_nothing(made: Run, desk_folder: Path, home: Path) -> None:
    (desk_folder / "articles" / "returns.md").unlink()
    store = open_store(Config(home=home))
    revision = store.content_revision()
    store.close()
    done = made("import", "desk", desk_folder, "--dry-run", "--json")
    assert done.json["changes"]["articles"]["names"] == {"removed": ["returns"]}
    done = made("import", "desk", desk_folder, "--dry-run")
    assert "would have" in done.out
    assert "articles removed: 1 (returns)" in done.out
    store = open_store(Config(home=home))
    assert store.content_revision() == revision
    store.close()


def test_an_import_that_changes_nothing_writes_nothing(made: Run, home: Path, faq: Path) -> None:
    faq.write_text("text,intent\nhi! hello please,greeting\n")
    store = open_store(Config(home=home))
    revision = store.content_revision()
    assert made("import", "csv", faq, "--json").json["changes"]["examples"]["added"] == 0
    assert store.content_revision() == revision
    store.close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("jsonl", "--map", "text=a"), "for the format csv"),
        (("csv", "--map", "text"), "FIELD=COLUMN"),
        (("csv", "--map", "text=a", "--map", "text=b"), "two columns"),
    ],
)
def test_a_wrong_mapping_is_wrong_usage(
    arguments: tuple[str, ...], told: str, made: Run, faq: Path
) -> None:
    done = made("import", arguments[0], faq, *arguments[1:])
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_broken_file_changes_nothing(made: Run, faq: Path, tmp_path: Path) -> None:
    before = made("export", "desk", tmp_path / "before", "--json").json
    faq.write_text("text,sentiment\nhello there,neutral\nhello here,sad\n")
    done = made("import", "csv", faq, "--json")
    assert (done.code, done.out) == (1, "")
    assert f"{faq}, line 3: sentiment" in done.err
    assert made("export", "desk", tmp_path / "before", "--json").json == before


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_place_that_cannot_be_written_is_named(name: str, made: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = made("export", name, tmp_path / "file" / "out")
    assert done.code == 1
    assert str(tmp_path / "file" / "out") in done.err


@pytest.mark.parametrize("verb", ["import", "export"])
def test_unknown_format_is_wrong_usage(verb: str, made: Run, tmp_path: Path) -> None:
    done = made(verb, "xml", tmp_path / "x")
    assert done.code == 2
    assert "xml" in done.err


def test_exporting_into_the_place_of_a_file_fails(made: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = made("export", "desk", tmp_path / "file")
    assert done.code == 1
    assert str(tmp_path / "file") in done.err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments", [("export", "desk", "out"), ("operator", "list"), ("doctor",)]
)
def test_reading_makes_no_home(
    arguments: tuple[str, ...],
    run: Run,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A misspelt --home must be told, not turned into an empty desk."""
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.code == 1
    assert not home.exists()


# --- the group -----------------------------------------------------------------------------------


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    for name in cli.COMMANDS:
        assert f"\n  {name} " in done.out


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_has_help(name: str, run: Run) -> None:
    done = run(name, "--help")
    assert done.code == 0
    assert "Usage: frontdesk" in done.out


@pytest.mark.parametrize(
    "arguments", [("no-such",), ("init", "--no-such"), ("serve", "--port", "x")]
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], run: Run) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage:" in done.err


def test_unknown_variable_exits_with_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_PROT", "80")
    done = run("init")
    assert (done.code, done.out) == (2, "")
    assert "FRONTDESK_PROT" in done.err


def test_serving_without_a_desk_says_what_to_do(run: Run, home: Path) -> None:
    done = run("serve")
    assert done.code == 1
    assert "frontdesk init" in done.err
    assert not home.exists()


def test_broken_champion_file_is_told(made: Run, home: Path) -> None:
    (home / "releases").mkdir()
    (home / "releases" / "champion").write_bytes(b"\xff\xfe")
    for arguments in (("releases",), ("releases", "rollback"), ("doctor",)):
        done = made(*arguments)
        assert done.code == 1, arguments
        assert "champion" in done.out + done.err
        assert "Traceback" not in done.err


def test_releases_of_a_new_desk(made: Run) -> None:
    for arguments in (("releases", "--json"), ("releases", "list", "--json")):
        assert made(*arguments).json == {"releases": [], "champion": None}
    assert made("releases").out == made("releases", "list").out
    done = made("releases", "--json", "list")
    assert (done.code, done.out) == (2, "")
    assert "--json after list" in done.err
    for arguments in (("show", "rel_x"), ("promote", "rel_x"), ("promote", ".."), ("rollback",)):
        done = made("releases", *arguments)
        assert done.code == 1, arguments
        assert "Traceback" not in done.err


def test_show_names_the_report_of_releases_that_have_one(made: Run, home: Path) -> None:
    release = write_release(home / "releases").id
    assert made("releases", "show", release, "--json").json["report"] is None
    report = home / "releases" / release / "report.html"
    report.write_text("<!doctype html>")
    assert made("releases", "show", release, "--json").json["report"] == str(report)
    assert f"report: {report}" in made("releases", "show", release).out


# --- doctor --------------------------------------------------------------------------------------


def findings(done: Done) -> dict[str, dict[str, Any]]:
    return {finding["check"]: finding for finding in done.json["findings"]}


def test_doctor_of_nothing_says_what_to_do(run: Run, home: Path) -> None:
    done = run("doctor", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    found = findings(done)
    assert found["python"]["ok"]
    assert not found["home"]["ok"]
    assert "frontdesk init" in found["home"]["todo"]
    assert not home.exists()


def test_doctor_of_a_new_desk_misses_operator_and_release(made: Run) -> None:
    found = findings(made("doctor", "--json"))
    assert found["home"]["ok"]
    assert found["database"]["ok"]
    assert found["content"]["ok"]
    assert not found["operators"]["ok"]
    assert "operator add" in found["operators"]["todo"]
    assert not found["release"]["ok"]
    assert "frontdesk train" in found["release"]["todo"]
    made("operator", "add", "a@b.example")
    assert findings(made("doctor", "--json"))["operators"]["ok"]


def test_doctor_names_who_takes_no_webhooks(made: Run, home: Path) -> None:
    assert "webhooks" not in findings(made("doctor", "--json"))
    store = open_store(Config(home=home))
    webhook, _ = store.add_webhook("https://hooks.example/token", ["alarm.began"])
    assert findings(made("doctor", "--json"))["webhooks"]["message"] == "1 in order"
    store.test_webhook(webhook.id)
    outgoing = store.next_delivery(webhook.id)
    assert outgoing
    at = "2026-03-01T12:00:00.000Z"
    store.note_try(outgoing, Try(at, 410, "", "", 5), taken=False, gone=True)
    store.close()
    found = findings(made("doctor", "--json"))["webhooks"]
    assert (found["ok"], found["message"]) == (False, "hooks.example answered 410 Gone and is off")


def test_doctor_passes_over_a_failure_of_a_moment(made: Run, home: Path) -> None:
    with closing(open_store(Config(home=home))) as store:
        for long in (timedelta(minutes=50), timedelta(minutes=70)):
            webhook, _ = store.add_webhook("https://hooks.example/token", ["alarm.began"])
            store.test_webhook(webhook.id)
            outgoing = store.next_delivery(webhook.id)
            assert outgoing
            at = (datetime.now(UTC) - long).isoformat(timespec="milliseconds")[:23] + "Z"
            store.note_try(outgoing, Try(at, 500, "", "", 5), taken=False)
            found = findings(made("doctor", "--json"))["webhooks"]
            assert found["ok"] == (long < timedelta(hours=1))
        assert found["message"] == f"hooks.example took nothing since {at}"


def test_doctor_finds_a_half_written_release(made: Run, home: Path) -> None:
    release = home / "releases" / "rel_half"
    release.mkdir(parents=True)
    (release / "manifest.json").write_text("{")
    (home / "releases" / "champion").write_text("rel_half\n")
    done = made("doctor", "--json")
    assert done.code == 1
    found = findings(done)["release"]
    assert not found["ok"]
    assert "rel_half" in found["message"]


@contextmanager
def answering(body: bytes) -> Iterator[int]:
    """A server that answers everything with this; its port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(
    ("body", "ok"),
    [(b'{"status":"ok"}', True), (b"[]", False), (b"<html>", False), (b'{"status":"up"}', False)],
)
def test_doctor_knows_a_running_desk_from_somebody_else(
    body: bytes, ok: bool, made: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(body) as port:
        monkeypatch.setenv("FRONTDESK_PORT", str(port))
        found = findings(made("doctor", "--json"))["address"]
    assert found["ok"] is ok
    assert ("a desk is running" in found["message"]) is ok
    assert str(port) in found["message"]


def test_doctor_reports_in_words_without_json(made: Run) -> None:
    done = made("doctor")
    assert done.code == 1
    assert "ok    database" in done.out
    assert "FAIL  release" in done.out


# --- as a real process ---------------------------------------------------------------------------


def test_real_process_reports_and_fails_alike(tmp_path: Path, desk_folder: Path) -> None:
    home = tmp_path / "home"
    done = subprocess_of("init", "--empty", "--json", FRONTDESK_HOME=str(home))
    assert (done.code, done.json["home"], done.err) == (0, str(home), "")
    done = subprocess_of("--home", home, "init")
    assert (done.code, done.out) == (1, "")
    assert "already" in done.err
    done = subprocess_of("--home", home, "init", FRONTDESK_PROT="80")
    assert done.code == 2
    assert "FRONTDESK_PROT" in done.err
    assert subprocess_of("--home", home, "no-such").code == 2


def test_help_loads_no_model() -> None:
    program = (
        "import sys; from service.cli import main; sys.argv = ['frontdesk', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'transformers', 'faiss'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "set()\n"


def test_installed_command_is_the_same() -> None:
    found = shutil.which("frontdesk", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("the project is not installed here: make setup")
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("frontdesk, version")
