"""The one place where errors become ``application/problem+json`` (RFC 9457).

Registered by ``service.app``. An unknown exception is logged with the request's id and stays
opaque outside.
"""

import logging
import secrets
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from index.errors import ReleaseError
from service.errors import Conflict, DeskError, TooLarge

log = logging.getLogger("frontdesk.web")


def problem(status: int, code: str, message: str, /, **members: Any) -> Response:
    """A problem response; ``members`` are added to the object, and replace nothing of it."""
    body = {
        **members,
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "detail": message,
        "status": status,
        "code": code,
        "request_id": g.get("request_id"),
    }
    response = Response(orjson.dumps(body), status, mimetype="application/problem+json")
    if status in (429, 503):
        response.headers["Retry-After"] = str(members.get("retry_after", 2))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _code_of(name: str) -> str:
    return name.lower().replace(" ", "_")


def register(app: Flask) -> None:
    """Give every request an id and every error a body."""

    @app.before_request
    def name_request() -> None:
        g.request_id = secrets.token_hex(8)

    @app.errorhandler(DeskError)
    def desk_error(error: DeskError) -> Response:
        if error.status >= 500:
            log.warning("request %s %s: %s", g.get("request_id"), request.path, error.message)
        return problem(error.status, error.code, error.message, **error.detail)

    @app.errorhandler(ReleaseError)
    def release_error(error: ReleaseError) -> Response:
        return desk_error(Conflict(str(error)))

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        code = TooLarge.code if status == TooLarge.status else _code_of(error.name)
        response = problem(status, code, error.description or error.name)
        for name, value in error.get_headers():
            if name in ("Allow", "Location"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def unknown_error(error: Exception) -> Response:
        log.exception("request %s %s failed", g.get("request_id"), request.path)
        return problem(500, "internal_error", "Something went wrong on our side.")
