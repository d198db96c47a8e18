"""Spans: whole, continued from the caller, silent about customers, and no risk to a turn."""

import logging
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import StatusCode

from calls import Caller, start
from fakes import FakeEngine, FakeEngines, FakeReader, crown
from live import ROOT, LiveServer, free_port, surroundings
from service.app import create_app, load_tracing
from service.config import Config
from service.engine_client import RemoteEngines
from service.engine_server import EngineServer
from service.errors import Conflict, EngineAway
from service.server import serve
from service.store import Store
from service.tracing import Rarely, Tracing, name_trace

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
MESSAGES = "/api/v1/conversations/<conversation_id>/messages"


class Desk:
    """An application whose spans stay in memory."""

    def __init__(self, config: Config, store: Store, engines: object, sampler: Sampler) -> None:
        self.memory = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.memory))
        self.tracing = Tracing(provider)
        self.app = create_app(config, store=store, engines=engines, tracing=self.tracing)
        self.metrics = self.app.config["FRONTDESK"].metrics
        self.caller = Caller(self.app)

    def spans(self) -> dict[str, ReadableSpan]:
        """What was ended since the last look, by name; two of a name would be one too many."""
        ended = self.memory.get_finished_spans()
        self.memory.clear()
        named = {span.name: span for span in ended}
        assert len(named) == len(ended)
        return named


@pytest.fixture
def desk(config: Config, store: Store, engines: FakeEngines) -> Desk:
    return Desk(config, store, engines, ALWAYS_ON)


@pytest.fixture
def remote(
    config: Config, store: Store, tmp_path: Path, readers: list[FakeReader]
) -> Iterator[RemoteEngines]:
    """Engines that ask an owner of the model, in a thread here."""
    crown(config, "rel_a")
    running = threading.Event()
    running.set()
    owner = EngineServer(config, store, tmp_path / "model")
    thread = threading.Thread(target=owner.run, args=(running.is_set, lambda: None))
    thread.start()
    engines = RemoteEngines(store, tmp_path / "model")
    deadline = time.monotonic() + 5
    while engines.engine is None and time.monotonic() < deadline:
        engines.refresh()
    yield engines
    engines.close()
    running.clear()
    thread.join(10)


def parent_of(span: ReadableSpan, spans: dict[str, ReadableSpan]) -> str | None:
    ids = {other.context.span_id: other.name for other in spans.values()}
    return ids[span.parent.span_id] if span.parent else None


def test_turn_is_a_tree_of_its_stages(config: Config, store: Store, remote: RemoteEngines) -> None:
    desk = Desk(config, store, remote, ALWAYS_ON)
    remote.observe = desk.metrics.observe_reading
    customer = start(desk.caller)
    desk.spans()
    customer.say("hello")
    spans = desk.spans()
    request = spans[f"POST {MESSAGES}"]
    tree = {name: parent_of(span, spans) for name, span in spans.items()}
    assert tree == {
        request.name: None,
        "read": request.name,
        "queue": "read",
        "encode": "read",
        "search": "read",
        "route": request.name,
        "store": request.name,
    }
    assert request.kind.name == "SERVER"
    wanted = {
        "http.request.method": "POST",
        "http.route": MESSAGES,
        "http.response.status_code": 201,
        "frontdesk.release": "rel_a",
        "frontdesk.action": "answer",
        "frontdesk.reason": "certain",
    }
    assert request.attributes
    assert wanted.items() <= request.attributes.items()
    assert spans["encode"].attributes == {"frontdesk.batch": 1}
    order = [spans[name] for name in ("queue", "encode", "search")]
    assert [one.end_time for one in order[:2]] == [next_.start_time for next_ in order[1:]]
    for name in ("queue", "encode", "search", "route", "store"):
        inner = spans[name]
        assert inner.start_time <= inner.end_time
        assert request.start_time <= inner.start_time
        assert inner.end_time <= request.end_time


def test_span_has_the_request_id_that_the_caller_got(desk: Desk) -> None:
    response = desk.caller.get("/healthz")
    attributes = desk.spans()["GET /healthz"].attributes
    assert attributes
    assert attributes["frontdesk.request_id"] == response.headers["X-Request-Id"]


def test_nothing_of_a_customer_is_in_a_span(desk: Desk, engines: FakeEngines) -> None:
    words = "where is LC-1234 of Anna Example?"
    customer = start(
        desk.caller,
        customer={"identifier": "anna-77", "name": "Anna Example", "email": "anna@mail.example"},
    )
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "name=anna-state"}
    body = {"client_id": "client-4711", "text": words}
    posted = desk.caller.post(
        f"{customer.path}/messages?q=anna-query", body, token=customer.token, headers=headers
    )
    assert posted.status_code == 201
    desk.caller.get(f"/anna-path/{customer.conversation}")
    desk.caller.call("ANNA", "/healthz")
    told = " ".join(span.to_json() for span in desk.memory.get_finished_spans())
    made = posted.json or {}
    secrets = [words, "LC-1234", "nna", customer.conversation, customer.token, "client-4711"]
    for secret in (*secrets, made["message"]["id"], made["reply"]["text"]):
        assert secret not in told
    assert {"GET", "HTTP"} <= set(desk.spans())


def test_trace_of_the_caller_goes_on(desk: Desk) -> None:
    desk.caller.get("/healthz", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    span = desk.spans()["GET /healthz"]
    assert span.context.trace_id == int(TRACE, 16)
    assert span.parent
    assert (span.parent.span_id, span.parent.is_remote) == (int(PARENT, 16), True)


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", "é" * 600])
def test_malformed_traceparent_begins_a_trace(desk: Desk, header: str) -> None:
    assert desk.caller.get("/healthz", headers={"traceparent": header}).status_code == 200
    assert desk.spans()["GET /healthz"].parent is None


def test_requests_of_one_thread_have_nothing_of_each_other(desk: Desk) -> None:
    desk.caller.get("/healthz", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    desk.caller.get("/console")
    spans = desk.spans()
    assert spans["GET /console"].parent is None
    assert spans["GET /console"].context.trace_id != int(TRACE, 16)


def test_failure_is_named_without_its_message(
    desk: Desk, engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = start(desk.caller)

    def fail(self: FakeEngine, texts: list[str], **_: object) -> None:
        raise EngineAway(f"cannot read {texts}")

    monkeypatch.setattr(FakeEngine, "read", fail)
    desk.spans()
    assert customer.say("my secret")["action"] == "handoff"
    spans = desk.spans()
    read, request = spans["read"], spans[f"POST {MESSAGES}"]
    assert (read.attributes, read.events) == ({"error.type": "EngineAway"}, ())
    assert (read.status.status_code, read.status.description) == (StatusCode.ERROR, None)
    assert request.status.status_code is StatusCode.UNSET  # the customer was answered
    assert request.attributes
    assert request.attributes["frontdesk.reason"] == "engine_away"
    assert "frontdesk.release" not in request.attributes
    stages = desk.metrics.registry.get_sample_value
    assert stages("frontdesk_stage_seconds_count", {"stage": "read"}) == 0


def test_error_of_ours_marks_the_request(desk: Desk, store: Store) -> None:
    store.close()
    assert desk.caller.get("/readyz").status_code == 503
    span = desk.spans()["GET /readyz"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes
    assert span.attributes["error.type"] == "503"


def test_turn_that_is_not_sampled_is_a_turn(
    config: Config, store: Store, engines: FakeEngines
) -> None:
    desk = Desk(config, store, engines, ALWAYS_OFF)
    assert start(desk.caller).say("hello")["action"] == "answer"
    desk.metrics.observe_reading({"queue": 0, "encode": 0, "search": 0, "batch": 1})
    assert desk.spans() == {}


def test_log_lines_within_a_request_name_its_trace(desk: Desk) -> None:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    handler.addFilter(name_trace)
    logger = logging.Logger("a logger")
    logger.addHandler(handler)
    logger.warning("%d %% before", 9)
    span = desk.tracing.request("GET", "/", f"00-{TRACE}-{PARENT}-01")
    logger.warning("%d %% within", 9)
    span.end()
    logger.warning("after")
    assert lines == ["9 % before", f"9 % within trace_id={TRACE}", "after"]


def test_complaints_of_the_library_are_rare(caplog: pytest.LogCaptureFixture) -> None:
    library = logging.Logger("library")
    library.addHandler(Rarely())
    for number in range(100):
        library.error("collector away, %d", number)
    assert [record.getMessage() for record in caplog.records] == [
        "collector away, 0 (told once a minute)"
    ]


# --- on and off ----------------------------------------------------------------------------------

SERVES = """
import os
import sys
from service import server
from service.app import create_app
from service.config import load_config
from service.engine import NoEngines
app = create_app(load_config(os.environ), engines=NoEngines())
client = app.test_client()
made = client.post("/api/v1/conversations", json={}).json
path = f"/api/v1/conversations/{made['conversation']['id']}/messages"
headers = {"Authorization": f"Bearer {made['token']}"}
body = {"client_id": "1", "text": "hello"}
assert client.post(path, json=body, headers=headers).status_code == 201
print(sorted({name.partition(".")[0] for name in sys.modules} & {"opentelemetry", "requests"}))
"""


@pytest.mark.parametrize(
    ("setting", "loaded"), [("off", []), ("otlp", ["opentelemetry", "requests"])]
)
def test_nothing_is_imported_when_it_is_off(home: Path, setting: str, loaded: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVES],
        cwd=ROOT,
        env=surroundings(home=str(home), tracing=setting)
        | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == str(loaded)


def test_missing_library_is_told_before_anything_starts(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "service.tracing")
    assert load_tracing(config) is None
    with pytest.raises(Conflict, match=r"pip install 'frontdesk\[otel\]'"):
        serve(config.model_copy(update={"tracing": "otlp"}))


# --- the real server -----------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, first_database: Path) -> Path:
    """A home with the small desk and no release."""
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(first_database, folder / "desk.db")
    return folder


class Collector(ThreadingHTTPServer):
    """Takes OTLP/HTTP on loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.taken: list[ExportTraceServiceRequest] = []
        self.paths: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.paths.add(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_server_sends_spans_also_the_last_ones(
    home: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait an hour for company, so that only the stop can send them."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "desk-of-anna")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
    with LiveServer(home, tracing="otlp", workers="2") as server:
        path, token = server.start_conversation()
        message = {"client_id": "c-1", "text": "where is LC-1234"}
        assert server.call("POST", f"{path}/messages", message, token=token)[0] == 201
        assert collector.taken == []
        assert server.terminate() < 9
        assert "Traceback" not in server.log.read_text()
    assert collector.paths == {"/v1/traces"}
    sent = [part for request in collector.taken for part in request.resource_spans]
    names = [span.name for part in sent for scope in part.scope_spans for span in scope.spans]
    assert {"GET /healthz", f"POST {MESSAGES}", "store"} <= set(names)
    for part in sent:
        resource = {pair.key: pair.value.string_value for pair in part.resource.attributes}
        assert resource["service.name"] == "desk-of-anna"
        assert resource["service.version"]
    assert b"LC-1234" not in b"".join(request.SerializeToString() for request in collector.taken)


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_collector_that_is_away_hurts_nobody(
    home: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        if kind == "silent":
            mute.listen()
        monkeypatch.setenv(
            "OTEL_EXPORTER_OTLP_ENDPOINT", "http://{}:{}".format(*mute.getsockname())
        )
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        with LiveServer(home, tracing="otlp") as server:
            path, token = server.start_conversation()
            started = time.monotonic()
            for number in range(40):
                message = {"client_id": f"c-{number}", "text": "hello"}
                assert server.call("POST", f"{path}/messages", message, token=token)[0] == 201
            assert time.monotonic() - started < 5
            time.sleep(max(0.0, 1.5 - (time.monotonic() - started)))  # for more than one try
            assert server.terminate() < 9
            assert server.process.returncode == 0
            told = server.log.read_text()
    assert "Traceback" not in told
    lines = [line for line in told.splitlines() if "frontdesk.tracing" in line]
    assert len(lines) == (kind == "closed")
    assert "opentelemetry" not in told.replace("\n".join(lines), "")
