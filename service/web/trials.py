"""The admins' API for trials: put a release on trial beside the champion, see how it does, stop it.

Works on the folder of releases; every process of the server notices by itself.
"""

import logging
from typing import Any

from flask import Blueprint, g, request

from index.trial import end_trial
from service.errors import NotFound
from service.trials import STOPPED, put_on_trial, trial_json
from service.web.context import admin_required, lead_required, parts
from service.web.inputs.learning import NewTrial
from service.web.inputs.parsing import no_body, read_body
from service.web.operations import operation

log = logging.getLogger("frontdesk.web")

blueprint = Blueprint("trials", __name__, url_prefix="/api/v1")


@blueprint.get("/releases/trial")
@operation(
    "The last trial, its figures and newest disagreements; customers' words.",
    returns={200: "Trial"},
    auth="lead",
)
@lead_required
def read_trial() -> dict[str, Any]:
    running = parts()
    return trial_json(running.store, running.config.releases, running.trials)


@blueprint.post("/releases/<release_id>/trial")
@operation(
    "Let it read (shadow) or answer (canary) a share of the conversations.",
    body=NewTrial,
    returns={201: "Trial"},
    auth="admin",
)
@admin_required
def start_trial(release_id: str) -> tuple[dict[str, Any], int]:
    body = read_body(NewTrial)
    begun = put_on_trial(parts().config.releases, release_id, body.mode, body.share)
    log.info(
        "operator %s began trial %s: %s of release %s, share %s",
        g.operator.id,
        begun.id,
        begun.mode,
        release_id,
        begun.share,
    )
    parts().store.note("trial.begin", release_id, f"{begun.mode}, share {begun.share}")
    return read_trial(), 201


@blueprint.delete("/releases/trial")
@operation(
    "Stop the trial.",
    query={"id": "only this one, and no newer one of somebody else's"},
    returns={200: "Trial"},
    auth="admin",
)
@admin_required
def stop_trial() -> dict[str, Any]:
    no_body()
    ended = end_trial(parts().config.releases, STOPPED, request.args.get("id") or None)
    if ended is None:
        raise NotFound("There is no such trial, or it is over.")
    log.info("operator %s stopped trial %s of release %s", g.operator.id, ended.id, ended.release)
    parts().store.note("trial.stop", ended.release)
    return read_trial()
