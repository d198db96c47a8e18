"""``frontdesk replay`` and ``frontdesk releases diff``, and what admins are shown of the latter."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from calls import Caller
from fakes import FakeEngines
from index.champion import promote, rollback
from index.records import Reading, Scored
from service import diffs
from service import engine as door
from service.cli import cli
from service.commands import replaying, talking
from service.config import Config
from service.desk import Desk
from service.errors import Conflict, NotFound
from service.metrics import Metrics
from service.records.content import Content
from service.store import Store
from starter_desk import Starter, frontdesk
from test_release import write_release
from test_talking import FakeReader


class OtherReader(FakeReader):
    """Reads as the first release does, but takes returns for deliveries, and knows no gift card."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return [self._otherwise(reading) for reading in super().read(texts)]

    def _otherwise(self, reading: Reading) -> Reading:
        top = reading.intents[0]
        if top.label == "return_policy" and top.confidence > 0.9:
            return replace(reading, intents=(Scored("call_us", 0.93), *reading.intents[1:]))
        if top.label == "greeting":
            return replace(reading, intents=(Scored("greeting", 0.8), *reading.intents[1:]))
        return reading


@pytest.fixture
def two(config: Config, content: Content, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A champion and a newer release."""
    first, second = sorted(write_release(config.releases).id for _ in range(2))
    labels = [intent.name for intent in content.intents]

    def load(folder: Path, _device: str) -> FakeReader:
        kind = OtherReader if folder.name == second else FakeReader
        return kind(content, folder.name, labels)

    for module in (talking, door):
        monkeypatch.setattr(module, "load_reader", load)
    (config.releases / "champion").write_text(f"{first}\n")
    monkeypatch.setattr(replaying.os, "nice", lambda _by: None)
    return first, second


@pytest.fixture
def spoken(store: Store, engines: FakeEngines) -> Store:
    """A store with three conversations of today."""
    desk = Desk(store, engines, Metrics())
    for number, texts in enumerate(
        (("hello", "how do I return it"), ("where is it", "1234"), ("a person", "return it?"))
    ):
        conversation, _ = store.create_conversation()
        for text in texts:
            current = store.conversation(conversation.id)
            desk.receive(current, f"{number}-{text}", text)
    return store


def run(config: Config, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(config.home), *arguments])


def test_replay_writes_a_line_a_message_and_then_a_summary(
    config: Config, spoken: Store, two: tuple[str, str]
) -> None:
    done = run(config, "replay", "--since", "1d", "--release", two[1])
    assert done.exit_code == 0, done.output
    lines = {line["text"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert len(lines) == 6
    assert {text: line["change"] for text, line in lines.items() if line["change"]} == {
        "how do I return it": "answer_lost"
    }
    changed = lines["how do I return it"]
    assert (changed["then"]["reply"], changed["reply"]) == (
        "You have 30 days.",
        "A colleague will answer you here.",
    )
    assert lines["1234"]["reply"] == "Order LC-1234 is on its way."
    assert (lines["return it?"]["action"], lines["return it?"]["reply"]) == ("none", None)
    assert "replies that change: 1 (20.0 %)" in done.stderr
    assert "no longer answered: 1" in done.stderr


def test_replay_of_the_champion_changes_nothing(
    config: Config, spoken: Store, two: tuple[str, str]
) -> None:
    done = run(config, "replay", "--since", "1d", "--json")
    report = json.loads(done.stdout)
    assert report["release"] == two[0]
    assert (report["messages"], report["changes"]["changed"]) == (5, 0)
    assert report["changes"]["before"]["actions"] == report["actions"]
    assert report["changes"]["with_person"] == 1


def test_replay_of_a_file_needs_no_desk(
    config: Config, two: tuple[str, str], tmp_path: Path
) -> None:
    (tmp_path / "past.jsonl").write_text('{"text": "hello"}\n{"text": "blah"}\n')
    done = run(config, "replay", str(tmp_path / "past.jsonl"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["route"]["intent"] for line in lines] == ["greeting", None]
    assert "change" not in lines[0]
    assert "2 messages: answer 1, clarify 1" in done.stderr
    assert not config.database.exists()


@pytest.mark.parametrize(
    "arguments", [(), ("x.jsonl", "--since", "1d"), ("--since", "yesterday"), ("--since", "1y")]
)
def test_replay_is_told_what_to_run(config: Config, arguments: tuple[str, ...]) -> None:
    assert run(config, "replay", *arguments).exit_code == 2


def test_diff_compares_the_champion_with_the_newest(
    config: Config, spoken: Store, two: tuple[str, str], tmp_path: Path
) -> None:
    page = tmp_path / "diff.html"
    done = run(config, "releases", "diff", "--json", "--html", str(page))
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["before_release"], report["after_release"]) == two
    assert report["before"]["releases"] == {two[0]: 5}
    assert (report["messages"], report["with_person"], report["changed"]) == (5, 1, 1)
    assert report["same_reply"]["other_confidence"] == 1
    (group,) = report["groups"]
    assert (group["from"]["intent"], group["to"]["action"]) == ("return_policy", "handoff")
    assert report["before"]["answered_share"] == 0.6
    assert report["after"]["answered_share"] == 0.4
    assert "how do I return it" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert diffs.kept(config, two[1]) is None
    text = run(config, "releases", "diff", two[1], two[0]).stdout
    assert f"{two[1]} → {two[0]}" in text
    assert "answered now: 1" in text


def test_diff_after_a_promotion_shows_what_it_changed(
    config: Config, spoken: Store, two: tuple[str, str]
) -> None:
    """The job after a night runs it without any names: whichever way the night ended."""
    first, second = two
    kept = json.loads(run(config, "releases", "diff", "--keep", "--json").stdout)
    assert (kept["before_release"], kept["after_release"]) == (first, second)
    promote(config.releases, second)
    promoted = json.loads(run(config, "releases", "diff", "--keep", "--json").stdout)
    assert (promoted["before_release"], promoted["after_release"]) == (first, second)
    rollback(config.releases)
    assert diffs.opposite(config, second) == first
    assert not diffs.is_stale(config, second, diffs.kept(config, second) or {})


def test_first_night_has_nothing_to_compare_and_does_not_fail(
    config: Config, spoken: Store, two: tuple[str, str]
) -> None:
    shutil.rmtree(config.releases / two[1])
    done = run(config, "releases", "diff", "--keep", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"compared": False})
    assert isinstance(run(config, "releases", "diff").exception, NotFound)


def test_diff_can_be_limited_to_the_newest_messages(
    config: Config, spoken: Store, two: tuple[str, str]
) -> None:
    done = run(config, "releases", "diff", "--limit", "2", "--json")
    report = json.loads(done.stdout)
    assert report["messages"] + report["with_person"] == 2


def test_diff_needs_two_releases(config: Config, spoken: Store, two: tuple[str, str]) -> None:
    assert run(config, "releases", "diff", two[0], two[0]).exit_code == 2
    assert isinstance(run(config, "releases", "diff", two[0], "rel_x").exception, NotFound)
    (config.releases / "champion").unlink()
    assert isinstance(run(config, "releases", "diff").exception, NotFound)


def test_kept_diffs_are_private_and_go_with_their_releases(
    config: Config, spoken: Store, two: tuple[str, str]
) -> None:
    diffs.keep(config, "rel_gone", {})
    done = run(config, "releases", "diff", "--keep")
    assert done.exit_code == 0, done.output
    kept = diffs.kept(config, two[1])
    assert kept
    assert kept["changed"] == 1
    assert [file.name for file in diffs.folder(config).iterdir()] == [f"{two[1]}.json"]
    assert stat.S_IMODE(diffs.folder(config).stat().st_mode) == 0o700
    assert stat.S_IMODE((diffs.folder(config) / f"{two[1]}.json").stat().st_mode) == 0o600


# --- for admins ----------------------------------------------------------------------------------


def path(release: str) -> str:
    return f"/api/v1/releases/{release}/diff"


def wait_for(admin: Caller, release: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        body: dict[str, Any] = admin.get(path(release)).json
        if not body["running"] and (body["diff"] or body["problem"]):
            return body
        time.sleep(0.05)
    pytest.fail("the comparison did not end")


@pytest.fixture
def child(config: Config, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the place of the command: keeps a report, or fails, once the file returned is there."""
    gate = config.home / "go"
    script = (
        "import os, sys, time, pathlib\n"
        "gate, after, since = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "while not gate.exists(): time.sleep(0.01)\n"
        "if since == '1d': sys.exit('frontdesk: no such thing')\n"
        "(gate.parent / 'diffs' / f'{after}.json').write_text('{\"changed\": 7}')\n"
    )

    def command(_config: Config, _before: str, after: str, since: str) -> list[str]:
        return [sys.executable, "-c", script, str(gate), after, since]

    monkeypatch.setattr(diffs, "command", command)
    return gate


def test_admins_start_a_comparison_and_see_it(
    admin: Caller, config: Config, two: tuple[str, str], child: Path
) -> None:
    first, second = two
    nothing = {"diff": None, "stale": False, "running": False, "problem": None}
    assert admin.get(path(second)).json == nothing
    begun = admin.post(path(second), {"since": "2d"})
    assert (begun.status_code, begun.json["running"]) == (202, True)
    assert admin.post(path(second), {}).status_code == 409
    assert admin.get(path(first)).json["running"] is False
    child.touch()
    assert wait_for(admin, second)["diff"] == {"changed": 7}


def test_a_comparison_that_failed_says_why(
    admin: Caller, two: tuple[str, str], child: Path
) -> None:
    child.touch()
    assert admin.post(path(two[1]), {"since": "1d"}).status_code == 202
    assert wait_for(admin, two[1])["problem"] == "frontdesk: no such thing"
    assert admin.post(path(two[1]), {"since": "3d"}).status_code == 202
    body = wait_for(admin, two[1])
    assert (body["diff"], body["problem"]) == ({"changed": 7}, None)


def test_a_comparison_that_takes_too_long_is_ended(
    config: Config, store: Store, two: tuple[str, str], child: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffs, "MOST_SECONDS", 0.1)
    diffs.start(config, two[1], "7d")
    deadline = time.monotonic() + 10
    while diffs.problem(config, two[1]) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert diffs.problem(config, two[1]) == "It took too long."
    assert diffs.running(config) is None


def test_only_admins_and_only_other_releases(
    admin: Caller, operator: Caller, config: Config, two: tuple[str, str], child: Path
) -> None:
    for caller, release, body, status in (
        (operator, two[1], {}, 403),
        (admin, "rel_x", {}, 404),
        (admin, two[0], {}, 409),
        (admin, two[1], {"since": "soon"}, 422),
    ):
        assert caller.post(path(release), body).status_code == status
    assert operator.get(path(two[1])).status_code == 403
    assert admin.get(path("rel_x")).status_code == 404
    (config.releases / "champion").unlink()
    with pytest.raises(Conflict, match="no champion"):
        diffs.start(config, two[1], "7d")


def test_the_command_that_is_started_is_ours(config: Config, two: tuple[str, str]) -> None:
    """It is understood; that it compares, the tests of ``diff`` show."""
    done = subprocess.run(
        [*diffs.command(config, *two, "7d"), "--help"], capture_output=True, text=True, check=True
    )
    assert "--keep" in done.stdout


# --- with a real release -------------------------------------------------------------------------


@pytest.mark.model
@pytest.mark.slow
def test_the_starter_desk_says_again_what_it_has_said(starter: Starter, tmp_path: Path) -> None:
    home = starter.copy(tmp_path / "home")
    said = (
        "hi there\nwhere is my parcel\nKM-482913\nI want to send it back\n1\nthis is a disgrace\n\n"
    )
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-m", "service", "--home", str(home), "chat"],
            input=said.encode(),
            capture_output=True,
            check=True,
            env=os.environ,
        )
    report = frontdesk(home, "replay", "--since", "1h")
    assert report["messages"] >= 8
    assert report["changes"]["changed"] == 0
    assert report["changes"]["same_reply"]["other_intent"] == 0
    assert report["answered_share"] > 0
