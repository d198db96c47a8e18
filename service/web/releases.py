"""The API for releases: which there are, what one would change, promote one, roll back.

Operators may look; what changes something, or shows conversations, is the admins'. Works on the
folder of releases; the engine of every process notices a new champion by itself.
"""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g

from index.champion import champion, list_releases, previous, promote, rollback
from index.release import REPORT
from index.seen import read_marks
from service import diffs
from service.config import Config
from service.errors import EngineAway, NotFound
from service.figures import figures_of, size_of
from service.nights import list_nights
from service.times import since as time_of
from service.web.context import admin_required, operator_required, parts
from service.web.inputs.learning import NewDiff
from service.web.inputs.parsing import no_body, read_body
from service.web.operations import operation

log = logging.getLogger("frontdesk.web")

# A report is written by training and quotes messages: it may look as it likes, and do nothing.
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)

blueprint = Blueprint("releases", __name__, url_prefix="/api/v1")


@blueprint.get("/releases")
@operation("Releases, newest first.", returns={200: "Releases"}, auth="admin")
@admin_required
def read_releases() -> dict[str, Any]:
    return _releases()


@blueprint.get("/releases/overview")
@operation("The same for operators, who only look.", returns={200: "Releases"}, auth="operator")
@operator_required
def read_overview() -> dict[str, Any]:
    return _releases()


def _releases() -> dict[str, Any]:
    config, engines = parts().config, parts().engines
    marks = read_marks(config.releases)
    made_by = {night.release: night.id for night in reversed(list_nights(config.home))}
    try:
        serving = engines.current().release
    except EngineAway:
        serving = None
    return {
        "releases": [
            {
                **{k: v for k, v in asdict(m).items() if k != "files"},
                "erased": marks[m.id].to_json() if m.id in marks else None,
                "figures": figures_of(config.releases / m.id),
                "size": size_of(config.releases / m.id),
                "report": (config.releases / m.id / REPORT).is_file(),
                "night": made_by.get(m.id),
                "diff": _diff_in_short(config, m.id),
            }
            for m in list_releases(config.releases)
        ],
        "champion": champion(config.releases),
        "previous": previous(config.releases),
        "serving": serving,
        "problem": engines.problem or None,
    }


@blueprint.get("/releases/<release_id>/report")
@operation("Its report, a page for people.", returns={200: "Page"}, auth="operator")
@operator_required
def read_release_report(release_id: str) -> Response:
    folder = parts().config.releases
    _require(folder, release_id)
    try:
        page = (folder / release_id / REPORT).read_bytes()
    except OSError:
        raise NotFound(f"The release {release_id} has no report.") from None
    return Response(page, mimetype="text/html", headers={"Content-Security-Policy": PAGE_POLICY})


@blueprint.post("/releases/<release_id>/promote")
@operation("Make it the champion.", returns={200: "Champion"}, auth="admin")
@admin_required
def promote_release(release_id: str) -> dict[str, Any]:
    no_body()
    folder = parts().config.releases
    _require(folder, release_id)
    promote(folder, release_id)
    log.info("operator %s promoted release %s", g.operator.id, release_id)
    parts().store.promoted(release_id)
    return {"champion": champion(folder)}


@blueprint.get("/releases/<release_id>/diff")
@operation(
    "The replies that change from the champion to it (from the one before to the champion), as last"
    " compared; customers' words.",
    returns={200: "Diff"},
    auth="admin",
)
@admin_required
def read_diff(release_id: str) -> dict[str, Any]:
    config = parts().config
    _require(config.releases, release_id)
    return _diff(config, release_id)


@blueprint.post("/releases/<release_id>/diff")
@operation(
    "Compare it with the champion (the champion with the one before), in the background.",
    body=NewDiff,
    returns={202: "Diff"},
    auth="admin",
)
@admin_required
def start_diff(release_id: str) -> tuple[dict[str, Any], int]:
    config, since = parts().config, read_body(NewDiff).since
    _require(config.releases, release_id)
    time_of(since)
    diffs.start(config, release_id, since)
    return _diff(config, release_id), 202


@blueprint.post("/releases/rollback")
@operation(
    "Make the previous champion the champion again.", returns={200: "Champion"}, auth="admin"
)
@admin_required
def roll_back() -> dict[str, Any]:
    no_body()
    restored = rollback(parts().config.releases)
    log.info("operator %s rolled back to release %s", g.operator.id, restored)
    parts().store.promoted(restored, rollback=True)
    return {"champion": restored}


def _diff(config: Config, release_id: str) -> dict[str, Any]:
    report = diffs.kept(config, release_id)
    return {
        "diff": report,
        "stale": report is not None and diffs.is_stale(config, release_id, report),
        "running": diffs.running(config) == release_id,
        "problem": diffs.problem(config, release_id),
    }


def _diff_in_short(config: Config, release_id: str) -> dict[str, Any] | None:
    """How many replies change by the kept report, without a customer's word."""
    report = diffs.kept(config, release_id)
    if report is None:
        return None
    shown = {name: report.get(name) for name in ("at", "before_release", "messages", "changed")}
    return {**shown, "stale": diffs.is_stale(config, release_id, report)}


def _require(folder: Path, release_id: str) -> None:
    if release_id not in {manifest.id for manifest in list_releases(folder)}:
        raise NotFound(f"There is no release {release_id!r}.")
