"""The API for nights of learning: how each ended, and the checks of its verdict.

Reads what ``frontdesk retrain`` keeps in the home; starts and changes nothing.
"""

from dataclasses import asdict
from typing import Any

from flask import Blueprint

from service.errors import NotFound
from service.nights import NIGHTS, is_running, list_nights, read_judged, unreadable_nights
from service.web.context import operator_required, parts
from service.web.operations import operation

blueprint = Blueprint("nights", __name__, url_prefix="/api/v1")


@blueprint.get("/nights")
@operation("Nights of learning, newest first.", returns={200: "Nights"}, auth="operator")
@operator_required
def read_nights() -> dict[str, Any]:
    home = parts().config.home
    return {
        "nights": [asdict(night) for night in list_nights(home)],
        "running": is_running(home),
        "unreadable": unreadable_nights(home),
    }


@blueprint.get("/nights/<night_id>")
@operation("A night with its verdict's checks.", returns={200: "NightDetail"}, auth="operator")
@operator_required
def read_one_night(night_id: str) -> dict[str, Any]:
    home = parts().config.home
    night = next((one for one in list_nights(home) if one.id == night_id), None)
    if night is None:
        raise NotFound(f"There is no night {night_id!r}.")
    judged = read_judged(home / NIGHTS / night_id)
    return {"night": asdict(night), "verdict": asdict(judged) if judged else None}
