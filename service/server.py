"""Runs the desk under gunicorn: web processes with threads, and one process that owns the model.

Called by ``frontdesk serve``. The owner of the model is a gunicorn worker without HTTP, so that it
is watched and replaced as the others are. The master process imports no model and opens no store.
"""

import logging
import os
import resource
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from service.app import create_app, load_tracing
from service.arriving import Arriving
from service.clockwork import clockwork
from service.config import Config
from service.cores import least_used, stay_on
from service.delivering import Delivering
from service.engine import Watched
from service.engine_client import RemoteEngines
from service.engine_server import EngineServer
from service.errors import DeskError
from service.logs import start_logging
from service.store import open_store
from service.uploads.sweeping import sweeping
from service.watching import Watching
from service.web.context import Parts

GRACE_SECONDS = 10
FILES = 65_536
NEVER_SURPLUS = sys.maxsize  # as a worker's age: of too many, gunicorn ends the lowest


class PortTaken(DeskError):
    """Somebody else listens there."""

    status = 500
    code = "port_in_use"


class NotStarted(DeskError):
    """No worker could be started."""

    status = 500
    code = "not_started"


class DeskWorker(ThreadWorker):
    """A web process or, if so decided before the fork, the owner of the model."""

    owns_model = False
    tells_ready = False
    core: int | None = None  # a web process's own

    def init_process(self) -> None:
        """What every web process has for itself."""
        stay_on(self.core)
        self.arriving = Arriving(self.cfg.threads)
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """One request, which must come in reasonable time (`service.arriving`)."""
        self.arriving.begin(conn.sock)
        try:
            return super().handle(conn)
        finally:
            self.arriving.end(conn.sock)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """The head is here; a body may still be on its way."""
        told = dict(req.headers)
        if told.get("CONTENT-LENGTH", "0") == "0" and "TRANSFER-ENCODING" not in told:
            self.arriving.end(conn.sock)  # an event stream must not look like a slow request
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Called by the worker's loop once a second: also end what takes too long to arrive."""
        super().murder_pending()
        self.arriving.hurry()

    def load_wsgi(self) -> None:
        """Load the application; the owner has none."""
        if not self.owns_model:
            super().load_wsgi()

    def run(self) -> None:
        """Serve until told to stop."""
        if not self.owns_model:
            super().run()
            return
        for listener in self.sockets:  # it is no use to connect to who does not answer
            listener.close()
        desk = cast(Server, self.app)
        store = open_store(desk.desk_config)
        watching = Watching(desk.desk_config)
        watching.start()
        rounds = [clockwork(store), sweeping(desk.desk_config, store)]
        for each in rounds:
            each.start()
        delivering = Delivering(desk.desk_config, store)
        delivering.start()

        def wanted() -> bool:
            if not self._is_wanted():
                watching.close()  # at once, and not when the last customer has hung up
                delivering.stop()
                return False
            return True

        try:
            server = EngineServer(desk.desk_config, store, desk.address)
            server.run(wanted, self.notify, grace=GRACE_SECONDS)
        finally:
            watching.close()
            delivering.close()
            for each in rounds:
                each.close()
            store.close()

    def _is_wanted(self) -> bool:
        return bool(self.alive) and os.getppid() == self.ppid


class Server(BaseApplication):
    """gunicorn with the desk's settings instead of a file of its own."""

    def __init__(
        self, config: Config, address: Path, on_ready: Callable[[str], None] | None
    ) -> None:
        self.desk_config = config
        self.address = address
        self.on_ready = on_ready
        self.told_ready = False  # or a web process was chosen to tell it
        super().__init__()

    def load_config(self) -> None:
        config = self.desk_config
        settings: dict[str, Any] = {
            "bind": address_of(config.host, config.port),
            "workers": config.workers + 1,
            "worker_class": DeskWorker,
            "threads": config.threads,
            "worker_connections": 2 * config.threads,
            "keepalive": 30,
            "timeout": 120,
            "graceful_timeout": GRACE_SECONDS,
            "loglevel": config.log_level,
            "proc_name": "frontdesk",
            "control_socket_disable": True,
            "pre_fork": self.give_role,
            "post_worker_init": self.watch_worker,
            "worker_exit": close_parts,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        store = open_store(self.desk_config)
        engines = RemoteEngines(store, self.address)
        app = create_app(self.desk_config, store=store, engines=engines)
        engines.observe = app.config["FRONTDESK"].metrics.observe_reading
        engines.start()
        app.config["FRONTDESK"].trials.start()
        return app

    def give_role(self, arbiter: Any, worker: Any) -> None:
        """Make the worker the owner of the model when there is none, also after its death; a web
        process gets a core."""
        others = arbiter.WORKERS.values()
        if not any(other.owns_model for other in others):
            worker.owns_model, worker.age = True, NEVER_SURPLUS
        else:
            worker.tells_ready, self.told_ready = not self.told_ready, True
            worker.core = least_used(other.core for other in others)

    def watch_worker(self, worker: Any) -> None:
        """Let event streams end when the worker is told to stop; tell when the first can read."""
        running = _parts(worker)
        if running is None:
            return
        running.serving = lambda: bool(worker.alive)
        if self.on_ready and worker.tells_ready and isinstance(running.engines, Watched):
            running.engines.when_ready(self.on_ready)


def serve(config: Config, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until told to stop; ``on_ready`` is called once, with the release, when the first
    worker can read.

    Raises ``PortTaken`` when the address is in use, ``NotStarted`` when no worker can start, and
    ``Conflict`` when something that is asked for is not installed.
    """
    load_tracing(config)  # what is missing is told once, and not by every worker
    start_logging(config.log_level)
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)
    check_address(config.host, config.port)
    allow_files()
    master = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-"))  # a socket's path may not be long
    try:
        Server(config, folder / "model", on_ready).run()
    except SystemExit as ended:
        # Only the master's: a worker tells its master with the same code.
        if ended.code != Arbiter.WORKER_BOOT_ERROR or os.getpid() != master:
            raise
        raise NotStarted("No worker could be started; see the log above.") from None
    finally:
        if os.getpid() == master:
            shutil.rmtree(folder, ignore_errors=True)


def allow_files() -> None:
    """Let the server's processes open as many files as the system lets this user, within reason: a
    customer is a socket, and the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def check_address(host: str, port: int) -> None:
    """Raise ``PortTaken`` when nothing can listen at the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise PortTaken(f"Cannot listen on {address_of(host, port)}: {reason}.") from None


def address_of(host: str, port: int) -> str:
    """``host:port``, an IPv6 address in brackets (RFC 3986)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def close_parts(_arbiter: Any, worker: Any) -> None:
    """Close what the worker opened."""
    running = _parts(worker)
    if running:
        running.trials.close()
        if isinstance(running.engines, Watched):
            running.engines.close()
        running.store.close()
        if running.metrics.tracing:
            running.metrics.tracing.close()


def _parts(worker: Any) -> Parts | None:
    app = getattr(worker, "wsgi", None)
    return cast(Parts, app.config["FRONTDESK"]) if isinstance(app, Flask) else None
