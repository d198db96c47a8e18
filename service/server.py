"""Runs the desk under gunicorn: threads for requests and streams, models loaded after the fork.

Called by ``frontdesk serve``. The master process imports no model and opens no store.
"""

import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any, cast

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service.app import create_app
from service.config import Config
from service.engine import Engines
from service.errors import DeskError
from service.web.context import Parts

GRACE_SECONDS = 10


class PortTaken(DeskError):
    """Somebody else listens there."""

    status = 500
    code = "port_in_use"


class NotStarted(DeskError):
    """No worker could be started."""

    status = 500
    code = "not_started"


class Server(BaseApplication):
    """gunicorn with the desk's settings instead of a file of its own."""

    def __init__(self, config: Config, on_ready: Callable[[str], None] | None) -> None:
        self.desk_config = config
        self.on_ready = on_ready
        super().__init__()

    def load_config(self) -> None:
        config = self.desk_config
        settings: dict[str, Any] = {
            "bind": address_of(config.host, config.port),
            "workers": config.workers,
            "worker_class": "gthread",
            "threads": config.threads,
            "worker_connections": 2 * config.threads,
            "keepalive": 30,
            "timeout": 120,
            "graceful_timeout": GRACE_SECONDS,
            "loglevel": config.log_level,
            "proc_name": "frontdesk",
            "control_socket_disable": True,
            "post_worker_init": self.watch_worker,
            "worker_exit": close_parts,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(self.desk_config)

    def watch_worker(self, worker: Any) -> None:
        """Let event streams end when the worker is told to stop; tell when the first can read."""
        running = _parts(worker)
        if running is None:
            return
        running.serving = lambda: bool(worker.alive)
        if self.on_ready and worker.age == 1 and isinstance(running.engines, Engines):
            running.engines.when_ready(self.on_ready)


def serve(config: Config, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until told to stop; ``on_ready`` is called once, with the release, when the first
    worker can read.

    Raises ``PortTaken`` when the address is in use, ``NotStarted`` when no worker can start.
    """
    logging.basicConfig(
        level=config.log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)
    logging.getLogger("bm25s").propagate = False  # sets its own level to DEBUG when it is imported
    check_address(config.host, config.port)
    master = os.getpid()
    try:
        Server(config, on_ready).run()
    except SystemExit as ended:
        # Only the master's: a worker tells its master with the same code.
        if ended.code != Arbiter.WORKER_BOOT_ERROR or os.getpid() != master:
            raise
        raise NotStarted("No worker could be started; see the log above.") from None


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
        if isinstance(running.engines, Engines):
            running.engines.close()
        running.store.close()


def _parts(worker: Any) -> Parts | None:
    app = getattr(worker, "wsgi", None)
    return cast(Parts, app.config["FRONTDESK"]) if isinstance(app, Flask) else None
