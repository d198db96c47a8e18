"""The application factory: puts store, engines, desk and blueprints together.

Called by the server in every process, after the fork, and by tests. Does no work at import.
"""

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request as WerkzeugRequest

from service.audit import DESK, act_as
from service.config import Config
from service.desk import Desk
from service.engine import Engines, EngineSource
from service.errors import Conflict, StoreError
from service.metrics import Metrics
from service.site import Site
from service.store import Store, open_store
from service.trials import Trials
from service.uploads.receiving import Uploads
from service.web import (
    account,
    alarms,
    api,
    api_tokens,
    audit,
    canned,
    content,
    content_history,
    files,
    golden,
    labels,
    nights,
    past,
    people,
    presence,
    problems,
    promises,
    releases,
    reports,
    review,
    sessions,
    site,
    site_settings,
    ticket_moves,
    tickets,
    trials,
    trying,
    views,
    webhooks,
)
from service.web.broadcast import Broadcast
from service.web.context import Parts, acts, parts
from service.web.now import Now
from service.web.places import Places
from service.web.throttle import Throttles
from service.web.waiting import Waiting

if TYPE_CHECKING:
    from service.tracing import Tracing

MAX_BODY = 1_000_000
SPARE_THREADS = 32  # of a process, kept for requests when streams take the others
BLUEPRINTS = (
    api,
    files,
    alarms,
    tickets,
    ticket_moves,
    views,
    promises,
    past,
    presence,
    canned,
    sessions,
    account,
    people,
    api_tokens,
    site_settings,
    audit,
    webhooks,
    content,
    content_history,
    golden,
    trying,
    labels,
    review,
    releases,
    trials,
    nights,
    reports,
    site,
)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def create_app(
    config: Config,
    *,
    store: Store | None = None,
    engines: EngineSource | None = None,
    tracing: "Tracing | None" = None,
) -> Flask:
    """The desk as a WSGI application.

    Without ``store`` and ``engines`` the home's own are opened and the engine starts loading in the
    background: the application answers at once, and says so until it can read.
    """
    if tracing is None and (open_tracing := load_tracing(config)):
        tracing = open_tracing()
    app = Flask("service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # it redirects to the host that the request names
    app.config["FRONTDESK"] = open_parts(config, store, engines, tracing)
    if config.trusted_proxies:
        # The host is left: nginx passes a header X-Forwarded-Host of the client's on as it is.
        hops = config.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    if tracing is not None:  # first in, last out: its spans are around all the rest
        _trace(app, tracing)
    problems.register(app)
    for module in BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    _guard(app)
    return app


def load_tracing(config: Config) -> "Callable[[], Tracing] | None":
    """What opens the tracing that is asked for; ``Conflict`` when its library is not installed."""
    if config.tracing == "off":
        return None
    try:
        from service.tracing import open_tracing
    except ModuleNotFoundError as error:
        told = "FRONTDESK_TRACING needs OpenTelemetry: run `pip install 'frontdesk[otel]'`"
        raise Conflict(f"{told} ({error}).") from None
    return open_tracing


def open_parts(
    config: Config,
    store: Store | None,
    engines: EngineSource | None,
    tracing: "Tracing | None" = None,
) -> Parts:
    """What one application runs on; opened from the home where it is not given."""
    store = store or open_store(config)
    if engines is None:
        engines = Engines(config, store)
        engines.start()
    metrics = Metrics(tracing)
    desk = Desk(store, engines, metrics)
    return Parts(
        config=config,
        store=store,
        engines=engines,
        desk=desk,
        metrics=metrics,
        site=Site(config, store),
        trials=Trials(store, engines, config.releases, desk.stand_ins),
        site_secret=config.site_secret
        or store.ensure_setting("site_secret", secrets.token_hex(32)),
        now=Now(store),
        uploads=Uploads(config, store),
        waiting=Waiting(store),
        broadcast=Broadcast(store),
        throttles=Throttles(config.calls_per_minute, config.conversations_per_minute),
        streams=Places(config.threads - min(SPARE_THREADS, config.threads // 2)),
    )


def _trace(app: Flask, tracing: "Tracing") -> None:
    """A span around every request; of an event stream, around its beginning."""

    @app.before_request
    def begin() -> None:
        rule = request.url_rule
        traceparent = request.headers.get("traceparent")
        g.span = tracing.request(request.method, rule.rule if rule else None, traceparent)

    @app.after_request
    def end(response: Response) -> Response:
        tracing.end_request(g.span, response.status_code, g.request_id)
        return response


def _guard(app: Flask) -> None:
    """Headers, CORS and timing around every request."""

    @app.before_request
    def start() -> Response | None:
        g.started = time.perf_counter()
        acts(None)  # until it is known who it is
        if request.method == "OPTIONS" and _shared_with_sites(request):
            return Response(status=204)
        return None

    @app.teardown_request
    def act_no_more(_error: BaseException | None) -> None:
        act_as(DESK)  # the thread goes on to somebody else's request

    @app.after_request
    def finish(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-Id"] = g.get("request_id", "")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers.setdefault("Content-Security-Policy", POLICY)
        if request.path.startswith("/api/"):
            headers.setdefault("Cache-Control", "no-store")
        if _shared_with_sites(request):
            _allow_origin(response, parts().site)
        if response.mimetype != "text/event-stream":
            # Only methods and routes that there are: anything else could be any word.
            known = request.url_rule
            method, route = (request.method, known.rule) if known else ("other", "none")
            took = time.perf_counter() - g.get("started", time.perf_counter())
            labels = (method, route, str(response.status_code))
            parts().metrics.requests.labels(*labels).observe(took)
        return response


def _shared_with_sites(incoming: WerkzeugRequest) -> bool:
    """Whether pages of other sites may call this: the widget's files and the chat API."""
    return incoming.path.startswith(
        ("/api/v1/conversations", "/api/v1/site", "/widget.js", "/static/widget/")
    )


def _allow_origin(response: Response, allowing: Site) -> None:
    origin = request.headers.get("Origin")
    headers = response.headers
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    headers.add("Vary", "Origin")
    if not origin:
        return
    try:
        allowed = allowing.origins
    except StoreError:  # told elsewhere; without an answer no site may read this one
        return
    if "*" not in allowed and origin.rstrip("/") not in allowed:
        return
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Last-Event-ID"
    headers["Access-Control-Expose-Headers"] = "Retry-After"
    headers["Access-Control-Max-Age"] = "600"
