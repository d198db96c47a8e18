"""Pages and addresses outside the API: demo page, console, widget script, health, metrics.

Serves files of this package; the only thing rendered is the desk's name.
"""

from collections import Counter
from typing import Any, get_args

import orjson
from flask import Blueprint, Response, abort, current_app, render_template, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.errors import DeskError
from service.records.alarms import AlarmKind
from service.web.assets import STARTER, packaged
from service.web.context import parts
from service.web.openapi import document

blueprint = Blueprint("site", __name__, template_folder="pages")


@blueprint.get("/")
def demo_page() -> str:
    return render_template("demo.html", desk_name=parts().desk.settings().name)


@blueprint.get("/console")
def console_page() -> str:
    return render_template("console.html", desk_name=parts().desk.settings().name)


@blueprint.get("/widget.js")
def widget_script() -> Response:
    return static_file(STARTER)


@blueprint.get("/static/<path:name>")
def static_file(name: str) -> Response:
    """A file of this package, minified and compressed (`service.web.assets`)."""
    assets = packaged()
    asset = assets.find(name, request.accept_encodings)
    if asset is None:
        abort(404)
    response = Response(asset.body, mimetype=asset.mimetype)
    response.headers["Cache-Control"] = assets.cache_control(name)
    response.headers["Vary"] = "Accept-Encoding"
    if asset.encoding:
        response.headers["Content-Encoding"] = asset.encoding
    response.set_etag(asset.etag)
    response.make_conditional(request)
    return response


@blueprint.get("/openapi.json")
def openapi() -> Response:
    body = orjson.dumps(document(current_app), option=orjson.OPT_INDENT_2)
    return Response(body, mimetype="application/json")


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """The desk can read and write, and a model reads; ``problem`` is what it cannot use."""
    state: dict[str, Any] = {"status": "ready", "release": None}
    try:
        parts().store.check()
        state["release"] = parts().engines.current().release
        if parts().engines.problem:  # the release or content from before serves on
            state["problem"] = parts().engines.problem
    except DeskError as error:
        return {**state, "status": "not_ready", "problem": error.message}, 503
    return state, 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """What this process counts; alarms, which the store knows, are left out while it fails."""
    meters = parts().metrics
    try:
        active = Counter(alarm.kind for alarm in parts().store.alarms() if alarm.ended_at is None)
    except DeskError:  # the store logs it
        meters.alarms.clear()
    else:
        for kind in get_args(AlarmKind):
            meters.alarms.labels(kind).set(active[kind])
    return Response(generate_latest(meters.registry), mimetype=CONTENT_TYPE_LATEST)
