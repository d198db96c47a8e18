"""OpenTelemetry spans of requests and of the stages of a turn, sent to a collector over OTLP/HTTP.

The only module that knows the library; ``service.app`` imports it when ``FRONTDESK_TRACING`` says
so. Where spans go, how many and under which name is told by the standard ``OTEL_…`` variables,
which the library reads. A span never holds words, names, tokens or ids of customers, and no message
of an exception, which may quote them.
"""

import logging
import threading
import time
from collections.abc import Mapping
from http import HTTPMethod
from importlib.metadata import version

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.metrics import READ_STAGES

log = logging.getLogger("frontdesk.tracing")

METHODS = {method.value for method in HTTPMethod}
FLUSH_SECONDS = 2.0  # of the server's time to stop, for a collector that does not take what is left
QUIET_SECONDS = 60.0


class Running:
    """A span that has begun, the parent of those that begin in its thread until it ends."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span
        self._token = context.attach(trace.set_span_in_context(span))

    def end(self, failure: str = "") -> None:
        """End here; with the kind of failure, if it was one."""
        context.detach(self._token)
        if failure:
            self.span.set_attribute("error.type", failure)
            self.span.set_status(trace.StatusCode.ERROR)
        self.span.end()


class Tracing:
    """Makes the spans of one process. Its exporter is a thread: open it after a fork."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("frontdesk", version("frontdesk"))
        self._remote = TraceContextTextMapPropagator()

    def request(self, method: str, route: str | None, traceparent: str | None) -> Running:
        """Begin a request's span, by the semantic conventions of HTTP servers.

        ``route`` is the template: a path has ids of conversations in it, so there is no
        ``url.path``. ``traceparent`` (W3C) makes it part of the caller's trace; ``tracestate``,
        free text of strangers, is left out.
        """
        known = method in METHODS
        name = method if known else "HTTP"
        attributes = {"http.request.method": method if known else "_OTHER"}
        if route:
            name = f"{name} {route}"
            attributes["http.route"] = route
        carrier = {"traceparent": traceparent} if traceparent else {}
        caller = self._remote.extract(carrier)
        return Running(self._tracer.start_span(name, caller, trace.SpanKind.SERVER, attributes))

    def end_request(self, running: Running, status: int, request_id: str) -> None:
        """The answer is ready."""
        running.span.set_attribute("http.response.status_code", status)
        running.span.set_attribute("frontdesk.request_id", request_id)
        running.end(str(status) if status >= 500 else "")

    def stage(self, name: str) -> Running | None:
        """Begin the span of a stage of a turn; none when the request's is not sampled."""
        sampled = trace.get_current_span().is_recording()
        return Running(self._tracer.start_span(name)) if sampled else None

    def observe_reading(self, took: Mapping[str, float]) -> None:
        """Spans of what the model's process did, from the seconds that came with its answer.

        They end now: what the answer's way took, a fraction of a millisecond, is not known.
        """
        if not trace.get_current_span().is_recording():
            return
        start = time.time_ns() - sum(_nanoseconds(took[stage]) for stage in READ_STAGES)
        for stage in READ_STAGES:
            attributes = {"frontdesk.batch": int(took["batch"])} if stage == "encode" else None
            span = self._tracer.start_span(stage, attributes=attributes, start_time=start)
            start += _nanoseconds(took[stage])
            span.end(start)

    def observe_turn(self, action: str, reason: str, release: str | None) -> None:
        """Write on the request's span what became of the message, and which release read it."""
        span = trace.get_current_span()
        span.set_attributes({"frontdesk.action": action, "frontdesk.reason": reason})
        if release:
            span.set_attribute("frontdesk.release", release)

    def close(self) -> None:
        """Send what is left, within ``FLUSH_SECONDS``; the library alone would take thirty."""
        flush = threading.Thread(target=self._provider.shutdown, name="tracing", daemon=True)
        flush.start()
        flush.join(FLUSH_SECONDS)


class Rarely(logging.Handler):
    """Passes on the first that the library says in a while, so that a collector that is away does
    not fill the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._silent_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + QUIET_SECONDS
            log.log(record.levelno, "%s (told once a minute)", record.getMessage())


def open_tracing() -> Tracing:
    """Tracing as the ``OTEL_…`` variables say. Starts a thread: call it after a fork."""
    library = logging.getLogger("opentelemetry")
    library.propagate = False
    library.handlers[:] = [Rarely()]
    for handler in logging.getLogger().handlers:
        handler.addFilter(name_trace)
    ours = Resource.create({"service.name": "frontdesk", "service.version": version("frontdesk")})
    resource = ours.merge(OTELResourceDetector().detect())  # the variables win
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


def name_trace(record: logging.LogRecord) -> bool:
    """Add the id of the trace to a line that is logged within one."""
    current = trace.get_current_span().get_span_context()
    if current.is_valid:
        record.msg = f"{record.msg} trace_id={trace.format_trace_id(current.trace_id)}"
    return True


def _nanoseconds(seconds: float) -> int:
    return int(1e9 * seconds)
