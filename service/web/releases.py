"""The admins' API for releases: which there are, promote one, roll back.

Works on the folder of releases; the engine of every process notices a new champion by itself.
"""

from dataclasses import asdict
from typing import Any

from flask import Blueprint

from index.champion import champion, list_releases, promote, rollback
from service.errors import NotFound
from service.web.context import admin_required, parts
from service.web.inputs import no_body
from service.web.operations import operation

blueprint = Blueprint("releases", __name__, url_prefix="/api/v1")


@blueprint.get("/releases")
@operation("Releases, newest first.", returns={200: "Releases"}, auth="admin")
@admin_required
def read_releases() -> dict[str, Any]:
    folder = parts().config.releases
    shown = [{k: v for k, v in asdict(m).items() if k != "files"} for m in list_releases(folder)]
    return {"releases": shown, "champion": champion(folder)}


@blueprint.post("/releases/<release_id>/promote")
@operation("Make it the champion.", returns={200: "Champion"}, auth="admin")
@admin_required
def promote_release(release_id: str) -> dict[str, Any]:
    no_body()
    folder = parts().config.releases
    if release_id not in {manifest.id for manifest in list_releases(folder)}:
        raise NotFound(f"There is no release {release_id!r}.")
    promote(folder, release_id)
    return {"champion": champion(folder)}


@blueprint.post("/releases/rollback")
@operation(
    "Make the previous champion the champion again.", returns={200: "Champion"}, auth="admin"
)
@admin_required
def roll_back() -> dict[str, Any]:
    no_body()
    return {"champion": rollback(parts().config.releases)}
