"""What is told of nights and releases: by the reader, whatever lies there, and over HTTP."""

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from calls import Caller
from fakes import FakeEngines
from index.champion import promote
from index.release import Manifest
from index.seen import Mark, write_marks
from service import diffs
from service.config import Config
from service.figures import figures_of, size_of
from service.nights import (
    LOCK,
    Check,
    Judged,
    is_running,
    list_nights,
    read_judged,
    unreadable_nights,
)
from service.store import Store
from test_release import write_release

API = "/api/v1"
CHECKS = [
    {"name": "better", "passed": True, "told": "Of 90 messages it handles 12 better and 1 worse."},
    {"name": "intents", "passed": False, "told": "Worse in refund (6 worse, 0 better)."},
]
FIGURES = {"rows": 90, "corrected": 30, "set_aside": 4, "challenger": {"intent": {"rows": 90}}}


def write_night(home: Path, day: int, **fields: Any) -> str:
    """A night as ``frontdesk retrain`` keeps it; the id."""
    name = f"nig_202611{day:02}T030000Z_0000000{day % 10}"
    folder = home / "nights" / name
    folder.mkdir(parents=True)
    night = {"id": name, "begun_at": f"2026-11-{day:02}T03:00:00Z", "stage": "kept", **fields}
    (folder / "night.json").write_text(json.dumps(night))
    (folder / "verdict.json").write_text(json.dumps({"checks": CHECKS, "figures": FIGURES}))
    return name


@pytest.fixture
def two(config: Config, store: Store) -> tuple[Manifest, Manifest]:
    """A champion, and the one before it."""
    made = write_release(config.releases), write_release(config.releases)
    for release in made:
        promote(config.releases, release.id)
    return made


# --- the reader ----------------------------------------------------------------------------------


def test_nights_are_read_newest_first_with_their_verdicts(tmp_path: Path) -> None:
    first = write_night(tmp_path, 1, stage="promoted", release="rel_a", rows=90)
    second = write_night(tmp_path, 2, reason="It is no better.", training_seconds=61.5)
    nights = list_nights(tmp_path)
    assert [night.id for night in nights] == [second, first]
    assert (nights[1].stage, nights[1].rows) == ("promoted", 90)
    assert nights[0].training_seconds == 61.5
    checks = tuple(Check(**check) for check in CHECKS)
    assert read_judged(tmp_path / "nights" / first) == Judged(checks, 90, 30, 4)


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b'{"id": "nig_2',
        b"[]",
        b'{"begun_at": "2026-11-01T03:00:00Z"}',
        b'{"id": "NAME", "begun_at": "yesterday"}',
        b'{"id": "NAME", "begun_at": "2026-11-01T03:00:00"}',
        b'{"id": "NAME", "begun_at": "2026-11-01T03:00:00Z", "stage": "won"}',
        b'{"id": "NAME", "begun_at": "2026-11-01T03:00:00Z", "rows": []}',
        b'{"id": "NAME", "begun_at": "2026-11-01T03:00:00Z", "training_seconds": NaN}',
        b'{"id": "another", "begun_at": "2026-11-01T03:00:00Z"}',
        b"[" * 100_000,
        b"\xff\x00",
    ],
)
def test_damaged_night_is_left_out_and_named(written: bytes, tmp_path: Path) -> None:
    whole, broken = write_night(tmp_path, 1), write_night(tmp_path, 2)
    (tmp_path / "nights" / broken / "night.json").write_bytes(
        written.replace(b"NAME", broken.encode())
    )
    assert [night.id for night in list_nights(tmp_path)] == [whole]
    assert unreadable_nights(tmp_path) == [broken]


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"null",
        b"{}",
        b'{"checks": [], "figures": []}',
        b'{"checks": [{"name": "better"}], "figures": {}}',
        b'{"checks": 7, "figures": {}}',
    ],
)
def test_damaged_verdict_is_none(written: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "nights" / write_night(tmp_path, 1)
    (folder / "verdict.json").write_bytes(written)
    assert read_judged(folder) is None
    (folder / "verdict.json").unlink()
    assert read_judged(folder) is None


def test_what_a_newer_version_writes_besides_is_passed_over(tmp_path: Path) -> None:
    write_night(tmp_path, 1, shadow="later")
    assert len(list_nights(tmp_path)) == 1


def test_a_night_runs_as_long_as_its_lock_is_held(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    with (tmp_path / LOCK).open("w") as lock:
        assert not is_running(tmp_path)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert is_running(tmp_path)
    assert not is_running(tmp_path)


def test_figures_are_null_where_metrics_have_none(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.json"
    promise = {"promise": 0.95, "precision": 0.94, "precision_interval": [0.9, 0.96]}
    metrics.write_text(json.dumps({"intent": {"accuracy": 1}, "promise": promise}))
    found = figures_of(tmp_path)
    assert (found["accuracy"], found["sentiment"], found["kept"]) == (1.0, None, True)
    metrics.write_text(json.dumps({"promise": promise | {"precision_interval": [0.8, 0.949]}}))
    assert figures_of(tmp_path)["kept"] is False
    for damaged in ("", "[]", '{"promise": [], "intent": {"accuracy": "1"}}', '{"promise": {"prom'):
        metrics.write_text(damaged)
        assert set(figures_of(tmp_path).values()) == {None}
    metrics.unlink()
    assert set(figures_of(tmp_path).values()) == {None}
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "weights").write_bytes(b"12345")
    assert size_of(tmp_path) == 5


# --- over HTTP -----------------------------------------------------------------------------------


def test_operators_read_nights_and_their_checks(operator: Caller, config: Config) -> None:
    empty = {"nights": [], "running": False, "unreadable": []}
    assert operator.get(f"{API}/nights").json == empty
    first = write_night(config.home, 1, stage="promoted", ended_at="2026-11-01T03:09:00Z")
    broken = write_night(config.home, 2)
    (config.home / "nights" / broken / "night.json").write_text("{")
    told = operator.get(f"{API}/nights").json
    assert [night["id"] for night in told["nights"]] == [first]
    assert told["unreadable"] == [broken]
    one = operator.get(f"{API}/nights/{first}").json
    assert one["night"]["stage"] == "promoted"
    assert one["verdict"]["checks"] == CHECKS
    assert one["verdict"]["corrected"] == 30
    (config.home / "nights" / first / "verdict.json").write_text('{"checks"')
    assert operator.get(f"{API}/nights/{first}").json["verdict"] is None
    for unknown in (broken, "nig_x", "..", "%2e%2e%2f%2e%2e"):
        assert operator.client.get(f"{API}/nights/{unknown}").status_code == 404


def test_strangers_see_no_nights_and_no_report(
    client: Caller, config: Config, two: tuple[Manifest, Manifest]
) -> None:
    for path in ("nights", f"nights/{write_night(config.home, 1)}", f"releases/{two[0].id}/report"):
        assert client.get(f"{API}/{path}").status_code == 401


def test_releases_are_listed_with_what_people_decide_by(
    operator: Caller, config: Config, engines: FakeEngines, two: tuple[Manifest, Manifest]
) -> None:
    first, second = two
    night = write_night(config.home, 1, stage="promoted", release=second.id)
    write_marks(config.releases, {first.id: Mark("2026-11-02T00:00:00Z", {"ers_1": 3})})
    told = operator.get(f"{API}/releases/overview").json
    assert (told["champion"], told["previous"]) == (second.id, first.id)
    assert (told["serving"], told["problem"]) == ("rel_fake", None)
    shown = {release["id"]: release for release in told["releases"]}
    assert shown[second.id]["night"] == night
    assert shown[first.id]["night"] is None
    assert shown[first.id]["erased"]["texts"] == 3
    assert shown[second.id]["size"] > 0
    assert "accuracy" in shown[second.id]["figures"]
    assert "files" not in shown[second.id]
    engines.problem = "Release rel_x cannot be loaded: it is damaged."
    assert "damaged" in operator.get(f"{API}/releases/overview").json["problem"]
    engines.away = True
    assert operator.get(f"{API}/releases/overview").json["serving"] is None


def test_report_is_a_page_that_can_do_nothing(
    operator: Caller, config: Config, two: tuple[Manifest, Manifest]
) -> None:
    path = f"{API}/releases/{two[0].id}/report"
    assert operator.get(path).status_code == 404
    page = "<!doctype html><title>é</title><script>alert(1)</script>"
    (config.releases / two[0].id / "report.html").write_text(page)
    answer = operator.get(path)
    assert answer.text == page
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    assert policy.endswith("sandbox")
    assert operator.get(f"{API}/releases/{'rel_x'}/report").status_code == 404


def test_kept_comparison_is_stale_once_another_is_champion(
    admin: Caller, config: Config, two: tuple[Manifest, Manifest]
) -> None:
    """Of a challenger: with the champion. Of the champion: with the one before it."""
    first, second = (release.id for release in two)
    challenger = write_release(config.releases).id
    at = "2026-11-03T04:00:00Z"
    for after, before in ((challenger, second), (second, first)):
        report = {"before_release": before, "after_release": after, "at": at, "messages": 9}
        diffs.keep(config, after, report | {"changed": 2})

    def stale(release: str) -> bool:
        told = {r["id"]: r["diff"] for r in admin.get(f"{API}/releases").json["releases"]}
        assert told[release]["changed"] == 2
        whole: dict[str, Any] = admin.get(f"{API}/releases/{release}/diff").json
        assert whole["stale"] is told[release]["stale"]
        return bool(whole["stale"])

    assert (stale(challenger), stale(second)) == (False, False)
    admin.post(f"{API}/releases/{challenger}/promote")
    assert (stale(challenger), stale(second)) == (False, True)
    admin.post(f"{API}/releases/rollback")
    assert (stale(challenger), stale(second)) == (False, True)
    (diffs.folder(config) / f"{challenger}.json").write_text('{"before')
    assert admin.get(f"{API}/releases/{challenger}/diff").json["diff"] is None


def test_operators_only_look(operator: Caller, two: tuple[Manifest, Manifest]) -> None:
    first = f"{API}/releases/{two[0].id}"
    assert operator.get(f"{API}/releases/overview").status_code == 200
    assert operator.get(f"{API}/releases").status_code == 403
    assert operator.post(f"{first}/promote").status_code == 403
    assert operator.post(f"{API}/releases/rollback").status_code == 403
    assert operator.get(f"{first}/diff").status_code == 403


def test_readiness_tells_of_a_champion_that_cannot_be_used(
    client: Caller, engines: FakeEngines
) -> None:
    assert client.get("/readyz").json == {"status": "ready", "release": "rel_fake"}
    engines.problem = "Release rel_x cannot be loaded: it is damaged."
    told = client.get("/readyz")
    assert told.status_code == 200
    assert told.json["problem"] == engines.problem
