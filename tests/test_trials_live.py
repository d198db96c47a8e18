"""A trial on the real server: shadow, canary, its stop by itself, a restart, a promotion."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from chromium import watch
from live import LiveServer
from starter_desk import Starter, frontdesk

pytestmark = [pytest.mark.model, pytest.mark.slow]

READY_SECONDS = 120  # the challenger encodes the content in small steps
NOTICED_SECONDS = 5  # issue 5
API = "/api/v1/releases"
PASSWORD = "a-password-for-ada"
TEXTS = ("how do I return a tent?", "is delivery to Norway possible?", "where is order KM-482913?")


def challenger_of(home: Path, name: str, **thresholds: float) -> str:
    """A release that reads as the champion does, and decides by other thresholds."""
    releases = home / "releases"
    copy = releases / name
    shutil.copytree(releases / (releases / "champion").read_text().strip(), copy)
    calibration = json.loads((copy / "calibration.json").read_text())
    calibration["thresholds"].update(thresholds)
    (copy / "calibration.json").write_text(json.dumps(calibration))
    manifest = json.loads((copy / "manifest.json").read_text())
    digest = hashlib.sha256((copy / "calibration.json").read_bytes()).hexdigest()
    manifest |= {"id": name, "files": manifest["files"] | {"calibration.json": digest}}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    return name


class Watched:
    """The server, with an admin's token."""

    def __init__(self, home: Path, server: LiveServer, token: str) -> None:
        self.home = home
        self.server = server
        self.token = token

    def trial(self) -> dict[str, Any]:
        status, _, told = self.server.call("GET", f"{API}/trial", token=self.token)
        assert status == 200, told
        return dict(told)

    def begin(self, release: str, mode: str, share: float) -> None:
        """With the champion's vectors, which are the challenger's, too: no need to encode."""
        champion = (self.home / "releases" / "champion").read_text().strip()
        for vectors in (self.home / "cache").glob(f"{champion}.*"):
            shutil.copy(vectors, vectors.with_name(vectors.name.replace(champion, release)))
        body = {"mode": mode, "share": share}
        path = f"{API}/{release}/trial"
        assert self.server.call("POST", path, body, token=self.token)[0] == 201

    def until(self, so: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not so(told := self.trial()):
            assert time.monotonic() < deadline, told
            time.sleep(0.1)
        return told

    def converse(self, *texts: str) -> list[str | None]:
        """A conversation of one customer; the release of each turn."""
        path, token = self.server.start_conversation()
        releases = []
        for number, text in enumerate(texts):
            body = {"client_id": f"c{number}", "text": text}
            status, _, turn = self.server.call("POST", f"{path}/messages", body, token=token)
            assert status == 201
            trace = f"/api/v1/messages/{turn['message']['id']}/trace"
            told = self.server.call("GET", trace, token=self.token)[2]
            releases.append(told["release"])
        return releases


@pytest.fixture
def home(starter: Starter, tmp_path: Path) -> Path:
    return starter.copy(tmp_path / "home")


@pytest.fixture
def watched(home: Path) -> Iterator[Watched]:
    challenger_of(home, "rel_twin")
    challenger_of(home, "rel_strict", answer=1.5)  # never sure: asks back or hands over
    frontdesk(
        home, "operator", "add", "ada@desk.example", "--role", "admin", "--password", PASSWORD
    )
    token = frontdesk(home, "operator", "token", "ada@desk.example")["token"]
    with LiveServer(home) as server:
        deadline = time.monotonic() + READY_SECONDS
        while server.call("GET", "/readyz")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield Watched(home, server, token)


def ready(told: dict[str, Any]) -> bool:
    return bool(told["ready"])


def test_trials_on_the_real_server(home: Path, watched: Watched) -> None:
    champion = (home / "releases" / "champion").read_text().strip()

    watched.begin("rel_twin", "shadow", 1)
    assert watched.converse(*TEXTS) == [champion] * 3  # while it is being loaded
    watched.until(ready, READY_SECONDS)
    before = watched.trial()["shadow"]
    assert watched.converse(*TEXTS) == [champion] * 3
    shadow = watched.until(
        lambda told: told["shadow"]["compared"] >= before["compared"] + 3, NOTICED_SECONDS + 15
    )["shadow"]
    assert shadow["changed"]["count"] == 0  # the same weights say the same

    watched.begin("rel_strict", "shadow", 1)
    watched.until(ready, READY_SECONDS)
    assert watched.converse(TEXTS[0]) == [champion]
    told = watched.until(lambda told: bool(told["disagreements"]), 20)
    assert told["shadow"]["kinds"]["answer_lost"] == 1
    (found,) = told["disagreements"]
    assert found["text"] == TEXTS[0]
    assert (found["champion"]["release"], found["challenger"]["release"]) == (
        champion,
        "rel_strict",
    )

    watched.begin("rel_twin", "canary", 0.5)
    watched.until(ready, READY_SECONDS)
    conversations = [watched.converse(*TEXTS[:2]) for _ in range(12)]
    assert {len(set(releases)) for releases in conversations} == {1}
    assert {releases[0] for releases in conversations} == {champion, "rel_twin"}
    stopped = frontdesk(home, "releases", "trial", "--stop")
    assert stopped["canary"]["challenger"]["conversations"] == sum(
        releases[0] == "rel_twin" for releases in conversations
    )
    time.sleep(NOTICED_SECONDS)
    assert {watched.converse(TEXTS[0])[0] for _ in range(6)} == {champion}

    watched.begin("rel_twin", "canary", 0.5)
    watched.until(ready, READY_SECONDS)
    frontdesk(home, "releases", "promote", "rel_twin")
    assert not watched.trial()["running"]
    deadline = time.monotonic() + READY_SECONDS
    while watched.server.call("GET", "/readyz")[2]["release"] != "rel_twin":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    frontdesk(home, "releases", "rollback")
    assert watched.trial()["trial"]["reason"] == "rel_twin became the champion."


def test_worse_canary_stops_by_itself_and_survives_a_restart(home: Path, watched: Watched) -> None:
    champion = (home / "releases" / "champion").read_text().strip()
    watched.begin("rel_strict", "canary", 0.5)
    watched.until(ready, READY_SECONDS)
    watched.server.kill()
    with LiveServer(home) as server:
        watched.server = server
        watched.until(ready, READY_SECONDS)
        # Twice unsure is handed over.
        for _ in range(60):
            watched.converse(TEXTS[0], TEXTS[0])
        told = watched.until(lambda told: not told["running"], 90)
        assert "conversations were handed over" in told["trial"]["reason"]
        assert told["canary"]["challenger"]["handed_over"]["share"] == 1
        assert "the canary rel_strict was stopped" in server.log.read_text()
        time.sleep(NOTICED_SECONDS)
        assert {watched.converse(TEXTS[0])[0] for _ in range(6)} == {champion}


@pytest.mark.browser
def test_admin_begins_and_stops_a_trial_in_the_console(browser: Browser, watched: Watched) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    problems = watch(page)
    page.goto(f"http://127.0.0.1:{watched.server.port}/console")
    page.get_by_test_id("email").fill("ada@desk.example")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    page.get_by_test_id("nav-releases").click()
    page.get_by_test_id("open-trial").click()
    page.get_by_test_id("trial-release").select_option("rel_strict")
    page.get_by_test_id("trial-share").fill("100")
    page.get_by_test_id("trial-begin").click()
    expect(page.get_by_test_id("trial-state")).to_have_text("Running")
    assert watched.trial()["trial"]["share"] == 1
    watched.until(ready, READY_SECONDS)
    watched.converse(TEXTS[0])
    row = page.get_by_test_id("disagreement")
    expect(row).to_contain_text(TEXTS[0], timeout=30_000)
    row.locator("summary").click()
    expect(row).to_contain_text("Challenger would say")
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 860})
        wider = "d => d.scrollWidth - d.clientWidth"
        assert page.locator(".trial-dialog").evaluate(wider) == 0
    page.get_by_test_id("trial-stop").click()
    expect(page.get_by_test_id("trial-state")).to_have_text("Ended")
    expect(page.get_by_test_id("trial-reason")).to_have_text("Stopped by hand.")
    assert not watched.trial()["running"]
    assert problems == []
